"""Heads: what the model answers."""

from kmm.heads.segmentation_head import SegmentationHead
from kmm.heads.subpixel_segmentation_head import SubpixelSegmentationHead

__all__ = ["SegmentationHead", "SubpixelSegmentationHead"]
