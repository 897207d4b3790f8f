import functools
import io
import struct
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kmm.decoders import FCNDecoder
from kmm.encoders import ConvImageEncoder, LSTMTextEncoder
from kmm.export import SavedModelSession, export_saved_model
from kmm.fusion import CrossAttentionFusion
from kmm.heads import SegmentationHead
from kmm.models.multimodal_model import MultimodalModel
from kmm.preprocessing import PromptTokenizer, decode_image, masks_from_logits, prepare_images, scores_from_logits

export = functools.partial(export_saved_model, verify=False)
"""Most of these tests compare by themselves."""

PROMPTS = [b"the red car", b"car", b"", b"red \xff \xf0\x9f\x9a\x97", b"unknown words " * 5000]
KINDS = {"referring": (1, True), "semantic": (5, True), "image only": (5, False), "image only, binary": (1, False)}


def keras_answer(model, photographs, threshold=0.5):
    """What the Keras model says, batch by batch of one, and drawn with Pillow's idea of a picture's size."""
    answers = []
    for image_bytes, prompt in zip(photographs, PROMPTS, strict=True):
        inputs = {"images": prepare_images(decode_image(image_bytes), model.image_size)}
        if model.prompt_tokenizer is not None:
            inputs |= model.prompt_tokenizer(prompt)
        logits = model.predict_on_batch({name: value[None] for name, value in inputs.items()})
        own_size = Image.open(io.BytesIO(image_bytes)).size[::-1]
        answers.append(
            {
                "mask": masks_from_logits(logits, threshold=threshold)[0].numpy(),
                "score": scores_from_logits(logits, threshold)[0].numpy(),
                "own_mask": masks_from_logits(logits, own_size, threshold)[0].numpy(),
            }
        )
    return answers


def check_equal(outputs, model, photographs, threshold=0.5):
    assert {"mask", "mask_png_bytes", "present", "score", "status"} <= set(outputs)
    assert outputs["mask"].dtype == outputs["present"].dtype == "uint8" and outputs["score"].dtype == "float32"
    assert outputs["status"].tolist() == [b"OK"] * len(photographs)
    assert outputs["mask"].shape == (len(photographs), *model.image_size)
    assert outputs["score"].shape == outputs["mask_png_bytes"].shape == (len(photographs),)
    for index, expected in enumerate(keras_answer(model, photographs, threshold)):
        assert np.mean(outputs["mask"][index] == expected["mask"]) >= 0.999
        np.testing.assert_allclose(outputs["score"][index], expected["score"], atol=1e-3)
        png = Image.open(io.BytesIO(outputs["mask_png_bytes"][index]))
        assert png.format == "PNG" and png.mode == "L"
        own_mask = np.asarray(png)
        assert own_mask.shape == expected["own_mask"].shape
        assert outputs["present"][index] == (model.num_classes > 1 or expected["mask"].any())
        drawn = expected["own_mask"] * (255 if model.num_classes == 1 else 1)
        assert np.mean(own_mask == drawn) >= 0.999
    assert len(np.unique(outputs["mask"])) == max(2, model.num_classes), "the comparison needs masks with content"


def call(path, inputs):
    loaded = tf.saved_model.load(path)
    outputs = loaded.signatures["serving_default"](**{name: tf.constant(value) for name, value in inputs.items()})
    return {name: value.numpy() for name, value in outputs.items()}


@pytest.fixture(scope="module", params=KINDS)
def exported(request, make_model, tmp_path_factory):
    model = make_model(*KINDS[request.param])
    path = export(model, tmp_path_factory.mktemp("export"))
    return model, path


def inputs_for(model, photographs):
    return {"image_bytes": photographs} | ({} if model.prompt_tokenizer is None else {"prompt": PROMPTS})


def test_equals_keras_in_python(exported, photographs):
    model, path = exported
    check_equal(call(path, inputs_for(model, photographs)), model, photographs)


def test_equals_keras_in_the_session_of_a_server(exported, photographs):
    model, path = exported
    with SavedModelSession(path) as session:
        outputs = session.run(inputs_for(model, photographs))
    check_equal(outputs, model, photographs)


