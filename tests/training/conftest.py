import pytest

import kmm
from kmm.data import ShapesSource

TINY = {
    "description": "A phrase gives a mask.",
    "task": "referring",
    "builder": "segmenter",
    "arguments": {
        "image_size": (16, 16),
        "num_classes": 1,
        "image_encoder": ("ConvImageEncoder", {"widths": (4, 8, 8), "blocks": 0}),
        "text_encoder": ("LSTMTextEncoder", {"units": 5}),
        "fusion": ("ConcatFusion", {"coordinates": True}),
        "text_units": 4,
        "fusion_filters": 8,
        "decoder_filters": 4,
    },
    "training": {
        "epochs": 2,
        "batch_size": 2,
        "num_prompts": 2,
        "learning_rate": 2e-3,
        "weight_decay": 1e-4,
        "augmentations": {},
    },
}


@pytest.fixture
def tiny_preset(monkeypatch):
    """The name of a preset that trains in a moment."""
    monkeypatch.setitem(kmm.presets, "tiny_parts", TINY)
    return "tiny_parts"


@pytest.fixture
def scenes():
    return ShapesSource((32, 32), num_train=6, num_val=2, num_test=4)
