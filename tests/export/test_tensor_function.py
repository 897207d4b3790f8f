import keras
import numpy as np
import pytest

from kmm.encoders import ConvImageEncoder, GRUTextEncoder, LSTMTextEncoder
from kmm.export.tensor_function import tensor_function
from kmm.models import segmenter
from kmm.preprocessing import PromptTokenizer


@pytest.fixture(scope="module", params=[GRUTextEncoder, LSTMTextEncoder])
def model(request):
    """Attention reads every step, not only the last state."""
    tokenizer = PromptTokenizer(["red", "car"], sequence_length=5)
    image_encoder = ConvImageEncoder((16, 24), widths=(4, 4), blocks=0)
    text_encoder = request.param(tokenizer.vocabulary_size, 4, 4, bidirectional=True)
    parts = {"image_encoder": image_encoder, "text_encoder": text_encoder, "fusion": "CrossAttentionFusion"}
    return segmenter((16, 24), 1, tokenizer, **parts, fusion_filters=4, decoder_filters=4)


def operations(function):
    graph = function.get_concrete_function().graph.as_graph_def()
    return {node.op for nodes in (graph.node, *(f.node_def for f in graph.library.function)) for node in nodes}


def test_recurrences_are_unrolled_and_answers_stay(model):
    function = tensor_function(model, sequence_length=5)
    assert not {name for name in operations(function) if "While" in name}
    assert not [layer for layer in model._flatten_layers() if getattr(layer, "unroll", False)], "only while tracing"
    random = np.random.default_rng(0)
    inputs = {
        "images": random.uniform(0, 255, (3, 16, 24, 3)).astype("float32"),
        "token_ids": np.array([[2, 3, 1, 2, 3], [3, 2, 0, 0, 0], [0, 0, 0, 0, 0]], "int32"),
        "padding_mask": np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]], "uint8"),
    }
    expected = model({**inputs, "padding_mask": inputs["padding_mask"] > 0})
    np.testing.assert_allclose(function(inputs)["logits"], expected, atol=1e-5)


def test_layers_are_left_as_they_were_when_tracing_fails(model, monkeypatch):
    monkeypatch.setattr(type(model), "call", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tensor_function(model, sequence_length=5).get_concrete_function()
    assert not [layer for layer in model._flatten_layers() if getattr(layer, "unroll", False)]


def test_further_outputs_keep_their_names():
    images = keras.Input((16, 16, 3), name="images")
    maps = keras.layers.Conv2D(1, 1)(images)
    outputs = {"segmentation_masks": maps, "presence": keras.layers.GlobalAveragePooling2D()(maps)}
    answer = tensor_function(keras.Model({"images": images}, outputs))({"images": np.ones((2, 16, 16, 3), "float32")})
    assert {name: tuple(value.shape) for name, value in answer.items()} == {
        "logits": (2, 16, 16, 1),
        "presence": (2, 1),
    }


@pytest.mark.parametrize(("shape", "dtype"), [((), "string"), ((None,), "float32")])
def test_inputs_of_unknown_size_are_refused(shape, dtype):
    images = keras.Input((16, 16, 3), name="images")
    other = keras.Input(shape, dtype=dtype, name="other")
    model = keras.Model({"images": images, "other": other}, images)
    with pytest.raises(ValueError, match="must be numbers of a known size. Received: other of dtype"):
        tensor_function(model)