def test_signatures(exported):
    model, path = exported
    loaded = tf.saved_model.load(path)
    assert sorted(loaded.signatures) == ["predict_tensors", "segment", "serving_default"]
    signature = loaded.signatures["serving_default"]
    names = ["image_bytes"] + ([] if model.prompt_tokenizer is None else ["prompt"])
    assert signature.structured_input_signature[1] == {n: tf.TensorSpec((None,), tf.string, name=n) for n in names}
    height, width = model.image_size
    small = {
        "score": (tf.float32, [None]),
        "present": (tf.uint8, [None]),
        "mask_png_bytes": (tf.string, [None]),
        "status": (tf.string, [None]),
    }
    assert described(signature.structured_outputs) == {"mask": (tf.uint8, [None, height, width]), **small}
    assert described(loaded.signatures["segment"].structured_outputs) == {**small, "num_classes": (tf.int32, [None])}
    given = {"images": (tf.float32, [None, height, width, 3])}
    if model.prompt_tokenizer is not None:
        given |= {"token_ids": (tf.int32, [None, 4]), "padding_mask": (tf.uint8, [None, 4])}
    signature = loaded.signatures["predict_tensors"]
    assert described(signature.structured_input_signature[1]) == given
    logits = (tf.float32, [None, height, width, model.num_classes])
    assert described(signature.structured_outputs) == {"logits": logits}


def described(specs):
    return {name: (spec.dtype, spec.shape.as_list()) for name, spec in specs.items()}


def test_rows_do_not_depend_on_their_batch(exported, photographs):
    model, path = exported
    inputs = inputs_for(model, photographs)
    with SavedModelSession(path) as session:
        whole = session.run(inputs)
        alone = [session.run({name: value[i : i + 1] for name, value in inputs.items()}) for i in range(5)]
    for index, outputs in enumerate(alone):
        assert np.mean(outputs["mask"][0] == whole["mask"][index]) >= 0.999
        np.testing.assert_allclose(outputs["score"][0], whole["score"][index], atol=1e-3)


def test_threshold(make_model, photographs, tmp_path):
    model = make_model(1)
    path = export(model, tmp_path, threshold=0.7)
    check_equal(call(path, inputs_for(model, photographs)), model, photographs, threshold=0.7)


