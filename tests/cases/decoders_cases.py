"""The components of `kmm.decoders` that every check is run on."""

from kmm import decoders
from kmm.testing import ComponentCase
from tests.cases.shared import PYRAMID

CASES = [
    ComponentCase(
        decoders.DeepLabV3PlusDecoder,
        {"filters": 8, "levels": ("P3", "P4", "P5"), "rates": (1, 3), "low_level_filters": 4},
        PYRAMID,
    ),
    ComponentCase(decoders.FCNDecoder, {"filters": 8, "refinements": 2}, PYRAMID, "8s"),
    ComponentCase(decoders.FCNDecoder, {"filters": 8, "levels": ("P5",), "refinements": 0}, PYRAMID, "32s"),
    ComponentCase(decoders.FPNDecoder, {"filters": 8, "levels": ("P3", "P5"), "refinements": 1}, PYRAMID),
    ComponentCase(decoders.LightDecoder, {"filters": 8, "levels": ("P3", "P5")}, PYRAMID),
    ComponentCase(decoders.UNetDecoder, {"filters": 8, "levels": ("P3", "P5"), "convolutions": 1}, PYRAMID),
]
