"""Training on two replicas, in processes of their own: logical devices are set before TensorFlow starts."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from kmm.utils.replicated_model import ReplicatedModel

PROGRAM = """
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras, kmm

words = kmm.preprocessing.PromptTokenizer(["red", "green", "circle"], sequence_length=4)
small = {"widths": (4, 6), "blocks": 0, "text_units": 4, "fusion_filters": 8, "num_steps": 1, "decoder_filters": 4}

def make():
    keras.utils.set_random_seed(0)
    model = kmm.models.referring_segmenter((16, 16), words, fusion="ConcatFusion", **small)
    trained = model if num_prompts is None else model.for_prompts(num_prompts)
    trained.compile("sgd", kmm.losses.BinaryCrossEntropyDice(), metrics=[kmm.metrics.OverallIoU()])
    return model, trained

strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
for num_prompts in (None, 2):
    with strategy.scope():
        mirrored, mirrored_trained = make()
    alone, alone_trained = make()
    alone.set_weights(mirrored.get_weights())
    prompts = np.array(["red circle", ""] * 2 if num_prompts is None else [["red circle", "green"], ["", "circle"]] * 2)
    inputs = {"images": np.tile(np.random.default_rng(0).uniform(0, 255, (2, 16, 16, 3)), (2, 1, 1, 1)),
              **{key: value.numpy() for key, value in words(prompts.tolist()).items()}}
    masks = np.random.default_rng(1).integers(0, 2, (*prompts[:2].shape, 16, 16)).astype("uint8")
    batches = tf.data.Dataset.from_tensors((inputs, np.concatenate([masks, masks]))).repeat()
    for trained in (mirrored_trained, alone_trained):
        trained.fit(batches, steps_per_epoch=3, epochs=2, verbose=0)
    assert mirrored.weights[0].value.values[1] is not None
    for one, other in zip(mirrored.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)
print("equal")
"""


@pytest.mark.slow
def test_models_that_read_words_train_on_two_replicas():
    """Both replicas see the same half, so that batch statistics, and then all weights, are those of one device."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.stdout.strip().endswith("equal"), done.stderr[-3000:]


def test_saved_and_loaded_like_any_functional_model(tmp_path):
    inputs = keras.Input((3,), name="features")
    model = ReplicatedModel(inputs, keras.layers.Dense(2)(inputs), name="mine")
    model.compile("adam", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.name == "mine" and loaded.input.name == "features"
    np.testing.assert_array_equal(loaded.predict(np.ones((2, 3)), verbose=0), model.predict(np.ones((2, 3)), verbose=0))
