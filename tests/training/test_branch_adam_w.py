import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from kmm.training import BranchAdamW

GRADIENTS = [np.random.default_rng(step).normal(size=3).astype("float32") for step in range(5)]
START = np.array([1.0, -2.0, 0.5], "float32")
OPTIONS = {"weight_decay": 0.1, "beta_1": 0.8}


def variable(path):
    with contextlib.ExitStack() as scopes:
        for name in path.split("/"):
            scopes.enter_context(keras.name_scope(name))
        return keras.Variable(START, name="kernel")


def steps(optimizer, variables, gradients=GRADIENTS):
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(gradient)] * len(variables), variables)
    return [value.numpy() for value in variables]


def small_model():
    inputs = x = keras.Input((2,))
    for name in ("encoder", "encoder_norm", "decoder"):
        x = keras.layers.Dense(3, name=name)(x)
    return keras.Model(inputs, x)


DATA = np.random.default_rng(0).normal(size=(8, 2)), np.random.default_rng(1).normal(size=(8, 3))


@pytest.mark.parametrize("clipping", [{}, {"global_clipnorm": 0.5}, {"gradient_accumulation_steps": 2}])
def test_every_branch_moves_as_under_adam_w_of_its_own_rate(clipping):
    """Weight decay included, with a schedule; only clipping by the global norm looks at all variables together."""
    rates = {"a": 1.0, "b": 0.1, "c": 3.0}
    schedule = keras.optimizers.schedules.ExponentialDecay(0.05, 2, 0.5)
    optimizer = BranchAdamW(schedule, {"b": 0.1, "c": 3.0}, **OPTIONS, **clipping)
    found = steps(optimizer, [variable(name) for name in rates])
    for values, rate in zip(found, rates.values(), strict=True):
        slower = keras.optimizers.schedules.ExponentialDecay(0.05 * rate, 2, 0.5)
        alone = keras.optimizers.AdamW(slower, **OPTIONS, **clipping)
        expected = steps(alone, [variable("same") for _ in rates])[0]
        np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-6)
        assert not np.allclose(values, START)


def test_one_step_by_hand():
    optimizer = BranchAdamW(0.1, {"slow": 0.25}, weight_decay=0.2)
    found = steps(optimizer, [variable("slow")], GRADIENTS[:1])[0]
    np.testing.assert_allclose(found, START * (1 - 0.1 * 0.25 * 0.2) - 0.1 * 0.25 * np.sign(GRADIENTS[0]), rtol=1e-4)


def test_variables_excluded_from_decay_stay_so():
    optimizer = BranchAdamW(0.1, {"slow": 0.5}, weight_decay=0.2)
    weight = variable("slow")
    optimizer.exclude_from_weight_decay(var_list=[weight])
    found = steps(optimizer, [weight], [np.zeros(3, "float32")])[0]
    np.testing.assert_array_equal(found, START)


def test_names_are_compared_whole_and_the_first_that_fits_wins():
    names = ["encoder", "encoder_norm", "decoder", "encoder/kernel"]
    optimizer = BranchAdamW(0.1, {"encoder/deep": 0.0, "encoder": 0.5, "encoder/kernel": 9.0})
    optimizer.build([variable(name) for name in [*names, "encoder/deep"]])
    assert list(optimizer._factors) == [0.5, 1.0, 1.0, 0.5, 0.0]


def test_zero_keeps_variables():
    optimizer = BranchAdamW(0.1, {"still": 0.0}, weight_decay=0.5)
    still, moving = steps(optimizer, [variable("still"), variable("moving")])
    np.testing.assert_array_equal(still, START)
    assert not np.allclose(moving, START)


def test_is_saved_with_the_model_and_goes_on(tmp_path):
    """Training, saving, loading and training equals training on, to the bit."""
    model = small_model()
    model.compile(BranchAdamW(0.05, {"encoder": 0.1}, weight_decay=0.01), "mse")
    model.fit(*DATA, epochs=2, batch_size=8, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.optimizer.multipliers == {"encoder": 0.1} and loaded.optimizer.weight_decay == 0.01
    for trained in (model, loaded):
        trained.fit(*DATA, epochs=2, batch_size=8, shuffle=False, verbose=0)
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_checkpoint_restores_it(tmp_path):
    model, other = small_model(), small_model()
    for each in (model, other):
        each.compile(BranchAdamW(0.05, {"encoder": 0.1}))
        each.optimizer.apply([np.ones(w.shape, "float32") for w in each.weights], each.trainable_variables)
    model.optimizer.apply([np.ones(w.shape, "float32") for w in model.weights], model.trainable_variables)
    path = tf.train.Checkpoint(model=model, optimizer=model.optimizer).save(tmp_path / "point")
    status = tf.train.Checkpoint(model=other, optimizer=other.optimizer).restore(path)
    status.assert_existing_objects_matched()
    for one, two in zip(model.optimizer.variables, other.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one, two)


def test_sparse_gradients_of_an_embedding():
    token_ids = keras.Input((2,), dtype="int32")
    model = keras.Model(token_ids, keras.layers.Embedding(4, 2, name="embedding")(token_ids))
    model.compile(BranchAdamW(0.1, {"embedding": 0.5}, weight_decay=0.0), "mse")
    before = model.get_weights()[0]
    model.fit(np.array([[1, 2]]), np.full((1, 2, 2), 9.0), verbose=0)
    change = model.get_weights()[0] - before
    np.testing.assert_allclose(change, [[0, 0], [0.05, 0.05], [0.05, 0.05], [0, 0]], atol=1e-5)


def test_errors():
    with pytest.raises(ValueError, match=r"must not be negative. Received: multipliers={'b': -1}"):
        BranchAdamW(0.1, {"a": 1, "b": -1})
    optimizer = BranchAdamW(0.1, {"decoder": 0.5, "nowhere": 0.1})
    message = r"must begin the path of a trainable variable. Received: \['nowhere'\].*begin with \['decoder'\]"
    with pytest.raises(ValueError, match=message):
        optimizer.build([variable("decoder")])
