"""Every component, checked by every check of kmm.testing."""

import inspect

import numpy as np
import pytest

from kmm import decoders, encoders, fusion, heads, layers
from kmm.testing import ALL_CHECKS, ComponentCase
from kmm.testing.config_checks import constructor_arguments

COMPONENT_PACKAGES = (layers, encoders, fusion, decoders, heads)
CONTRACTS = (fusion.Fusion, decoders.Decoder)
"""Bases whose subclasses are components."""

random = np.random.default_rng(0)


def feature_map(height=4, width=6, channels=8):
    """Two samples of features, none negative, as they leave an activation."""
    return random.uniform(size=(2, height, width, channels)).astype("float32")


PADDING_MASK = np.array([[True, True, True, False, False], [True, False, False, False, False]])
TOKENS = {"token_ids": np.array([[5, 3, 7, 0, 0], [2, 0, 0, 0, 0]], "int32"), "padding_mask": PADDING_MASK}
CONTEXT = (
    feature_map(),
    random.normal(size=(2, 5, 6)).astype("float32"),
    random.normal(size=(2, 6)).astype("float32"),
    PADDING_MASK,
)
PYRAMID = {"P3": feature_map(8, 12, 4), "P4": feature_map(4, 6, 6), "P5": feature_map(2, 3, 8)}
IMAGES = random.integers(0, 256, size=(2, 16, 32, 3), dtype="uint8")


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
    ComponentCase(
        encoders.ConvImageEncoder, {"image_size": (16, 32), "widths": (4, 6, 8, 8), "blocks": (0, 1, 0, 2)}, IMAGES
    ),
    ComponentCase(
        encoders.ConvImageEncoder,
        {
            "image_size": (16, 32),
            "widths": (4, 6, 8),
            "blocks": 0,
            "downsampling": "max_pooling",
            "normalization": False,
            "image_shortcut": False,
        },
        IMAGES,
        "classic",
    ),
    ComponentCase(encoders.LSTMTextEncoder, {"vocabulary_size": 9, "embedding_dim": 6, "units": 4}, TOKENS),
    ComponentCase(
        encoders.LSTMTextEncoder,
        {
            "vocabulary_size": 9,
            "embedding_dim": 6,
            "units": 4,
            "num_layers": 2,
            "bidirectional": True,
            "dropout": 0.1,
        },
        TOKENS,
        "deep",
    ),
    ComponentCase(fusion.ConcatFusion, {"filters": 8}, CONTEXT),
    ComponentCase(fusion.ConcatFusion, {"filters": 8, "coordinates": True}, CONTEXT, "coordinates"),
    ComponentCase(fusion.CrossAttentionFusion, {"filters": 8, "num_heads": 2, "dropout": 0.1}, CONTEXT),
    ComponentCase(fusion.ReasoningFusion, {"filters": 8, "num_steps": 2}, CONTEXT, needs_known_sizes=True),
    ComponentCase(decoders.FCNDecoder, {"filters": 8, "refinements": 2}, PYRAMID, "8s"),
    ComponentCase(decoders.FCNDecoder, {"filters": 8, "levels": ("P5",), "refinements": 0}, PYRAMID, "32s"),
    ComponentCase(heads.SegmentationHead, {"num_classes": 3}, feature_map(), options={"output_size": (16, 24)}),
    ComponentCase(
        heads.SubpixelSegmentationHead,
        {"num_classes": 3, "scale": 2},
        feature_map(),
        options={"output_size": (8, 12)},
        needs_known_sizes=True,
    ),
]


@pytest.mark.parametrize("check", ALL_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_component(case, check):
    check(case)


def test_every_public_component_has_a_case():
    public = [getattr(package, name) for package in COMPONENT_PACKAGES for name in package.__all__]
    needed = {value for value in public if inspect.isclass(value)} - set(CONTRACTS)
    missing = sorted(cls.__name__ for cls in needed - {case.cls for case in CASES})
    assert not missing, f"add a ComponentCase for each of: {missing}"


def test_every_argument_differs_from_its_default_in_some_case():
    """An argument lost on reload falls back to its default, which a case with the default value cannot notice."""
    varied = {
        (case.cls, name) for case in CASES for name, value in case.arguments.items() if value != default(case, name)
    }
    missing = [
        f"{cls.__name__}({name})"
        for cls in {case.cls for case in CASES}
        for name in constructor_arguments(cls)
        if name not in ("name", "dtype", "trainable") and (cls, name) not in varied
    ]
    assert not missing, f"give a value other than the default in some case: {sorted(missing)}"


def default(case, name):
    return inspect.signature(case.cls.__init__).parameters[name].default
