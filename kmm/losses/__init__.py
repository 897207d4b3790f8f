"""Losses: from logits, in float32, with ignored pixels, for any leading batch dimensions."""

from kmm.losses.binary_cross_entropy_dice import BinaryCrossEntropyDice
from kmm.losses.binary_dice import BinaryDice
from kmm.losses.binary_focal import BinaryFocal
from kmm.losses.binary_hard_pixels import BinaryHardPixels
from kmm.losses.binary_lovasz import BinaryLovasz
from kmm.losses.binary_segmentation_cross_entropy import BinarySegmentationCrossEntropy
from kmm.losses.binary_tversky import BinaryTversky
from kmm.losses.boundary_weighted import BoundaryWeighted
from kmm.losses.categorical_dice import CategoricalDice
from kmm.losses.categorical_focal import CategoricalFocal
from kmm.losses.categorical_hard_pixels import CategoricalHardPixels
from kmm.losses.categorical_lovasz import CategoricalLovasz
from kmm.losses.categorical_tversky import CategoricalTversky
from kmm.losses.combined_loss import CombinedLoss
from kmm.losses.expected_cost import ExpectedCost
from kmm.losses.pixel_weights import pixel_weights
from kmm.losses.segmentation_cross_entropy import SegmentationCrossEntropy

__all__ = [
    "BinaryCrossEntropyDice",
    "BinaryDice",
    "BinaryFocal",
    "BinaryHardPixels",
    "BinaryLovasz",
    "BinarySegmentationCrossEntropy",
    "BinaryTversky",
    "BoundaryWeighted",
    "CategoricalDice",
    "CategoricalFocal",
    "CategoricalHardPixels",
    "CategoricalLovasz",
    "CategoricalTversky",
    "CombinedLoss",
    "ExpectedCost",
    "SegmentationCrossEntropy",
    "pixel_weights",
]
