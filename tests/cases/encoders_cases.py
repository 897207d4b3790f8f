"""The components of `kmm.encoders` that every check is run on."""

import keras_hub
import numpy as np

from kmm import encoders, layers
from kmm.testing import ComponentCase
from tests.cases.image_nets import TinyPyramid, mobile_net_weights
from tests.cases.saved_modules import CONV_BACKBONE
from tests.cases.saved_text_modules import BERT, BERT_NAMES, SENTENCES
from tests.cases.shared import IMAGES, TOKENS

PROMPTS = {"prompts": np.array(["red circle", "a green circle"], object)}

LARGE_IMAGES = np.random.default_rng(1).integers(0, 256, size=(2, 32, 64, 3), dtype="uint8")

BERT_SIZES = {"vocabulary_size": 9, "num_layers": 1, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 12}

ENDPOINTS = {"return_endpoints": True}

_ALL = [
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
    ComponentCase(
        encoders.KerasHubTextEncoder,
        {"backbone": keras_hub.models.BertBackbone(**BERT_SIZES, max_sequence_length=8)},
        TOKENS,
    ),
    ComponentCase(
        encoders.KerasHubTextEncoder,
        {"backbone": keras_hub.models.DistilBertBackbone(**BERT_SIZES, max_sequence_length=8)},
        TOKENS,
        "mean",
    ),
    ComponentCase(
        encoders.GRUTextEncoder,
        {
            "vocabulary_size": 9,
            "embedding_dim": 6,
            "units": 4,
            "num_layers": 2,
            "bidirectional": True,
            "dropout": 0.1,
        },
        TOKENS,
    ),
    ComponentCase(encoders.LSTMTextEncoder, {"vocabulary_size": 9, "embedding_dim": 6, "units": 4}, TOKENS),
    ComponentCase(
        encoders.PooledTextEncoder, {"vocabulary_size": 9, "embedding_dim": 6, "units": 4, "dropout": 0.1}, TOKENS
    ),
    ComponentCase(
        encoders.TransformerImageEncoder,
        {
            "image_size": (16, 32),
            "widths": (4, 6),
            "blocks": (1, 2),
            "num_heads": (1, 2),
            "reductions": (2, 1),
            "dropout": 0.1,
        },
        IMAGES,
    ),
    ComponentCase(
        encoders.TransformerTextEncoder,
        {"vocabulary_size": 9, "embedding_dim": 6, "num_layers": 1, "num_heads": 3, "dropout": 0.1},
        TOKENS,
    ),
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
    ComponentCase(
        encoders.KerasHubImageEncoder,
        {
            "backbone": TinyPyramid(),
            "image_size": (16, 32),
            "levels": ("P2", "P3"),
            "scale": [0.01, 0.02, 0.03],
            "offset": [-1.0, -2.0, -3.0],
        },
        IMAGES,
    ),
    ComponentCase(
        encoders.SavedModelTextEncoder, {"source": layers.SavedModelLayer(SENTENCES)}, PROMPTS, holds_code=True
    ),
    ComponentCase(
        encoders.SavedModelTextEncoder,
        {"source": layers.SavedModelLayer(SENTENCES), "sequence_length": 4},
        PROMPTS,
        "words",
        holds_code=True,
    ),
    ComponentCase(
        encoders.SavedModelTextEncoder,
        {
            "source": layers.SavedModelLayer(BERT, arguments={"scale": 2.0}),
            "token_inputs": BERT_NAMES,
            "sequence_output": "encoder_outputs/1",
            "pooled_output": "default",
            "vocabulary_size": 9,
            "arguments": {"scale": 2.0},
        },
        TOKENS,
        "bert",
        holds_code=True,
    ),
    ComponentCase(
        encoders.SavedModelImageEncoder,
        {"source": layers.SavedModelLayer(CONV_BACKBONE), "image_size": (16, 32)},
        IMAGES,
        "vector",
        holds_code=True,
    ),
    ComponentCase(
        encoders.SavedModelImageEncoder,
        {
            "source": layers.SavedModelLayer(CONV_BACKBONE, arguments=ENDPOINTS),
            "image_size": (16, 32),
            "levels": ("P1", "P2"),
            "taps": {"P2": "stride_4"},
            "value_range": (-1.0, 1.0),
            "arguments": ENDPOINTS,
        },
        IMAGES,
        "endpoints",
        holds_code=True,
    ),
]

SLOW_LABELS = ("bert", "deep", "mean", "vector", "words")
"""Further cases of classes of which one runs by default."""

CASES = [case for case in _ALL if case.label not in SLOW_LABELS]
SLOW_CASES = [case for case in _ALL if case.label in SLOW_LABELS] + [
    ComponentCase(
        encoders.ApplicationImageEncoder,
        {
            "application": "MobileNet",
            "image_size": (32, 64),
            "levels": ("P2", "P3", "P4"),
            "weights": mobile_net_weights(),
            "momentum": 0.8,
            "options": {"alpha": 0.25},
        },
        LARGE_IMAGES,
    ),
]
"""Whole nets, which take seconds to build."""
