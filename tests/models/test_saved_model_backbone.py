"""A TF-Hub backbone inside a segmenter: fine-tuned, saved, loaded in a new process, exported."""

import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest

IMAGE_SIZE = (16, 24)
PHRASES = ["red circle", "green square", "red square", "the circle"]


def make_model(source, dtype=None, with_words=True):
    from kmm import decoders, encoders, fusion, heads, models
    from kmm.preprocessing import PromptTokenizer

    tokenizer = PromptTokenizer(["red", "green", "circle", "square"], sequence_length=4)
    words = {
        "context_encoders": {"text": encoders.LSTMTextEncoder(tokenizer.vocabulary_size, 4, 6, dtype=dtype)},
        "fusions": {"P2": fusion.ConcatFusion(6, dtype=dtype)},
        "prompt_tokenizer": tokenizer,
    }
    return models.MultimodalModel(
        image_encoder=encoders.SavedModelImageEncoder(
            source, IMAGE_SIZE, arguments={"return_endpoints": True}, value_range=(-1, 1), dtype=dtype
        ),
        decoder=decoders.FCNDecoder(6, levels=("P1", "P2"), dtype=dtype),
        heads={"segmentation_masks": heads.SegmentationHead(1, dtype=dtype)},
        dtype=dtype,
        **(words if with_words else {}),
    )


def make_data(model):
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (4, *IMAGE_SIZE, 3), dtype="uint8")
    tokenizer = model.prompt_tokenizer
    words = {name: np.asarray(value) for name, value in tokenizer(PHRASES).items()} if tokenizer else {}
    return {"images": images, **words}, random.integers(0, 2, (4, *IMAGE_SIZE), dtype="uint8")


def compile_model(model):
    import keras

    from kmm import losses

    schedule = keras.optimizers.schedules.CosineDecay(0.01, 40)
    model.compile(keras.optimizers.AdamW(schedule, weight_decay=0.01), losses.BinaryCrossEntropyDice())


def train(model, steps):
    inputs, masks = make_data(model)
    for _ in range(steps):
        model.train_on_batch(inputs, masks)


def state_of(model):
    """Every number that training changes, by path."""
    state = {f"weights/{number}": np.array(value) for number, value in enumerate(model.get_weights())}
    state |= {f"optimizer/{n}": np.array(keras_value) for n, keras_value in enumerate(model.optimizer.variables)}
    return {**state, "answer": np.array(model(make_data(model)[0]))}


def moved(before, after):
    return [not np.array_equal(one, other) for one, other in zip(before, after, strict=True)]


def prepare_process():
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    tf.config.experimental.enable_op_determinism()


def first_process(folder):
    """Train, save in the middle, train on."""
    prepare_process()
    folder = pathlib.Path(folder)
    for dtype in ("float32", "mixed_bfloat16"):
        model = make_model(folder / "source", dtype)
        compile_model(model)
        train(model, 10)
        model.save(folder / f"{dtype}.keras")
        np.savez(folder / f"{dtype}_saved.npz", **state_of(model))
        train(model, 10)
        np.savez(folder / f"{dtype}_trained.npz", **state_of(model))


def second_process(folder):
    """Load, and train on as if nothing had happened; export, and ask as a server does."""
    prepare_process()
    import keras

    from kmm.export import SavedModelSession, export_saved_model

    folder = pathlib.Path(folder)
    for dtype in ("float32", "mixed_bfloat16"):
        model = keras.models.load_model(folder / f"{dtype}.keras", safe_mode=False)
        np.savez(folder / f"{dtype}_loaded.npz", **state_of(model))
        train(model, 10)
        np.savez(folder / f"{dtype}_continued.npz", **state_of(model))
        export = export_saved_model(model, folder / f"{dtype}_export", verify=False)
        with SavedModelSession(export) as session:
            answer = session.run({"image_bytes": png_files(model), "prompt": [text.encode() for text in PHRASES]})
        np.savez(folder / f"{dtype}_served.npz", score=answer["score"], mask=answer["mask"])


def png_files(model):
    import tensorflow as tf

    return [tf.io.encode_png(image).numpy() for image in make_data(model)[0]["images"]]


