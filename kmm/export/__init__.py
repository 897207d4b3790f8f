"""From a trained model to a SavedModel that a model server runs."""

from kmm.export.export_saved_model import export_saved_model
from kmm.export.saved_model_session import SavedModelSession

__all__ = ["SavedModelSession", "export_saved_model"]
