"""The components of `kmm.encoders` that every check is run on."""

from kmm import encoders
from kmm.testing import ComponentCase
from tests.cases.shared import IMAGES, TOKENS

CASES = [
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
]
