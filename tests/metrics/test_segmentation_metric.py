"""What all metrics promise: batches, leading dimensions, ignored pixels, sample weights, `model.fit`."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kmm.metrics import MeanIoU, NoTargetAccuracy, OverallIoU, PixelAccuracy, PrecisionAtIoU, SampleMeanIoU
from kmm.metrics.segmentation_metric import SegmentationMetric

CASES = [
    pytest.param(OverallIoU, {"threshold": 0.3}, id="OverallIoU"),
    pytest.param(SampleMeanIoU, {"threshold": 0.3}, id="SampleMeanIoU"),
    pytest.param(PrecisionAtIoU, {"threshold": 0.3, "iou_threshold": 0.4}, id="PrecisionAtIoU"),
    pytest.param(NoTargetAccuracy, {"threshold": 0.3}, id="NoTargetAccuracy"),
    pytest.param(MeanIoU, {"num_classes": 3}, id="MeanIoU"),
    pytest.param(PixelAccuracy, {"num_classes": 3}, id="PixelAccuracy"),
    pytest.param(PixelAccuracy, {"num_classes": 1}, id="PixelAccuracy-binary"),
]


def random_batch(arguments, leading=(6,), seed=0):
    """Labels with ignored pixels, and logits; some targets and some predictions are empty."""
    num_channels = arguments.get("num_classes", 1)
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, max(num_channels, 2), (int(np.prod(leading)), 4, 5)).astype("uint8")
    logits = rng.normal(size=(*labels.shape, num_channels)).astype("float32")
    labels[::3] = 0
    logits[::6] = -5.0
    labels[rng.random(labels.shape) < 0.2] = 255
    return labels.reshape(*leading, 4, 5), logits.reshape(*leading, 4, 5, num_channels)


def score(metric, *batch):
    metric.reset_state()
    metric.update_state(*batch)
    return float(metric.result())


@pytest.mark.parametrize("cls, arguments", CASES)
class TestAllMetrics:
    def test_batches_do_not_matter(self, cls, arguments):
        labels, logits = random_batch(arguments)
        whole, split = cls(**arguments), cls(**arguments)
        whole.update_state(labels, logits)
        for first, last in ((0, 1), (1, 2), (2, 6)):
            split.update_state(labels[first:last], logits[first:last])
        assert 0 < float(whole.result()) < 1
        assert float(split.result()) == float(whole.result())
        for variable, other in zip(whole.variables, split.variables, strict=True):
            np.testing.assert_array_equal(variable, other)

    def test_leading_dimensions_are_only_a_shape(self, cls, arguments):
        labels, logits = random_batch(arguments, (2, 3))
        metric = cls(**arguments)
        expected = score(metric, labels.reshape(6, 4, 5), logits.reshape(6, 4, 5, -1))
        assert score(metric, labels, logits) == expected
        metric.reset_state()
        for sample in np.ndindex(2, 3):
            metric.update_state(labels[sample], logits[sample])
        assert float(metric.result()) == expected

    @pytest.mark.parametrize("dtype", ["int32", "int64", "float32", "float64"])
    def test_label_dtype_does_not_matter(self, cls, arguments, dtype):
        labels, logits = random_batch(arguments)
        assert score(cls(**arguments), labels.astype(dtype), logits) == score(cls(**arguments), labels, logits)

    def test_ignored_pixels_count_nowhere(self, cls, arguments):
        labels, logits = random_batch(arguments)
        expected = score(cls(**arguments), labels, logits)
        for filling in (-50.0, 50.0):
            changed = np.where((labels == 255)[..., None], filling, logits)
            assert score(cls(**arguments), labels, changed) == expected

    def test_other_ignore_value(self, cls, arguments):
        labels, logits = random_batch(arguments)
        signed = np.where(labels == 255, -1, labels.astype("int32"))
        assert score(cls(**arguments, ignore_value=-1), signed, logits) == score(cls(**arguments), labels, logits)

    def test_samples_that_are_all_ignored_count_nowhere(self, cls, arguments):
        labels, logits = random_batch(arguments)
        expected = score(cls(**arguments), labels, logits)
        padded = np.concatenate([labels, np.full((2, 4, 5), 255, "uint8")])
        assert score(cls(**arguments), padded, np.concatenate([logits, logits[:2]])) == expected

    def test_empty_batch_changes_nothing(self, cls, arguments):
        labels, logits = random_batch(arguments)
        metric = cls(**arguments)
        expected = score(metric, labels, logits)
        metric.update_state(labels[:0], logits[:0])
        assert float(metric.result()) == expected

    def test_nothing_to_score_is_nan(self, cls, arguments):
        labels, logits = random_batch(arguments)
        assert np.isnan(float(cls(**arguments).result()))
        assert np.isnan(score(cls(**arguments), np.full_like(labels, 255), logits))

    def test_sample_weight_counts_a_sample_several_times(self, cls, arguments):
        labels, logits = random_batch(arguments)
        times = np.array([1, 0, 3, 2, 1, 1])
        expected = score(cls(**arguments), np.repeat(labels, times, axis=0), np.repeat(logits, times, axis=0))
        np.testing.assert_allclose(score(cls(**arguments), labels, logits, times), expected, rtol=1e-6)
        np.testing.assert_allclose(score(cls(**arguments), labels, logits, times / 4), expected, rtol=1e-6)

    def test_sample_weight_of_the_first_axis(self, cls, arguments):
        labels, logits = random_batch(arguments, (2, 3))
        every = score(cls(**arguments), labels, logits, np.array([[2.0] * 3, [0.5] * 3]))
        assert score(cls(**arguments), labels, logits, np.array([2.0, 0.5])) == every

    def test_pixel_weights_are_refused(self, cls, arguments):
        labels, logits = random_batch(arguments)
        with pytest.raises(ValueError, match=r"one value for each sample. Received: sample_weight.shape=\(6, 4, 5\)"):
            cls(**arguments).update_state(labels, logits, np.ones(labels.shape))

    def test_wrong_shapes_are_refused(self, cls, arguments):
        labels, logits = random_batch(arguments)
        for y_true, y_pred in (
            (labels[..., None], logits),
            (labels, logits[..., 0]),
            (labels, np.repeat(logits, 2, axis=-1)),
            (labels[0, 0], logits[0, 0]),
        ):
            with pytest.raises(ValueError, match=r"Labels must be \(..., height, width\).*Received: y_true.shape="):
                cls(**arguments).update_state(y_true, y_pred)

    def test_ignore_value_must_be_an_int(self, cls, arguments):
        with pytest.raises(TypeError, match="ignore_value must be an int. Received: ignore_value=255.0"):
            cls(**arguments, ignore_value=255.0)

    def test_config_names_every_argument(self, cls, arguments):
        config = {**arguments, "ignore_value": -1, "name": "other", "dtype": "float64"}
        metric = cls(**config)
        assert metric.get_config() == config
        revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
        assert isinstance(revived, cls) and revived.get_config() == config
        batch = random_batch(arguments)
        batch[0][batch[0] == 255] = 0
        assert score(revived, *batch) == score(metric, *batch)

    def test_result_is_float32_and_bfloat16_logits_are_welcome(self, cls, arguments):
        labels, logits = random_batch(arguments)
        metric, logits = cls(**arguments), tf.cast(logits, "bfloat16")
        assert score(metric, labels, logits) == score(cls(**arguments), labels, tf.cast(logits, "float32"))
        assert metric.result().dtype == tf.float32

    def test_unknown_sizes_give_the_same_counts(self, cls, arguments):
        labels, logits = random_batch(arguments, (2, 3))
        metric = cls(**arguments)
        expected = score(metric, labels, logits)
        signature = [tf.TensorSpec((None,) * 4, tf.uint8), tf.TensorSpec((None,) * 4 + logits.shape[-1:])]
        metric.reset_state()
        tf.function(metric.update_state, input_signature=signature)(labels, logits)
        assert float(metric.result()) == expected

    def test_update_compiles_with_xla(self, cls, arguments):
        """Keras compiles the training step, metrics included, on a GPU."""
        labels, logits = random_batch(arguments, (2, 3))
        metric = cls(**arguments)
        expected = score(metric, labels, logits)
        metric.reset_state()
        tf.function(metric.update_state, jit_compile=True)(labels, logits)
        assert float(metric.result()) == expected

    @pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
    def test_fit_and_evaluate(self, cls, arguments, policy):
        labels, images = random_batch(arguments)
        weights = np.arange(6.0, dtype="float32")
        dataset = tf.data.Dataset.from_tensor_slices((images, labels, weights)).batch(4)
        inputs = keras.Input((None, None, images.shape[-1]))
        outputs = keras.layers.Conv2D(images.shape[-1], 1, dtype=policy)(inputs)
        model = keras.Model(inputs, keras.layers.Activation("linear", dtype="float32")(outputs))
        plain, weighted = cls(**arguments, name="plain"), cls(**arguments, name="weighted")
        model.compile(
            "sgd",
            lambda y_true, y_pred: 0.0 * keras.ops.sum(y_pred),
            metrics=[plain],
            weighted_metrics=[weighted],
        )
        logits = model.predict(images, verbose=0)
        results = model.evaluate(dataset, return_dict=True, verbose=0)
        assert results["plain"] == score(cls(**arguments), labels, logits)
        assert results["weighted"] == score(cls(**arguments), labels, logits, weights)
        early = keras.callbacks.EarlyStopping("val_plain")  # mode="auto" must know that more is better
        history = model.fit(dataset, validation_data=dataset, shuffle=False, callbacks=[early], verbose=0).history
        assert 0 <= history["val_plain"][0] <= 1
        assert early.monitor_op(2, 1)


def test_counts_stay_exact_beyond_float32():
    metric = PixelAccuracy()
    metric.counted_pixels.assign(2.0**24)
    metric.update_state(np.zeros((1, 1, 1)), np.zeros((1, 1, 1, 1)))
    assert float(metric.counted_pixels) == 2**24 + 1


def test_subclass_must_implement_add_samples():
    with pytest.raises(NotImplementedError, match="SegmentationMetric must implement add_samples"):
        SegmentationMetric(1).update_state(np.zeros((1, 2, 2)), np.zeros((1, 2, 2, 1)))
