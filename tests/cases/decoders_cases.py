"""The components of `kmm.decoders` that every check is run on."""

from kmm import decoders
from kmm.testing import ComponentCase
from tests.cases.shared import PYRAMID

CASES = [
    ComponentCase(decoders.FCNDecoder, {"filters": 8, "refinements": 2}, PYRAMID, "8s"),
    ComponentCase(decoders.FCNDecoder, {"filters": 8, "levels": ("P5",), "refinements": 0}, PYRAMID, "32s"),
]
