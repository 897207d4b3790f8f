"""The components of `kmm.layers` that every check is run on."""

from kmm import layers
from kmm.testing import ComponentCase
from tests.cases.shared import feature_map

CASES = [
    ComponentCase(layers.ConvBlock, {"filters": 4}, feature_map()),
    ComponentCase(
        layers.ConvBlock,
        {"filters": 4, "kernel_size": 1, "strides": 2, "normalization": False, "activation": "gelu"},
        feature_map(),
        "plain",
    ),
    ComponentCase(layers.CoordinateMap, {}, feature_map()),
    ComponentCase(layers.FoldPrompts, {}, feature_map()),
    ComponentCase(layers.FusedBatchNormalization, {"momentum": 0.8, "epsilon": 0.01}, feature_map()),
    ComponentCase(layers.HalfPlaneContext, {}, feature_map(), needs_known_sizes=True),
    ComponentCase(layers.ResidualBlock, {}, feature_map()),
    ComponentCase(layers.ResidualBlock, {"normalization": False}, feature_map(), "plain"),
]
