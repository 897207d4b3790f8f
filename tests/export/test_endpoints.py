"""The endpoints beside `serving_default`, and models with more inputs and outputs, in the session of a server."""

import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kmm.decoders import FCNDecoder, UNetDecoder
from kmm.encoders import ConvImageEncoder, LSTMTextEncoder
from kmm.export import SavedModelSession, export_saved_model
from kmm.fusion import FiLMFusion
from kmm.heads import SegmentationHead
from kmm.models.multimodal_model import MultimodalModel
from kmm.preprocessing import PromptTokenizer

WORDS = [b"the red car", b"car", b"", b"red"]


def build(decoder, dtype=None):
    tokenizer = PromptTokenizer(["the", "red", "car"], sequence_length=4)
    model = MultimodalModel(
        image_encoder=ConvImageEncoder(image_size=(16, 16), widths=(4, 8, 8), dtype=dtype),
        context_encoders={"text": LSTMTextEncoder(tokenizer.vocabulary_size, embedding_dim=4, units=4, dtype=dtype)},
        fusions={"P3": FiLMFusion(filters=8, dtype=dtype)},
        decoder=decoder(filters=8, levels=("P2", "P3"), dtype=dtype),
        heads={"segmentation_masks": SegmentationHead(num_classes=1, dtype=dtype)},
        prompt_tokenizer=tokenizer,
        dtype=dtype,
    )
    generator = np.random.default_rng(1)
    for weight in model.trainable_weights:
        weight.assign(0.5 * generator.normal(size=weight.shape))
    return model


@pytest.fixture(scope="module", params=["levels added", "levels joined"])
def in_steps(request, tmp_path_factory):
    """A model that encodes a picture and is then asked; only where levels are added one row may stand for all."""
    model = build(FCNDecoder if request.param == "levels added" else UNetDecoder)
    with SavedModelSession(export_saved_model(model, tmp_path_factory.mktemp("export"), verify=False)) as session:
        yield model, session


def features_of(session, files):
    outputs = session.run({"image_bytes": files}, "encode_image")
    return outputs, {name: value for name, value in outputs.items() if name.startswith("P")}


@pytest.mark.parametrize("rows", [1, 4])
def test_encode_once_ask_many(in_steps, photographs, rows):
    model, session = in_steps
    files = [photographs[0]] * 4
    outputs, features = features_of(session, files[:rows])
    assert {name: value.shape for name, value in features.items()} == {
        name: (rows, *tensor.shape[1:]) for name, tensor in model.encode_image.output.items()
    }
    assert outputs["image_size"].tolist() == [[16, 24]] * rows and set(outputs["status"]) == {b"OK"}
    assert all(value.dtype == "float32" for value in features.values())
    asked = session.run({**features, "prompt": WORDS}, "ask")
    whole = session.run({"image_bytes": files, "prompt": WORDS})
    assert sorted(asked) == ["mask", "present", "score"]
    np.testing.assert_array_equal(asked["mask"], whole["mask"])
    np.testing.assert_allclose(asked["score"], whole["score"], atol=1e-5)
    assert len(set(whole["score"])) > 1, "the prompts must give different answers"


def test_features_of_another_number_of_rows_are_refused(in_steps, photographs):
    _, session = in_steps
    _, features = features_of(session, photographs[:2])
    with pytest.raises(tf.errors.InvalidArgumentError, match="one row for each prompt, or one row for all"):
        session.run({**features, "prompt": WORDS}, "ask")


def test_rows_of_one_picture_answer_as_alone(in_steps, photographs):
    _, session = in_steps
    order = [0, 1, 0, 0, 1]
    files, words = [photographs[i] for i in order], [*WORDS, b"the car"]
    together = session.run({"image_bytes": files, "prompt": words})
    for row in range(len(order)):
        alone = session.run({"image_bytes": files[row : row + 1], "prompt": words[row : row + 1]})
        np.testing.assert_array_equal(together["mask"][row], alone["mask"][0])
        assert together["mask_png_bytes"][row] == alone["mask_png_bytes"][0]


