import keras
import numpy as np
import pytest

import kmm
from kmm.training import ResumableCheckpoint

random = np.random.default_rng(0)
INPUTS, TARGETS = random.normal(size=(8, 3)).astype("float32"), random.normal(size=(8, 1)).astype("float32")


def make_model(seed=0):
    keras.utils.set_random_seed(seed)
    layers = keras.layers.Dense(4), keras.layers.BatchNormalization(), keras.layers.Dense(1)
    model = keras.Sequential([keras.Input((3,)), *layers])
    model.compile(keras.optimizers.AdamW(0.05), "mse", run_eagerly=True)
    return model


def train(model, directory, epochs, initial_epoch=0):
    options = {"epochs": epochs, "initial_epoch": initial_epoch, "callbacks": [ResumableCheckpoint(directory)]}
    model.fit(INPUTS, TARGETS, batch_size=4, shuffle=False, verbose=0, **options)


def resume(directory, seed=1):
    """A fresh model, as a new process has it, and the epoch it goes on with."""
    model = make_model(seed)
    return model, ResumableCheckpoint(directory).restore(model)


def state(model):
    return [np.array(variable) for variable in (*model.variables, *model.optimizer.variables)]


def assert_same_state(one, other):
    for array, expected in zip(state(one), state(other), strict=True):
        np.testing.assert_array_equal(array, expected)


def test_restores_weights_statistics_optimizer_and_epoch(tmp_path):
    model = make_model()
    train(model, tmp_path, epochs=3)
    restored, epoch = resume(tmp_path)
    assert epoch == 3 and restored.optimizer.iterations == 6
    assert_same_state(restored, model)


def test_restores_every_weight_of_layers_in_lists_and_dicts(tmp_path):
    """Keras hands TensorFlow only the layers that are attributes; statistics of all others must be saved too."""

    def make(seed):
        keras.utils.set_random_seed(seed)
        features = {level: keras.Input((side, side, 3), name=level) for level, side in (("P2", 4), ("P3", 2))}
        model = keras.Model(features, kmm.decoders.FCNDecoder(4, levels=("P2", "P3"))(features))
        model.compile("adam", "mse")
        return model

    model, restored = make(0), make(1)
    for weight in model.weights:
        weight.assign(random.normal(size=weight.shape))
    checkpoint = ResumableCheckpoint(tmp_path)
    checkpoint.set_model(model)
    checkpoint.on_train_begin()
    checkpoint.on_epoch_end(0, {"loss": 1.0})
    assert ResumableCheckpoint(tmp_path).restore(restored) == 1
    for weight, expected in zip(restored.weights, model.weights, strict=True):
        np.testing.assert_array_equal(weight, expected, weight.path)


def test_interrupted_run_ends_like_an_uninterrupted_one(tmp_path):
    whole = make_model()
    train(whole, tmp_path / "whole", epochs=4)
    train(make_model(), tmp_path / "halves", epochs=2)
    model, epoch = resume(tmp_path / "halves")
    train(model, tmp_path / "halves", epochs=4, initial_epoch=epoch)
    assert_same_state(model, whole)
    assert resume(tmp_path / "halves")[1] == 4


def test_the_same_callback_restores_and_goes_on(tmp_path):
    train(make_model(), tmp_path, epochs=2)
    model, checkpoint = make_model(seed=1), ResumableCheckpoint(tmp_path)
    epoch = checkpoint.restore(model)
    options = {"callbacks": [checkpoint], "shuffle": False, "verbose": 0}
    model.fit(INPUTS, TARGETS, batch_size=4, epochs=3, initial_epoch=epoch, **options)
    restored, epoch = resume(tmp_path)
    assert epoch == 3
    assert_same_state(restored, model)


@pytest.mark.slow
@pytest.mark.parametrize("file", ["ckpt-2.index", "ckpt-2.data-00000-of-00001"])
@pytest.mark.parametrize("damage", ["emptied", "cut", "garbled", "removed"])
def test_falls_back_to_the_one_before_when_the_newest_is_damaged(tmp_path, file, damage):
    train(make_model(), tmp_path / "one", epochs=1)
    train(make_model(), tmp_path / "two", epochs=2)
    path = tmp_path / "two" / file
    content = path.read_bytes()
    damaged = {"emptied": b"", "cut": content[: len(content) * 2 // 3], "garbled": content[::-1], "removed": None}[
        damage
    ]
    path.unlink() if damaged is None else path.write_bytes(damaged)
    restored, epoch = resume(tmp_path / "two")
    expected, _ = resume(tmp_path / "one")
    assert epoch == 1
    assert_same_state(restored, expected)
    train(restored, tmp_path / "two", epochs=2, initial_epoch=1)
    assert resume(tmp_path / "two")[1] == 2, "and the run goes on from there"


def test_begins_anew_without_a_checkpoint(tmp_path):
    model, epoch = resume(tmp_path / "nothing")
    assert epoch == 0
    for weight, expected in zip(model.get_weights(), make_model(seed=1).get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected)


@pytest.mark.parametrize("loss", [np.nan, np.inf])
def test_refuses_weights_that_are_not_finite(tmp_path, loss):
    train(make_model(), tmp_path, epochs=1)
    model, checkpoint = make_model(), ResumableCheckpoint(tmp_path)
    checkpoint.set_model(model)
    checkpoint.on_train_begin()
    with pytest.raises(FloatingPointError, match=f"Received: loss={loss} in epoch 2.*lower the learning rate"):
        checkpoint.on_epoch_end(1, {"loss": loss})
    assert resume(tmp_path)[1] == 1, "the epoch before is kept"


def test_refuses_a_diverging_run(tmp_path):
    model = make_model()
    with pytest.raises(FloatingPointError, match="The loss must be finite"):
        model.fit(INPUTS, np.full((8, 1), np.nan), verbose=0, callbacks=[ResumableCheckpoint(tmp_path)])
    assert resume(tmp_path)[1] == 0


def test_keeps_two_and_removes_all(tmp_path):
    checkpoint = ResumableCheckpoint(tmp_path / "checkpoints")
    model = make_model()
    model.fit(INPUTS, TARGETS, epochs=4, verbose=0, callbacks=[checkpoint])
    assert len(list((tmp_path / "checkpoints").glob("*.index"))) == 2
    checkpoint.remove()
    assert not (tmp_path / "checkpoints").exists()
    checkpoint.remove()
