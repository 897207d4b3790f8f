import io
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
    assert sorted(outputs) == ["mask", "mask_png_bytes", "score"]
    assert outputs["mask"].dtype == "uint8" and outputs["score"].dtype == "float32"
    assert outputs["mask"].shape == (len(photographs), *model.image_size)
    assert outputs["score"].shape == outputs["mask_png_bytes"].shape == (len(photographs),)
    for index, expected in enumerate(keras_answer(model, photographs, threshold)):
        assert np.mean(outputs["mask"][index] == expected["mask"]) >= 0.999
        np.testing.assert_allclose(outputs["score"][index], expected["score"], atol=1e-3)
        png = Image.open(io.BytesIO(outputs["mask_png_bytes"][index]))
        assert png.format == "PNG" and png.mode == "L"
        own_mask = np.asarray(png)
        assert own_mask.shape == expected["own_mask"].shape
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
    path = export_saved_model(model, tmp_path_factory.mktemp("export"))
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


def test_signature(exported):
    model, path = exported
    loaded = tf.saved_model.load(path)
    assert list(loaded.signatures) == ["serving_default"]
    signature = loaded.signatures["serving_default"]
    names = ["image_bytes"] + ([] if model.prompt_tokenizer is None else ["prompt"])
    assert signature.structured_input_signature[1] == {n: tf.TensorSpec((None,), tf.string, name=n) for n in names}
    height, width = model.image_size
    assert {name: (spec.dtype, spec.shape.as_list()) for name, spec in signature.structured_outputs.items()} == {
        "mask": (tf.uint8, [None, height, width]),
        "score": (tf.float32, [None]),
        "mask_png_bytes": (tf.string, [None]),
    }


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
    path = export_saved_model(model, tmp_path, threshold=0.7)
    check_equal(call(path, inputs_for(model, photographs)), model, photographs, threshold=0.7)


@pytest.mark.slow
def test_loads_where_only_tensorflow_is_imported(make_model, photographs, tmp_path):
    model = make_model(3)
    path = export_saved_model(model, tmp_path)
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
    path = export_saved_model(model, tmp_path)
    stored = sum(file.stat().st_size for file in (path / "variables").glob("variables.data*"))
    needed = 4 * model.count_params()
    assert needed > 50_000
    assert needed <= stored <= 1.05 * needed + 2000
    assert (path / "saved_model.pb").stat().st_size < 500_000, "no weights inside the graph"


def test_versions_follow_and_nothing_is_overwritten(make_model, tmp_path):
    model = make_model(1)
    first = export_saved_model(model, tmp_path)
    before = (first / "saved_model.pb").read_bytes()
    assert first == tmp_path / "1"
    assert export_saved_model(model, tmp_path) == tmp_path / "2"
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
        export_saved_model(make_model(1), tmp_path)
    assert not list(tmp_path.iterdir())


def test_trains_on_after_the_export(make_model, tmp_path):
    model = make_model(1)
    export_saved_model(model, tmp_path)
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
    path = export_saved_model(model, tmp_path)
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
    with SavedModelSession(export_saved_model(model, tmp_path)) as session:
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
    path = export_saved_model(several, tmp_path)
    check_equal(call(path, inputs_for(model, photographs)), model, photographs)


def test_few_pictures_are_held_at_their_own_size(make_model, tmp_path):
    export_saved_model(make_model(3), tmp_path)
    graph = tf.saved_model.load(tmp_path / "1").signatures["serving_default"].graph.as_graph_def()
    nodes = [node for nodes in (graph.node, *(f.node_def for f in graph.library.function)) for node in nodes]
    loops = [node.attr["parallel_iterations"].i for node in nodes if node.op in ("While", "StatelessWhile")]
    assert len(loops) >= 3 and max(loops) <= 2


def test_bad_requests_are_refused(make_model, photographs, tmp_path):
    path = export_saved_model(make_model(1), tmp_path)
    with SavedModelSession(path) as session:
        for image_bytes, message in ((b"GIF89a", "must be a JPEG or PNG"), (photographs[0][:40], "PNG")):
            with pytest.raises(RuntimeError, match=message):
                session.run({"image_bytes": [photographs[0], image_bytes], "prompt": [b"", b""]})
        with pytest.raises(RuntimeError, match="must have the same length"):
            session.run({"image_bytes": photographs[:2], "prompt": [b"car"]})
        with pytest.raises(RuntimeError, match="rank|shape"):
            session.run({"image_bytes": photographs[0], "prompt": b"car"})
        assert session.run({"image_bytes": photographs[:1], "prompt": [b"car"]})["mask"].shape == (1, 16, 24)


def test_explicit_tokenizer(make_model, photographs, tmp_path):
    model = make_model(1)
    tokenizer, model.prompt_tokenizer = model.prompt_tokenizer, None
    with pytest.raises(ValueError, match="must carry its tokenizer"):
        export_saved_model(model, tmp_path)
    path = export_saved_model(model, tmp_path, tokenizer=tokenizer)
    model.prompt_tokenizer = tokenizer
    check_equal(call(path, inputs_for(model, photographs)), model, photographs)


def test_errors(make_model, tmp_path):
    with pytest.raises(ValueError, match=r"takes no tokenizer. Received: inputs=\['images'\]"):
        export_saved_model(make_model(1, with_words=False), tmp_path, tokenizer=PromptTokenizer(["red"]))
    for threshold in (0.0, 1.0, -1, 2):
        with pytest.raises(ValueError, match="threshold must lie between 0 and 1"):
            export_saved_model(make_model(1), tmp_path, threshold=threshold)
    with pytest.raises(ValueError, match="Received: num_classes=257"):
        export_saved_model(make_model(257), tmp_path)
    model = make_model(1)
    pooled = keras.layers.GlobalAveragePooling2D()(model.output)
    for outputs in (pooled, {"labels": model.output}, {"segmentation_masks": pooled}):
        other = keras.Model(model.input, outputs)
        other.image_size, other.prompt_tokenizer = model.image_size, model.prompt_tokenizer
        with pytest.raises(ValueError, match="Give it a segmentation head"):
            export_saved_model(other, tmp_path)
    assert not list(tmp_path.iterdir())
