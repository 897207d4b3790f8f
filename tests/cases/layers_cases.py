"""The components of `kmm.layers` that every check is run on."""

from kmm import layers
from kmm.testing import ComponentCase
from tests.cases.saved_modules import CONV_BACKBONE
from tests.cases.shared import CONTEXT, feature_map

WORDS = (CONTEXT[1], CONTEXT[3])
ANSWERS = {"one": feature_map(channels=3), "other": 3 * feature_map(channels=3)}

CASES = [
    ComponentCase(layers.AtrousPyramidPooling, {"filters": 4, "rates": (1, 2)}, feature_map()),
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
    ComponentCase(layers.LinearDecision, {}, ANSWERS),
    ComponentCase(layers.LinearDecision, {"per_class": True}, ANSWERS, "per_class"),
    ComponentCase(
        layers.LinearDecision, {}, {"one": feature_map(channels=1), "other": -feature_map(channels=1)}, "binary"
    ),
    ComponentCase(layers.MaskedMean, {}, WORDS),
    ComponentCase(
        layers.MixTransformerBlock, {"num_heads": 2, "reduction": 2, "expansion": 2, "dropout": 0.1}, feature_map()
    ),
    ComponentCase(layers.NonlinearDecision, {"filters": 6}, ANSWERS),
    ComponentCase(layers.ResidualBlock, {}, feature_map()),
    ComponentCase(layers.ResidualBlock, {"normalization": False}, feature_map(), "plain"),
    ComponentCase(layers.SavedModelLayer, {"source": CONV_BACKBONE}, feature_map(8, 8, 3), holds_code=True),
    ComponentCase(
        layers.SavedModelLayer,
        {"source": CONV_BACKBONE, "arguments": {"return_endpoints": True}},
        feature_map(8, 8, 3),
        "endpoints",
        holds_code=True,
    ),
    ComponentCase(
        layers.SavedModelLayer,
        {"source": CONV_BACKBONE, "signature": "serving_default"},
        feature_map(8, 8, 3),
        "signature",
        holds_code=True,
    ),
    ComponentCase(
        layers.SeparableConvBlock, {"filters": 4, "kernel_size": 5, "dilation_rate": 2}, feature_map(), "atrous"
    ),
    ComponentCase(layers.SinusoidalPositions, {}, WORDS),
    ComponentCase(layers.TransformerBlock, {"num_heads": 2, "expansion": 2, "dropout": 0.1}, WORDS),
]