def test_encode_text(in_steps):
    model, session = in_steps
    outputs = session.run({"prompt": WORDS}, "encode_text")
    inputs = model.prompt_tokenizer(WORDS)
    expected = model.context_encoders["text"](inputs)
    for name in ("sequence", "pooled"):
        np.testing.assert_allclose(outputs[name], expected[name], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(outputs["padding_mask"], inputs["padding_mask"].numpy().astype("uint8"))


def test_bfloat16_stays_inside(photographs, tmp_path):
    model = build(FCNDecoder, "mixed_bfloat16")
    with SavedModelSession(export_saved_model(model, tmp_path, verify=False)) as session:
        _, features = features_of(session, photographs[:1])
        outputs = [session.run({"image_bytes": photographs[:4], "prompt": WORDS})]
        outputs += [session.run({**features, "prompt": WORDS}, "ask"), session.run({"prompt": WORDS}, "encode_text")]
    for answer in (features, *outputs):
        assert {value.dtype.name for value in answer.values()} <= {"float32", "uint8", "object"}


def functional(inputs, outputs, **attributes):
    model = keras.Model(inputs, outputs)
    for name, value in attributes.items():
        setattr(model, name, value)
    return model


def test_further_heads_and_inputs(photographs, tmp_path):
    images = keras.Input((16, 24, 3), name="images")
    depth = keras.Input((16, 24, 1), name="depth")
    marked = keras.Input((2,), dtype="bool", name="marked")
    logits = keras.layers.Conv2D(1, 1)(images) + depth
    labels = keras.ops.mean(logits, axis=(1, 2)) + keras.ops.cast(marked, "float32")
    inputs = {"images": images, "depth": depth, "marked": marked}
    model = functional(inputs, {"segmentation_masks": logits, "labels": labels}, image_size=(16, 24))
    path = export_saved_model(model, tmp_path)
    given = {"depth": np.ones((2, 16, 24, 1), "float32"), "marked": np.array([[0, 1], [1, 1]], "uint8")}
    with SavedModelSession(path) as session:
        outputs = session.run({"image_bytes": [photographs[0], b"none"], **given})
        tensors = session.run({"images": np.zeros((2, 16, 24, 3)), **given}, "predict_tensors")
    assert outputs["labels"].shape == (2, 2) and outputs["labels"].dtype == "float32"
    assert outputs["labels"][0].any() and not outputs["labels"][1].any(), "a row without a picture has no labels"
    np.testing.assert_allclose(tensors["labels"][0, 1] - tensors["labels"][0, 0], 1.0, rtol=1e-5)
    assert sorted(tensors) == ["labels", "logits"]


def test_sound_as_wav_files(photographs, tmp_path):
    images, waveforms = keras.Input((16, 24, 3), name="images"), keras.Input((800,), name="waveforms")
    loudness = keras.ops.mean(keras.ops.abs(waveforms), axis=1)
    logits = keras.layers.Conv2D(1, 1)(images) * 0.0 + loudness[:, None, None, None] - 0.25
    model = functional({"images": images, "waveforms": waveforms}, logits, image_size=(16, 24), sample_rate=8000)
    wav = [tf.audio.encode_wav(tf.fill((n, c), v), r).numpy() for n, c, v, r in SOUNDS]
    with SavedModelSession(export_saved_model(model, tmp_path)) as session:
        outputs = session.run({"image_bytes": [photographs[0]] * 6, "audio_bytes": [*wav, b"", b"RIFF"]})
    assert outputs["present"].tolist() == [1, 0, 1, 0, 0, 0]
    assert [status.decode().split(":")[0] for status in outputs["status"]] == ["OK"] * 5 + ["DAMAGED_SOUND"]


SOUNDS = [(800, 1, 0.5, 8000), (800, 1, 0.1, 8000), (1600, 2, 0.5, 16000), (100, 1, 0.5, 8000)]
"""Frames, channels, loudness and rate; the last one is mostly silence."""


def test_embed(photographs, tmp_path):
    model = build(FCNDecoder)
    model.embed_image = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.GlobalAveragePooling2D()])
    tokens = model.context_encoders["text"].input
    model.embed_text = keras.Model(tokens, model.context_encoders["text"].output["pooled"])
    with SavedModelSession(export_saved_model(model, tmp_path, verify=False)) as session:
        outputs = session.run({"image_bytes": [photographs[0], b"", photographs[0]], "prompt": WORDS[:3]}, "embed")
    assert outputs["image_embedding"].shape == (3, 3) and outputs["text_embedding"].shape == (3, 4)
    assert not outputs["image_embedding"][1].any() and outputs["text_embedding"][1].any()
    np.testing.assert_allclose(outputs["image_embedding"][0], outputs["image_embedding"][2])
    expected = np.asarray(Image.open(io.BytesIO(photographs[0])).convert("RGB")).mean((0, 1))
    np.testing.assert_allclose(outputs["image_embedding"][0], expected, atol=3)


