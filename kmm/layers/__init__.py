"""Layers that several parts share."""

from kmm.layers.atrous_pyramid_pooling import AtrousPyramidPooling
from kmm.layers.conv_block import ConvBlock
from kmm.layers.coordinate_map import CoordinateMap
from kmm.layers.fold_prompts import FoldPrompts
from kmm.layers.fused_batch_normalization import FusedBatchNormalization
from kmm.layers.half_plane_context import HalfPlaneContext
from kmm.layers.linear_decision import LinearDecision
from kmm.layers.masked_mean import MaskedMean
from kmm.layers.mix_transformer_block import MixTransformerBlock
from kmm.layers.nonlinear_decision import NonlinearDecision
from kmm.layers.residual_block import ResidualBlock
from kmm.layers.saved_model_layer import SavedModelLayer
from kmm.layers.separable_conv_block import SeparableConvBlock
from kmm.layers.sinusoidal_positions import SinusoidalPositions
from kmm.layers.transformer_block import TransformerBlock

__all__ = [
    "AtrousPyramidPooling",
    "ConvBlock",
    "CoordinateMap",
    "FoldPrompts",
    "FusedBatchNormalization",
    "HalfPlaneContext",
    "LinearDecision",
    "MaskedMean",
    "MixTransformerBlock",
    "NonlinearDecision",
    "ResidualBlock",
    "SavedModelLayer",
    "SeparableConvBlock",
    "SinusoidalPositions",
    "TransformerBlock",
]