@pytest.mark.slow
def test_loads_where_only_tensorflow_is_imported(make_model, photographs, tmp_path):
    model = make_model(3)
    path = export(model, tmp_path)
    np.savez(tmp_path / "inputs.npz", image_bytes=np.array(photographs), prompt=np.array(PROMPTS))
    program = f"""
import sys
import numpy as np
import tensorflow as tf
inputs = np.load({str(tmp_path / "inputs.npz")!r})
loaded = tf.saved_model.load({str(path)!r})
outputs = loaded.signatures["serving_default"](**{{name: tf.constant(inputs[name]) for name in inputs}})
np.savez({str(tmp_path / "outputs.npz")!r}, **{{name: np.array(value) for name, value in outputs.items()}})
foreign = [name for name in sys.modules if name.split(".")[0] == "kmm"]
sys.exit(f"imported: {{foreign}}" if foreign else 0)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    outputs = np.load(tmp_path / "outputs.npz", allow_pickle=True)
    check_equal({name: outputs[name] for name in outputs}, model, photographs)


@pytest.mark.parametrize("with_words", [True, False])
def test_weights_are_stored_once(make_model, tmp_path, with_words):
    model = make_model(200, with_words, size=(16, 16))
    path = export(model, tmp_path)
    stored = sum(file.stat().st_size for file in (path / "variables").glob("variables.data*"))
    needed = 4 * model.count_params()
    assert needed > 50_000
    assert needed <= stored <= 1.05 * needed + 2000
    assert (path / "saved_model.pb").stat().st_size < 500_000, "no weights inside the graph"


def test_versions_follow_and_nothing_is_overwritten(make_model, tmp_path):
    model = make_model(1)
    first = export(model, tmp_path)
    before = (first / "saved_model.pb").read_bytes()
    assert first == tmp_path / "1"
    assert export(model, tmp_path) == tmp_path / "2"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2"]
    assert (first / "saved_model.pb").read_bytes() == before


def test_a_failed_export_leaves_no_number(make_model, tmp_path, monkeypatch):
    save = tf.saved_model.save

    def fail(module, path, **options):
        save(module, path, **options)
        assert not [folder.name for folder in tmp_path.iterdir() if folder.name.isdigit()]
        raise OSError("disk is full")

    monkeypatch.setattr(tf.saved_model, "save", fail)
    with pytest.raises(OSError, match="disk is full"):
        export(make_model(1), tmp_path)
    assert not list(tmp_path.iterdir())


def test_trains_on_after_the_export(make_model, tmp_path):
    model = make_model(1)
    export(model, tmp_path)
    model.compile("sgd", keras.losses.BinaryCrossentropy(from_logits=True))
    inputs = {"images": np.zeros((2, 16, 24, 3)), **model.prompt_tokenizer(["red", "car"])}
    before = [weight.numpy() for weight in model.trainable_weights]
    model.fit(inputs, np.zeros((2, 16, 24, 1)), verbose=0)
    assert any((weight.numpy() != old).any() for weight, old in zip(model.trainable_weights, before, strict=True))


def test_reduced_precision_leaves_as_float32(photographs, make_model, tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = make_model(3)
    finally:
        keras.config.set_dtype_policy("float32")
    path = export(model, tmp_path)
    with SavedModelSession(path) as session:
        outputs = session.run(inputs_for(model, photographs))
    assert outputs["score"].dtype == "float32" and outputs["mask"].dtype == "uint8"


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_multimodal_model(photographs, tmp_path, dtype):
    keras.utils.set_random_seed(1)
    keras.config.set_dtype_policy(dtype)
    try:
        tokenizer = PromptTokenizer(["the", "red", "car"], sequence_length=4)
        model = MultimodalModel(
            image_encoder=ConvImageEncoder(image_size=(16, 16), widths=(4, 8)),
            context_encoders={"text": LSTMTextEncoder(tokenizer.vocabulary_size, embedding_dim=4, units=4)},
            fusions={"P2": CrossAttentionFusion(filters=8, num_heads=2)},
            decoder=FCNDecoder(filters=8, levels=("P2",)),
            heads={"segmentation_masks": SegmentationHead(num_classes=3)},
            prompt_tokenizer=tokenizer,
        )
    finally:
        keras.config.set_dtype_policy("float32")
    with SavedModelSession(export(model, tmp_path)) as session:
        outputs = session.run(inputs_for(model, photographs))
    check_equal(outputs, model, photographs)


def test_several_heads(make_model, photographs, tmp_path):
    model = make_model(3)
    heads = {"segmentation_masks": model.output, "presence": keras.layers.GlobalAveragePooling2D()(model.output)}
    several = keras.Model(model.input, heads)
    several.image_size, several.num_classes, several.prompt_tokenizer = (
        model.image_size,
        model.num_classes,
        model.prompt_tokenizer,
    )
    path = export(several, tmp_path)
    check_equal(call(path, inputs_for(model, photographs)), model, photographs)


def test_few_pictures_are_held_at_their_own_size(make_model, tmp_path):
    export(make_model(3), tmp_path)
    graph = tf.saved_model.load(tmp_path / "1").signatures["serving_default"].graph.as_graph_def()
    nodes = [node for nodes in (graph.node, *(f.node_def for f in graph.library.function)) for node in nodes]
    loops = [node.attr["parallel_iterations"].i for node in nodes if node.op in ("While", "StatelessWhile")]
    assert len(loops) >= 3 and max(loops) <= 2


def test_bad_pictures_are_told_and_their_neighbours_served(make_model, photographs, tmp_path):
    model = make_model(1)
    path = export(model, tmp_path, max_bytes=100_000, max_pixels=3000)
    jpeg, png = photographs[1], photographs[0]
    black = functools.partial(np.zeros, dtype="uint8")
    bad = {
        b"": "NO_IMAGE",
        b"GIF89a" + b"\0" * 50: "NOT_AN_IMAGE",
        png[:40]: "DAMAGED",
        png[:20]: "DAMAGED",
        jpeg[:200]: "DAMAGED",
        jpeg[: len(jpeg) // 2]: "DAMAGED",
        jpeg[:3]: "DAMAGED",
        b"\xff\xd8\xff" + bytes(range(256)) * 4: "DAMAGED",
        png[:60] + b"\0\0\0\0" + png[64:]: "DAMAGED",
        png_header(60_000, 60_000): "TOO_MANY_PIXELS",
        png_header(2**32 - 1, 2**32 - 1): "DAMAGED",
        to_file(black((60, 60, 3)), "JPEG"): "TOO_MANY_PIXELS",
        png + b"\0" * 100_000: "TOO_MANY_BYTES",
    }
    files = [photographs[0], *bad, *photographs[1:]]
    prompts = [PROMPTS[0], *[b"car"] * len(bad), *PROMPTS[1:]]
    good = [0, *range(1 + len(bad), len(files))]
    with SavedModelSession(path) as session:
        outputs = session.run({"image_bytes": files, "prompt": prompts})
        alone = session.run(
            {"image_bytes": list(bad), "prompt": [b"car"] * len(bad), "threshold": [0] * len(bad)}, "segment"
        )
    check_equal({name: value[good] for name, value in outputs.items()}, model, photographs)
    wrong = [index for index in range(len(files)) if index not in good]
    assert [status.decode().split(":")[0] for status in outputs["status"][wrong]] == list(bad.values())
    assert (
        not outputs["mask"][wrong].any() and not outputs["score"][wrong].any() and not outputs["present"][wrong].any()
    )
    assert outputs["mask_png_bytes"][wrong].tolist() == alone["mask_png_bytes"].tolist() == [b""] * len(bad)
    assert alone["status"].tolist() == outputs["status"][wrong].tolist()


def png_header(width, height):
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + b"\x08\x02\0\0\0" + b"\0" * 40


def to_file(pixels, file_format):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, file_format)
    return buffer.getvalue()


def test_wrong_shapes_are_refused(make_model, photographs, tmp_path):
    path = export(make_model(1), tmp_path)
    words = {"token_ids": np.zeros((2, 4)), "padding_mask": np.zeros((2, 4))}
    with SavedModelSession(path) as session:
        with pytest.raises(tf.errors.InvalidArgumentError, match="prompt must have as many rows as image_bytes"):
            session.run({"image_bytes": photographs[:2], "prompt": [b"car"]})
        with pytest.raises(tf.errors.InvalidArgumentError, match="rank|shape"):
            session.run({"image_bytes": photographs[0], "prompt": b"car"})
        with pytest.raises(tf.errors.InvalidArgumentError, match="compatible"):
            session.run({"images": np.zeros((2, 9, 9, 3)), **words}, "predict_tensors")
        assert session.run({"image_bytes": photographs[:1], "prompt": [b"car"]})["mask"].shape == (1, 16, 24)


def test_a_threshold_for_each_row(make_model, photographs, tmp_path):
    model = make_model(1)
    thresholds = np.array([0.3, 0.9, 0.0, -1.0, np.nan], "float32")
    with SavedModelSession(export(model, tmp_path, threshold=0.6)) as session:
        outputs = session.run({**inputs_for(model, photographs), "threshold": thresholds}, "segment")
    for row, threshold in enumerate([0.3, 0.9, 0.6, 0.6, 0.6]):
        expected = keras_answer(model, photographs, threshold)[row]
        own_mask = np.asarray(Image.open(io.BytesIO(outputs["mask_png_bytes"][row])))
        assert np.mean((own_mask > 0) == (expected["own_mask"] > 0)) >= 0.999
        np.testing.assert_allclose(outputs["score"][row], expected["score"], atol=1e-3)


def test_tensors_in_logits_out(exported, photographs):
    model, path = exported
    inputs = {"images": np.random.default_rng(0).uniform(0, 255, (2, 16, 24, 3)).astype("float32")}
    if model.prompt_tokenizer is not None:
        inputs |= {name: value.numpy() for name, value in model.prompt_tokenizer(["red", "the car"]).items()}
    with SavedModelSession(path) as session:
        logits = session.run(inputs, "predict_tensors")["logits"]
    np.testing.assert_allclose(logits, model.predict_on_batch(inputs), rtol=1e-4, atol=1e-4)


def test_explicit_tokenizer(make_model, photographs, tmp_path):
    model = make_model(1)
    tokenizer, model.prompt_tokenizer = model.prompt_tokenizer, None
    with pytest.raises(ValueError, match="must carry its tokenizer"):
        export(model, tmp_path)
    path = export(model, tmp_path, tokenizer=tokenizer)
    model.prompt_tokenizer = tokenizer
    check_equal(call(path, inputs_for(model, photographs)), model, photographs)


def test_errors(make_model, tmp_path):
    with pytest.raises(ValueError, match=r"takes no tokenizer. Received: inputs=\['images'\]"):
        export(make_model(1, with_words=False), tmp_path, tokenizer=PromptTokenizer(["red"]))
    for threshold in (0.0, 1.0, -1, 2):
        with pytest.raises(ValueError, match="threshold must lie between 0 and 1"):
            export(make_model(1), tmp_path, threshold=threshold)
    with pytest.raises(ValueError, match="Received: num_classes=257"):
        export(make_model(257), tmp_path)
    model = make_model(1)
    pooled = keras.layers.GlobalAveragePooling2D()(model.output)
    for outputs in (pooled, {"labels": model.output}, {"segmentation_masks": pooled}):
        other = keras.Model(model.input, outputs)
        other.image_size, other.prompt_tokenizer = model.image_size, model.prompt_tokenizer
        with pytest.raises(ValueError, match="Give it a segmentation head"):
            export(other, tmp_path)
    assert not list(tmp_path.iterdir())
