import io

import keras
import numpy as np
import pytest
from PIL import Image

from kmm.preprocessing import PromptTokenizer


def build_model(num_classes, with_words=True, size=(16, 24)):
    """A small functional model with the attributes that an export reads."""
    images = keras.Input((*size, 3), name="images")
    features = keras.layers.Rescaling(1 / 127.5, -1.0)(images)
    features = keras.layers.Conv2D(8, 5, padding="same", activation="tanh", name="features")(features)
    features = keras.layers.BatchNormalization(name="normalization")(features)
    inputs, tokenizer = {"images": images}, None
    if with_words:
        tokenizer = PromptTokenizer(["the", "red", "car"], sequence_length=4)
        token_ids = keras.Input((4,), dtype="int32", name="token_ids")
        padding_mask = keras.Input((4,), dtype="bool", name="padding_mask")
        words = keras.layers.Embedding(tokenizer.vocabulary_size, 8, embeddings_initializer="normal")(token_ids)
        words = words * keras.ops.cast(padding_mask, "float32")[..., None] * 20.0
        features = features * (1.0 + keras.ops.sum(words, axis=1)[:, None, None, :])
        features = keras.layers.Dropout(0.5)(features)
        inputs |= {"token_ids": token_ids, "padding_mask": padding_mask}
    logits = keras.layers.Conv2D(num_classes, 3, padding="same", name="logits")(features)
    model = keras.Model(inputs, logits)
    model.image_size, model.num_classes, model.prompt_tokenizer = size, num_classes, tokenizer
    return model


@pytest.fixture(scope="session")
def make_model():
    return build_model


@pytest.fixture(scope="session")
def photographs():
    """Files of several kinds and sizes, with smooth content so that JPEG keeps it."""
    generator = np.random.default_rng(0)
    files = []
    for size, mode, file_format in (
        ((24, 16), "RGB", "PNG"),
        ((50, 33), "RGB", "JPEG"),
        ((9, 40), "L", "PNG"),
        ((31, 31), "RGBA", "PNG"),
        ((70, 20), "L", "JPEG"),
    ):
        pixels = Image.fromarray(generator.integers(0, 256, (4, 5, 3), "uint8")).resize(size).convert(mode)
        buffer = io.BytesIO()
        pixels.save(buffer, file_format)
        files.append(buffer.getvalue())
    return files
