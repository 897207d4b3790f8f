"""From a trained model to a SavedModel that a model server runs."""

from kmm.export.export_saved_model import export_saved_model

__all__ = ["export_saved_model"]
