"""What both losses promise: weights, ignored pixels, leading dimensions, dtypes, `model.fit`."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kmm.losses import BinaryCrossEntropyDice, SegmentationCrossEntropy
from kmm.losses.segmentation_loss import SegmentationLoss

CASES = [
    pytest.param(SegmentationCrossEntropy, 3, id="cross_entropy"),
    pytest.param(BinaryCrossEntropyDice, 1, id="binary"),
]


def random_batch(num_channels, leading=(4,), seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, max(num_channels, 2), (*leading, 5, 6)).astype("uint8")
    labels[rng.random(labels.shape) < 0.2] = 255
    return labels, 3 * rng.normal(size=(*leading, 5, 6, num_channels)).astype("float32")


@pytest.mark.slow
@pytest.mark.parametrize("cls, num_channels", CASES)
class TestBothLosses:
    def test_leading_dimensions_are_only_a_shape(self, cls, num_channels):
        labels, logits = random_batch(num_channels, (2, 3))
        losses = cls(reduction=None)(labels, logits)
        assert tuple(losses.shape) == (2, 3)
        flat = cls(reduction=None)(labels.reshape(6, 5, 6), logits.reshape(6, 5, 6, num_channels))
        np.testing.assert_allclose(np.ravel(losses), flat, rtol=1e-6)
        one = cls(reduction=None)(labels[0, 0], logits[0, 0])
        np.testing.assert_allclose(one, losses[0, 0], rtol=1e-6)
        np.testing.assert_allclose(cls()(labels, logits), np.mean(losses), rtol=1e-6)

    @pytest.mark.parametrize("dtype", ["int32", "int64", "float32", "float64"])
    def test_label_dtype_does_not_matter(self, cls, num_channels, dtype):
        labels, logits = random_batch(num_channels)
        assert float(cls()(labels, logits)) == float(cls()(labels.astype(dtype), logits))

    def test_ignored_pixels_count_nowhere(self, cls, num_channels):
        labels, logits = random_batch(num_channels)
        changed = np.where((labels == 255)[..., None], 50.0, logits).astype("float32")
        np.testing.assert_array_equal(cls(reduction=None)(labels, logits), cls(reduction=None)(labels, changed))
        logits = tf.constant(logits)
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = cls()(labels, logits)
        gradients = tape.gradient(loss, logits).numpy()
        assert np.all(gradients[labels == 255] == 0)
        assert np.all(gradients[labels != 255] != 0)

    def test_other_ignore_value(self, cls, num_channels):
        labels, logits = random_batch(num_channels)
        signed = np.where(labels == 255, -1, labels.astype("int32"))
        assert float(cls(ignore_value=-1)(signed, logits)) == float(cls()(labels, logits))

    def test_sample_without_counted_pixels_costs_nothing(self, cls, num_channels):
        labels, logits = random_batch(num_channels)
        labels[1] = 255
        logits = tf.constant(logits)
        with tf.GradientTape() as tape:
            tape.watch(logits)
            losses = cls(reduction=None)(labels, logits)
            loss = tf.reduce_sum(losses)
        gradients = tape.gradient(loss, logits).numpy()
        assert losses[1] == 0 and np.all(np.delete(losses, 1) > 0)
        assert np.all(np.isfinite(gradients)) and np.all(gradients[1] == 0)
        np.testing.assert_allclose(cls()(labels, logits), np.sum(losses) / 4, rtol=1e-6)

    def test_bfloat16_logits_are_computed_in_float32(self, cls, num_channels):
        labels, logits = random_batch(num_channels)
        logits = tf.cast(logits, "bfloat16")
        loss = cls()(labels, logits)
        assert loss.dtype == tf.float32
        assert float(loss) == float(cls()(labels, tf.cast(logits, "float32")))

    @pytest.mark.parametrize("reduction", ["sum", "sum_over_batch_size", "mean_with_sample_weight", None])
    def test_equal_pixel_weights_are_a_sample_weight(self, cls, num_channels, reduction):
        labels, logits = random_batch(num_channels)
        labels[3] = 255
        weights = np.array([0.0, 0.5, 3.0, 1.0], "float32")
        pixel_weights = np.broadcast_to(weights[:, None, None], labels.shape)
        loss = cls(reduction=reduction)
        by_sample = loss(labels[:3], logits[:3], weights[:3])
        by_pixel = loss(labels[:3], logits[:3], pixel_weights[:3])
        np.testing.assert_allclose(by_pixel, by_sample, rtol=1e-5)
        assert np.all(np.isfinite(loss(labels, logits, pixel_weights)))

    def test_pixel_of_weight_zero_is_an_ignored_pixel(self, cls, num_channels):
        labels, logits = random_batch(num_channels)
        weights = np.random.default_rng(1).integers(0, 2, labels.shape).astype("float32")
        loss = cls(reduction="mean_with_sample_weight")
        for sample in range(4):
            weighted = loss(labels[sample], logits[sample], weights[sample])
            ignored = loss(np.where(weights[sample] == 0, 255, labels[sample]), logits[sample])
            share = weights[sample][labels[sample] != 255].mean()  # a scalar loss is not divided by its weight
            np.testing.assert_allclose(weighted, share * float(ignored), rtol=1e-5)

    def test_weights_of_the_first_axis(self, cls, num_channels):
        labels, logits = random_batch(num_channels, (2, 3))
        losses = cls(reduction=None)(labels, logits).numpy()
        weights = np.array([2.0, 0.5], "float32")
        weighted = cls(reduction=None)(labels, logits, weights)
        np.testing.assert_allclose(weighted, losses * weights[:, None], rtol=1e-6)
        every = np.arange(6.0, dtype="float32").reshape(2, 3)
        np.testing.assert_allclose(cls(reduction="sum")(labels, logits, every), np.sum(losses * every), rtol=1e-6)

    def test_unknown_sizes_give_the_same_loss(self, cls, num_channels):
        labels, logits = random_batch(num_channels, (2, 3))
        loss = cls()
        signature = [
            tf.TensorSpec((None, None, None, None), tf.uint8),
            tf.TensorSpec((None, None, None, None, num_channels)),
        ]
        compiled = tf.function(lambda y_true, y_pred: loss(y_true, y_pred), input_signature=signature)
        np.testing.assert_allclose(compiled(labels, logits), loss(labels, logits), rtol=1e-6)

    def test_compiles_with_xla(self, cls, num_channels):
        """Keras compiles the training step on a GPU."""
        labels, logits = random_batch(num_channels)
        loss, logits = cls(), tf.constant(logits)

        def gradients():
            with tf.GradientTape() as tape:
                tape.watch(logits)
                value = loss(labels, logits)
            return tape.gradient(value, logits)

        np.testing.assert_allclose(tf.function(gradients, jit_compile=True)(), gradients(), rtol=1e-4, atol=1e-7)

    def test_gradient_step_lowers_the_loss(self, cls, num_channels):
        labels, logits = random_batch(num_channels)
        logits, loss = tf.constant(logits), cls()
        with tf.GradientTape() as tape:
            tape.watch(logits)
            before = loss(labels, logits)
        after = loss(labels, logits - 5.0 * tape.gradient(before, logits))
        assert float(after) < float(before)

    @pytest.mark.parametrize("shape", [(4, 6), (4, 5, 6, 1), (5,)])
    def test_wrong_weight_shape_is_refused(self, cls, num_channels, shape):
        labels, logits = random_batch(num_channels)
        if shape == (5,):
            labels, logits = labels[0], logits[0]
        with pytest.raises(ValueError, match="one value for each sample or one for each pixel. Received: sample_wei"):
            cls()(labels, logits, np.ones(shape, "float32"))

    def test_wrong_ranks_are_refused(self, cls, num_channels):
        labels, logits = random_batch(num_channels)
        with pytest.raises(ValueError, match=r"y_true.shape=\(4, 5, 6, 1\).*Squeeze a channel axis"):
            cls()(labels[..., None], logits)
        with pytest.raises(ValueError, match=r"Labels must be \(..., height, width\)"):
            cls()(labels[0, 0], logits[0, 0])

    @pytest.mark.parametrize("shape", [(4, 1, 1), (4, 5, 3), (1, 5, 6)])
    def test_other_sizes_are_refused(self, cls, num_channels, shape):
        labels, _ = random_batch(num_channels)
        with pytest.raises(
            ValueError, match=r"agree in all axes but the last.*y_true.shape=\(4, 5, 6\).*Resize the masks"
        ):
            cls()(labels, np.zeros((*shape, num_channels), "float32"))

    def test_float16_logits_of_many_pixels(self, cls, num_channels):
        """More pixels than float16 can count, in float32."""
        labels, logits = np.zeros((1, 300, 300)), np.zeros((1, 300, 300, num_channels), "float16")
        np.testing.assert_allclose(cls()(labels, logits), cls(dtype="float64")(labels, logits), rtol=1e-5)
        with pytest.raises(ValueError, match="float16 ends at 65504. Received: dtype=float16. Use dtype='float32'"):
            cls(dtype="float16")

    def test_ignore_value_must_be_an_int(self, cls, num_channels):
        with pytest.raises(TypeError, match="ignore_value must be an int. Received: ignore_value=None"):
            cls(ignore_value=None)

    @pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
    @pytest.mark.parametrize("weights", ["none", "samples", "pixels"])
    def test_fit(self, cls, num_channels, policy, weights):
        labels, images = random_batch(num_channels)
        sample_weights = {
            "none": (),
            "samples": (np.array([0.0, 1.0, 2.0, 3.0], "float32"),),
            "pixels": (np.random.default_rng(1).random(labels.shape).astype("float32"),),
        }[weights]
        dataset = tf.data.Dataset.from_tensor_slices((images, labels, *sample_weights)).batch(2)
        inputs = keras.Input((None, None, num_channels))
        outputs = keras.layers.Conv2D(num_channels, 1, dtype=policy)(inputs)
        model = keras.Model(inputs, keras.layers.Activation("linear", dtype="float32")(outputs))
        model.compile(optimizer=keras.optimizers.SGD(0.1), loss=cls())
        expected = cls()(labels, model.predict(images, verbose=0), *sample_weights)
        np.testing.assert_allclose(model.evaluate(dataset, verbose=0), expected, rtol=1e-5)
        losses = model.fit(dataset, epochs=4, shuffle=False, verbose=0).history["loss"]
        assert np.all(np.isfinite(losses)) and losses[-1] < losses[0]

    def test_compiled_model_survives_saving(self, cls, num_channels, tmp_path):
        labels, images = random_batch(num_channels)
        model = keras.Sequential([keras.Input((5, 6, num_channels)), keras.layers.Conv2D(num_channels, 1)])
        model.compile(optimizer="sgd", loss=cls(ignore_value=-1, name="other"))
        signed = np.where(labels == 255, -1, labels.astype("int32"))
        model.train_on_batch(images, signed)
        before = model.evaluate(images, signed, verbose=0)
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        assert loaded.loss.name == "other"
        np.testing.assert_allclose(loaded.evaluate(images, signed, verbose=0), before, rtol=1e-6)


def test_subclass_must_implement_sample_losses():
    with pytest.raises(NotImplementedError, match="SegmentationLoss must implement sample_losses"):
        SegmentationLoss()(np.zeros((1, 2, 2)), np.zeros((1, 2, 2, 1)))
