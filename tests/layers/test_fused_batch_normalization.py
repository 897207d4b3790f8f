import keras
import numpy as np
import pytest

from kmm.layers import FusedBatchNormalization

OPTIONS = {"momentum": 0.8, "epsilon": 0.01}


def batches(count=4):
    random = np.random.default_rng(0)
    return [(3 + 2 * random.normal(size=(2, 4, 5, 3))).astype("float32") for _ in range(count)]


def pair(**options):
    """Ours and Keras' own with the same scale and offset, none of them trivial."""
    layers = FusedBatchNormalization(**OPTIONS, **options), keras.layers.BatchNormalization(**OPTIONS, **options)
    for layer in layers:
        layer.build((None, 4, 5, 3))
        layer.gamma.assign([0.5, 1.0, 2.0])
        layer.beta.assign([-1.0, 0.0, 1.0])
    return layers


def as_float32(tensor):
    return keras.ops.convert_to_numpy(keras.ops.cast(tensor, "float32"))


@pytest.mark.parametrize("dtype, tolerance", [("float32", 1e-5), ("mixed_bfloat16", 0.05)])
def test_equals_keras(dtype, tolerance):
    ours, keras_own = pair(dtype=dtype)
    for batch in batches():
        outputs = ours(batch, training=True)
        assert outputs.dtype == ours.compute_dtype
        expected = as_float32(keras_own(batch, training=True))
        np.testing.assert_allclose(as_float32(outputs), expected, rtol=tolerance, atol=tolerance)
    for name in ("moving_mean", "moving_variance"):
        moving = getattr(ours, name)
        assert moving.dtype == "float32"
        np.testing.assert_allclose(moving, getattr(keras_own, name), rtol=tolerance)
    expected = as_float32(keras_own(batches(1)[0], training=False))
    np.testing.assert_allclose(as_float32(ours(batches(1)[0])), expected, rtol=tolerance, atol=tolerance)


def test_gradients_equal_keras():
    import tensorflow as tf

    gradients = []
    for layer in pair():
        inputs = tf.Variable(batches(1)[0])
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.sin(layer(inputs, training=True)))
        gradients.append(tape.gradient(loss, [inputs, *(weight.value for weight in layer.trainable_weights)]))
    for ours, expected in zip(*gradients, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-3, atol=1e-4)


def test_frozen_layer_uses_and_keeps_its_statistics():
    ours, keras_own = pair()
    for layer in (ours, keras_own):
        layer(batches()[0], training=True)
        layer.trainable = False
    before = [np.array(weight) for weight in ours.get_weights()]
    outputs = ours(batches()[1], training=True)
    np.testing.assert_allclose(outputs, keras_own(batches()[1], training=True), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(outputs, ours(batches()[1], training=False))
    for weight, kept in zip(ours.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, kept)


def test_statistics_move_inside_fit():
    model = keras.Sequential([keras.Input((4, 5, 3)), FusedBatchNormalization(momentum=0.5, name="norm")])
    model.compile("sgd", "mse")
    batch = batches(1)[0]
    model.fit(batch, batch, verbose=0, batch_size=2)
    moved = model.get_layer("norm").moving_mean
    np.testing.assert_allclose(moved, batch.mean((0, 1, 2)) / 2, rtol=1e-4)


def test_refuses_other_ranks():
    with pytest.raises(ValueError, match=r"Received: input_shape=\(2, 3\). Use keras.layers.BatchNormalization"):
        FusedBatchNormalization()(np.ones((2, 3)))
