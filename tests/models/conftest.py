import numpy as np
import pytest

from kmm import decoders, encoders, fusion, heads
from kmm.models import MultimodalModel
from kmm.preprocessing import PromptTokenizer

TOKENIZER = PromptTokenizer(["red", "green", "circle", "square"], sequence_length=5)


def make_parts(dtype=None, **replaced):
    """Constructor arguments of a small model with words."""
    parts = {
        "image_encoder": encoders.ConvImageEncoder((16, 24), (4, 6, 8), name="image_encoder", dtype=dtype),
        "context_encoders": {
            "text": encoders.LSTMTextEncoder(
                TOKENIZER.vocabulary_size, embedding_dim=4, units=6, name="text_encoder", dtype=dtype
            )
        },
        "fusions": {"P3": fusion.CrossAttentionFusion(8, num_heads=2, name="fusion", dtype=dtype)},
        "decoder": decoders.FCNDecoder(filters=6, levels=("P2", "P3"), name="decoder", dtype=dtype),
        "heads": {"segmentation_masks": heads.SegmentationHead(3, name="head", dtype=dtype)},
        "prompt_tokenizer": TOKENIZER,
        "dtype": dtype,
    }
    return {**parts, **replaced}


def make_model(dtype=None, **replaced):
    """A small model with weights off their initial values, so that words change its answers."""
    model = MultimodalModel(**make_parts(dtype, **replaced))
    random = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign(weight + 0.2 * random.normal(size=weight.shape))
    return model


@pytest.fixture
def parts():
    return make_parts


@pytest.fixture
def small_model():
    return make_model


def tokenize(prompts):
    """Model inputs of prompts, as NumPy arrays."""
    return {key: value.numpy() for key, value in TOKENIZER(prompts).items()}


@pytest.fixture
def words():
    return tokenize


@pytest.fixture
def inputs():
    images = np.random.default_rng(1).integers(0, 256, (2, 16, 24, 3), dtype="uint8")
    return {"images": images, **tokenize(["red circle", "the green green square"])}
