import keras
import numpy as np
import pytest

from kmm.utils.functional_model import FunctionalModel


@keras.saving.register_keras_serializable(package="kmm_tests")
class Scorer(FunctionalModel):
    """The smallest subclass: parts, graph, config."""

    def __init__(self, units, dtype=None, **kwargs):
        dense = keras.layers.Dense(units, name="dense", dtype=dtype)
        inputs = keras.Input((3,), name="features")
        super().__init__(inputs=inputs, outputs=dense(inputs), dtype=dtype, **kwargs)
        self.units = units

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("trainable", [True, False])
def test_file_keeps_arguments_policy_and_trainable(tmp_path, dtype, trainable):
    model = Scorer(units=2, dtype=dtype, name="mine")
    model.trainable = trainable
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert (loaded.units, loaded.name, loaded.trainable) == (2, "mine", trainable)
    assert loaded.dtype_policy.name == loaded.get_layer("dense").dtype_policy.name == dtype
    assert not loaded.trainable_weights or trainable
    inputs = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    np.testing.assert_array_equal(loaded(inputs), model(inputs))


def test_config_is_left_as_it_was():
    config = Scorer(units=2).get_config()
    before = dict(config)
    Scorer.from_config(config)
    assert config == before and set(config) == {"name", "trainable", "dtype", "frozen", "units"}


def test_default_policy():
    assert Scorer(units=2).dtype_policy.name == keras.config.dtype_policy().name


def test_frozen_from_the_start():
    model = Scorer(units=2, trainable=False)
    outer = keras.Sequential([model, keras.layers.Dense(1, name="head")])
    assert len(outer.weights) == 4 and not model.trainable_weights
    assert [weight.path.split("/", 1)[1] for weight in outer.trainable_weights] == ["head/kernel", "head/bias"]
