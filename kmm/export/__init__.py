"""From a trained model to a SavedModel that a model server runs."""

from kmm.export.export_saved_model import export_saved_model
from kmm.export.mask_outputs import masks_from_logits, scores_from_logits

__all__ = ["export_saved_model", "masks_from_logits", "scores_from_logits"]
