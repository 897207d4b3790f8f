"""Layers that several parts share."""

from kmm.layers.conv_block import ConvBlock
from kmm.layers.coordinate_map import CoordinateMap
from kmm.layers.fold_prompts import FoldPrompts
from kmm.layers.fused_batch_normalization import FusedBatchNormalization
from kmm.layers.half_plane_context import HalfPlaneContext
from kmm.layers.residual_block import ResidualBlock

__all__ = ["ConvBlock", "CoordinateMap", "FoldPrompts", "FusedBatchNormalization", "HalfPlaneContext", "ResidualBlock"]
