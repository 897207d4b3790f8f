"""Every part of kmm, written in every format, answers there as Keras does."""

import itertools
import json

import keras
import keras_hub
import numpy as np
import pytest

from kmm import decoders, encoders, fusion, heads, layers
from kmm.export import export_litert, export_onnx, export_openvino
from kmm.export.export_litert import open_litert
from kmm.export.export_onnx import open_onnx
from kmm.export.export_openvino import open_openvino
from kmm.models import build_preset, presets, segmenter
from kmm.models.make_part import part_names
from kmm.preprocessing import PromptTokenizer, WordPieceTokenizer
from tests.cases.image_nets import TinyPyramid, mobile_net_weights
from tests.cases.saved_modules import CONV_BACKBONE
from tests.cases.saved_text_modules import BERT, BERT_NAMES

pytestmark = pytest.mark.slow

OPEN = {".tflite": open_litert, ".onnx": open_onnx, ".xml": open_openvino}
FORMATS = {".tflite": export_litert, ".onnx": export_onnx, ".xml": export_openvino}
WORDS = "red car tree left of dog cat".split()
SIZE = (32, 64)
TOKENS = len(WORDS) + 2
BERT_SIZES = {"num_layers": 1, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 12, "max_sequence_length": 8}


def conv():
    return encoders.ConvImageEncoder(SIZE, widths=(4, 6, 8), blocks=1)


IMAGE_ENCODERS = {
    "ApplicationImageEncoder": lambda: encoders.ApplicationImageEncoder(
        "MobileNet", SIZE, ("P2", "P3"), weights=mobile_net_weights(), options={"alpha": 0.25}
    ),
    "ConvImageEncoder": conv,
    "KerasHubImageEncoder": lambda: encoders.KerasHubImageEncoder(TinyPyramid(), SIZE, ("P2", "P3")),
    "SavedModelImageEncoder": lambda: encoders.SavedModelImageEncoder(
        layers.SavedModelLayer(CONV_BACKBONE, arguments={"return_endpoints": True}),
        SIZE,
        ("P1", "P2"),
        taps={"P2": "stride_4"},
        arguments={"return_endpoints": True},
    ),
    "TransformerImageEncoder": lambda: encoders.TransformerImageEncoder(
        SIZE, widths=(4, 8), blocks=(1, 1), num_heads=(1, 2), reductions=(2, 1)
    ),
}
TEXT_ENCODERS = {
    "GRUTextEncoder": lambda: encoders.GRUTextEncoder(TOKENS, 8, 8, num_layers=2, bidirectional=True),
    "KerasHubTextEncoder": lambda: encoders.KerasHubTextEncoder(
        keras_hub.models.BertBackbone(vocabulary_size=TOKENS, **BERT_SIZES)
    ),
    "LSTMTextEncoder": lambda: encoders.LSTMTextEncoder(TOKENS, 8, 8, bidirectional=True),
    "PooledTextEncoder": lambda: encoders.PooledTextEncoder(TOKENS, 8, 8),
    "SavedModelTextEncoder": lambda: encoders.SavedModelTextEncoder(
        layers.SavedModelLayer(BERT, arguments={"scale": 2.0}),
        token_inputs=BERT_NAMES,
        sequence_output="encoder_outputs/1",
        pooled_output="default",
        vocabulary_size=TOKENS,
        arguments={"scale": 2.0},
    ),
    "TransformerTextEncoder": lambda: encoders.TransformerTextEncoder(TOKENS, 8, num_layers=1, num_heads=2),
}
FUSIONS, DECODERS, HEADS = (part_names(package) for package in (fusion, decoders, heads))


def combinations():
    """As many models as there are parts of the kind with most of them; each part is in at least one."""
    kinds = (IMAGE_ENCODERS, TEXT_ENCODERS, FUSIONS, DECODERS, HEADS)
    longest = max(len(kind) for kind in kinds)
    columns = [itertools.islice(itertools.cycle(kind), longest) for kind in kinds]
    return [pytest.param(*parts, id="-".join(parts)) for parts in zip(*columns, strict=True)]


def check(export, suffix, model, folder):
    path = export(model, folder / f"model{suffix}")
    found = json.loads((folder / f"model{suffix}.json").read_text(encoding="utf-8"))["compared_with_keras"]
    assert path.exists() and found["equal_pixels"] >= 0.999 and found["max_difference"] < 1e-4


def test_no_part_is_forgotten():
    written = set(IMAGE_ENCODERS) | set(TEXT_ENCODERS)
    assert written == {name for name in part_names(encoders) if name.endswith("Encoder")}


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(("image_encoder", "text_encoder", "fusion_name", "decoder", "head"), combinations())
def test_parts(image_encoder, text_encoder, fusion_name, decoder, head, suffix, tmp_path):
    model = segmenter(
        SIZE,
        3,
        PromptTokenizer(WORDS, sequence_length=6),
        image_encoder=IMAGE_ENCODERS[image_encoder](),
        text_encoder=TEXT_ENCODERS[text_encoder](),
        fusion=fusion_name,
        decoder=decoder,
        head=head,
        fusion_filters=8,
        decoder_filters=8,
    )
    check(FORMATS[suffix], suffix, model, tmp_path)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", sorted(presets))
def test_presets(name, suffix, tmp_path):
    tokenizer = PromptTokenizer(WORDS, sequence_length=6)
    if presets[name]["training"].get("tokenizer") == "WordPieceTokenizer":
        tokenizer = WordPieceTokenizer.adapt([" ".join(WORDS)], sequence_length=8)
    arguments = {"image_size": (64, 96), "prompt_tokenizer": tokenizer}
    if presets[name]["arguments"].get("prompt_tokenizer", tokenizer) is None:
        del arguments["prompt_tokenizer"]
    if presets[name]["task"] == "semantic":
        arguments["num_classes"] = 11
    check(FORMATS[suffix], suffix, build_preset(name, **arguments), tmp_path)


@pytest.mark.parametrize("suffix", FORMATS)
def test_mixed_precision(suffix, tmp_path):
    model = build_preset(
        "light", prompt_tokenizer=PromptTokenizer(WORDS, 6), image_size=(32, 64), dtype="mixed_bfloat16"
    )
    check(FORMATS[suffix], suffix, model, tmp_path)


@pytest.mark.parametrize("suffix", FORMATS)
def test_further_outputs_and_inputs_keep_their_names(suffix, tmp_path):
    images = keras.Input((16, 16, 3), name="images")
    waveforms = keras.Input((20,), name="waveforms")
    sound = keras.layers.Dense(4)(waveforms)[:, None, None, :]
    features = keras.layers.Conv2D(4, 3, padding="same")(images) * sound
    outputs = {
        "segmentation_masks": keras.layers.Conv2D(1, 1)(features),
        "another": keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(features)),
    }
    model = keras.Model({"images": images, "waveforms": waveforms}, outputs)
    check(FORMATS[suffix], suffix, model, tmp_path)
    random = np.random.default_rng(0)
    inputs = {"images": random.uniform(0, 255, (2, 16, 16, 3)), "waveforms": random.uniform(-1, 1, (2, 20))}
    inputs = {name: value.astype("float32") for name, value in inputs.items()}
    expected = model.predict_on_batch(inputs)
    answer = OPEN[suffix](tmp_path / f"model{suffix}")(inputs)
    assert sorted(answer) == ["another", "logits"]
    np.testing.assert_allclose(answer["another"], expected["another"], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(answer["logits"], expected["segmentation_masks"], rtol=1e-3, atol=1e-3)
