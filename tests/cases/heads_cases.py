"""The components of `kmm.heads` that every check is run on."""

from kmm import heads
from kmm.testing import ComponentCase
from tests.cases.shared import feature_map

CASES = [
    ComponentCase(heads.SegmentationHead, {"num_classes": 3}, feature_map(), options={"output_size": (16, 24)}),
    ComponentCase(
        heads.SubpixelSegmentationHead,
        {"num_classes": 3, "scale": 2},
        feature_map(),
        options={"output_size": (8, 12)},
        needs_known_sizes=True,
    ),
]
