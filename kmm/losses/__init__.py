"""Losses: from logits, in float32, with ignored pixels, for any leading batch dimensions."""

from kmm.losses.binary_cross_entropy_dice import BinaryCrossEntropyDice
from kmm.losses.segmentation_cross_entropy import SegmentationCrossEntropy

__all__ = ["BinaryCrossEntropyDice", "SegmentationCrossEntropy"]
