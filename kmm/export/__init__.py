"""From a trained model to files that servers and other runtimes run."""

from kmm.export.export_litert import export_litert
from kmm.export.export_onnx import export_onnx
from kmm.export.export_openvino import export_openvino
from kmm.export.export_saved_model import export_saved_model
from kmm.export.saved_model_session import SavedModelSession

__all__ = ["SavedModelSession", "export_litert", "export_onnx", "export_openvino", "export_saved_model"]