def test_an_input_of_unknown_size(tmp_path):
    images, points = keras.Input((16, 24, 3), name="images"), keras.Input((None, 2), name="points")
    logits = keras.layers.Conv2D(1, 1)(images) + keras.ops.mean(points, axis=(1, 2))[:, None, None, None]
    model = functional({"images": images, "points": points}, logits, image_size=(16, 24))
    with pytest.raises(ValueError, match=r"needs the size of every input. Received: points of shape \(None, None, 2\)"):
        export_saved_model(model, tmp_path)


def test_rows_of_one_picture_without_words(photographs, tmp_path):
    model = MultimodalModel(
        image_encoder=ConvImageEncoder(image_size=(16, 16), widths=(4, 8, 8)),
        decoder=FCNDecoder(filters=8, levels=("P2", "P3")),
        heads={"segmentation_masks": SegmentationHead(num_classes=3)},
    )
    with SavedModelSession(export_saved_model(model, tmp_path, verify=False)) as session:
        outputs = session.run({"image_bytes": [photographs[1]] * 3})
        alone = session.run({"image_bytes": photographs[1:2]})
    for name, value in outputs.items():
        assert len(value) == 3, name
        assert all(np.array_equal(row, alone[name][0]) for row in value), name


def test_no_rows_are_refused(in_steps):
    _, session = in_steps
    for name, signature in session.signatures.items():
        if name.startswith("__"):
            continue
        empty = {}
        for key, info in signature.inputs.items():
            sizes = [max(dim.size, 1) for dim in info.tensor_shape.dim[1:]]
            empty[key] = np.zeros([0, *sizes], object if info.dtype == tf.string.as_datatype_enum else "float32")
        with pytest.raises(tf.errors.InvalidArgumentError, match="must have at least one row"):
            session.run(empty, name)


def test_token_ids_that_are_none_are_unknown_words(in_steps):
    _, session = in_steps
    ids = np.array([[10**6, 2, 0, 0], [-5, 2, 0, 0], [1, 2, 0, 0]])
    inputs = {"images": np.zeros((3, 16, 16, 3), "float32"), "token_ids": ids, "padding_mask": ids != 0}
    logits = session.run(inputs, "predict_tensors")["logits"]
    np.testing.assert_allclose(logits[0], logits[2], rtol=1e-5)
    np.testing.assert_allclose(logits[1], logits[2], rtol=1e-5)


def test_names_of_the_exports_own(tmp_path):
    images = keras.Input((16, 24, 3), name="images")
    logits = keras.layers.Conv2D(1, 1)(images)
    model = functional({"images": images}, {"segmentation_masks": logits, "score": logits}, image_size=(16, 24))
    with pytest.raises(ValueError, match=r"Received: a model with \['score'\]. Rename"):
        export_saved_model(model, tmp_path)