def run(function, *arguments):
    """Call a function of this file in a process of its own."""
    root = pathlib.Path(__file__).parents[2]
    program = f"import sys\nfrom tests.models.test_saved_model_backbone import {function}\n{function}(*sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=root,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def same(one, other):
    """All arrays of two files equal to the bit."""
    one, other = dict(np.load(one)), dict(np.load(other))
    different = [name for name in one.keys() | other.keys() if not np.array_equal(one.get(name), other.get(name))]
    return not different, different


@pytest.mark.slow
def test_a_new_process_continues_as_if_never_stopped(tmp_path):
    from kmm.preprocessing import masks_from_logits, scores_from_logits
    from tests.cases import saved_modules

    saved_modules.write(tmp_path / "source", *saved_modules.conv_backbone())
    run("first_process", tmp_path)
    shutil.rmtree(tmp_path / "source")
    run("second_process", tmp_path)
    for dtype in ("float32", "mixed_bfloat16"):
        files = {name: tmp_path / f"{dtype}_{name}.npz" for name in ("saved", "loaded", "trained", "continued")}
        assert same(files["saved"], files["loaded"]) == (True, [])
        assert same(files["trained"], files["continued"]) == (True, [])
        assert not same(files["saved"], files["trained"])[0]
        logits, served = np.load(files["continued"])["answer"], np.load(tmp_path / f"{dtype}_served.npz")
        np.testing.assert_allclose(served["score"], scores_from_logits(logits, 0.5), rtol=1e-3, atol=1e-6)
        assert (served["mask"] == masks_from_logits(logits, threshold=0.5).numpy()).mean() > 0.99
    assert len(list(tmp_path.glob("*_export/1/variables/*data*"))) == 2


def mirrored_process(folder):
    """Two replicas, each with half of the batch, against one that sees it all."""
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    prepare_process()
    import keras

    folder = pathlib.Path(folder)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        mirrored = make_model(folder / "source")
        compile_model(mirrored)
    assert len(mirrored.weights[0].value.values) == 2  # one copy on each replica
    alone = make_model(folder / "source")
    compile_model(alone)
    alone.set_weights(mirrored.get_weights())
    before = mirrored.image_encoder.get_weights()
    inputs, masks = make_data(mirrored)
    half = {name: np.concatenate([value[:2]] * 2) for name, value in inputs.items()}
    half_masks = np.concatenate([masks[:2]] * 2)  # the same for both, so that statistics are those of one
    for model in (mirrored, alone):
        model.fit(tf.data.Dataset.from_tensors((half, half_masks)).repeat(), steps_per_epoch=5, epochs=2, verbose=0)
    assert all(moved(before, mirrored.image_encoder.get_weights()))
    for one, other in zip(mirrored.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-2, atol=1e-3)

    mirrored.save(folder / "model.keras")
    shutil.rmtree(folder / "source")
    from kmm.utils.saved_model_files import SavedModelFiles

    SavedModelFiles._alive.clear()
    with strategy.scope():
        loaded = keras.models.load_model(folder / "model.keras", safe_mode=False)
    single = keras.models.load_model(folder / "model.keras", safe_mode=False)
    assert len(loaded.weights[0].value.values) == 2
    expected = mirrored.predict(inputs, verbose=0)
    for model in (loaded, single):
        np.testing.assert_allclose(model.predict(inputs, verbose=0), expected, rtol=1e-5, atol=1e-6)
    for one, other in zip(mirrored.optimizer.variables, loaded.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.array(one), np.array(other))
    before = loaded.image_encoder.get_weights()
    loaded.fit(tf.data.Dataset.from_tensors((half, half_masks)), verbose=0)
    assert all(moved(before, loaded.image_encoder.get_weights()))


@pytest.mark.slow
def test_mirrored_replicas_train_it_too(tmp_path):
    from tests.cases import saved_modules

    saved_modules.write(tmp_path / "source", *saved_modules.conv_backbone())
    run("mirrored_process", tmp_path)  # fails where an assertion of that process fails
    assert (tmp_path / "model.keras").exists() and not (tmp_path / "source").exists(), "the process ran to its end"
