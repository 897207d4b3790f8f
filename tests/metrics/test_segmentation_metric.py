"""What all metrics promise: batches, leading dimensions, ignored pixels, sample weights, `model.fit`."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kmm.metrics import (
    AveragePrecision,
    BoundaryF1,
    DiceScore,
    FrequencyWeightedIoU,
    MeanBoundaryF1,
    MeanClassAccuracy,
    MeanDice,
    MeanIoU,
    MeanPrecision,
    MeanRecall,
    NoTargetAccuracy,
    OverallIoU,
    PixelAccuracy,
    PixelPrecision,
    PixelRecall,
    PrecisionAtIoU,
    SampleMeanDice,
    SampleMeanIoU,
    TargetAccuracy,
)
from kmm.metrics.overlap_ratio import pixel_areas
from kmm.metrics.segmentation_metric import SegmentationMetric
from kmm.preprocessing import masks_from_logits

BINARY_CASES = [
    pytest.param(OverallIoU, {"threshold": 0.3, "targets_only": False}, id="OverallIoU"),
    pytest.param(SampleMeanIoU, {"threshold": 0.3, "targets_only": True}, id="SampleMeanIoU"),
    pytest.param(PrecisionAtIoU, {"threshold": 0.3, "iou_threshold": 0.5, "targets_only": True}, id="PrecisionAtIoU"),
    pytest.param(NoTargetAccuracy, {"threshold": 0.3}, id="NoTargetAccuracy"),
    pytest.param(TargetAccuracy, {"threshold": 0.8}, id="TargetAccuracy"),
    pytest.param(PixelPrecision, {"threshold": 0.3, "targets_only": True}, id="PixelPrecision"),
    pytest.param(PixelRecall, {"threshold": 0.3}, id="PixelRecall"),
    pytest.param(DiceScore, {"threshold": 0.3, "targets_only": True}, id="DiceScore"),
    pytest.param(SampleMeanDice, {"threshold": 0.3, "targets_only": False}, id="SampleMeanDice"),
    pytest.param(PixelAccuracy, {"num_classes": 1}, id="PixelAccuracy-binary"),
    pytest.param(BoundaryF1, {"tolerance": 0.1, "threshold": 0.3, "targets_only": True}, id="BoundaryF1"),
    pytest.param(AveragePrecision, {"num_bins": 20}, id="AveragePrecision"),
]
MULTI_CLASS_CASES = [
    pytest.param(MeanIoU, {"num_classes": 3}, id="MeanIoU"),
    pytest.param(PixelAccuracy, {"num_classes": 3}, id="PixelAccuracy"),
    pytest.param(FrequencyWeightedIoU, {"num_classes": 3}, id="FrequencyWeightedIoU"),
    pytest.param(MeanClassAccuracy, {"num_classes": 3}, id="MeanClassAccuracy"),
    pytest.param(MeanPrecision, {"num_classes": 3}, id="MeanPrecision"),
    pytest.param(MeanRecall, {"num_classes": 3}, id="MeanRecall"),
    pytest.param(MeanDice, {"num_classes": 3}, id="MeanDice"),
    pytest.param(MeanBoundaryF1, {"num_classes": 3, "tolerance": 0.1}, id="MeanBoundaryF1"),
]
BINARY, MULTI_CLASS = ([case.values for case in cases] for cases in (BINARY_CASES, MULTI_CLASS_CASES))
GROUPS = [
    pytest.param([BINARY[0], BINARY[-1]], id="binary"),
    pytest.param(MULTI_CLASS[:2], id="multi-class"),
    pytest.param(BINARY[1:-1], id="other-binary", marks=pytest.mark.slow),
    pytest.param(MULTI_CLASS[2:], id="other-multi-class", marks=pytest.mark.slow),
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


def reset(metrics):
    for metric in metrics:
        metric.reset_state()


def score(metric, *batch):
    metric.reset_state()
    metric.update_state(*batch)
    return float(metric.result())


@pytest.mark.parametrize("cls, arguments", BINARY_CASES + MULTI_CLASS_CASES)
class TestAllMetrics:
    def test_batches_do_not_matter(self, cls, arguments):
        labels, logits = random_batch(arguments)
        whole, split = cls(**arguments), cls(**arguments)
        whole.update_state(labels, logits)
        for sample in range(6):
            split.update_state(labels[sample : sample + 1], logits[sample : sample + 1])
        assert 0 < float(whole.result()) < 1
        assert float(split.result()) == float(whole.result())
        for variable, other in zip(whole.variables, split.variables, strict=True):
            np.testing.assert_allclose(variable, other, rtol=1e-14)  # sums of thirds depend on the order

    def test_ignored_pixels_count_nowhere(self, cls, arguments):
        labels, logits = random_batch(arguments)
        expected = score(cls(**arguments), labels, logits)
        for filling in (-50.0, 50.0):
            changed = np.where((labels == 255)[..., None], filling, logits)
            assert score(cls(**arguments), labels, changed) == expected

    def test_samples_that_are_all_ignored_count_nowhere(self, cls, arguments):
        labels, logits = random_batch(arguments)
        expected = score(cls(**arguments), labels, logits)
        padded = np.concatenate([labels, np.full((2, 4, 5), 255, "uint8")])
        assert score(cls(**arguments), padded, np.concatenate([logits, logits[:2]])) == expected

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

    def test_resized_logits(self, cls, arguments):
        """The score of the masks that `masks_from_logits` makes at the labels' size."""
        if cls is AveragePrecision:
            pytest.skip("it ranks logits and makes no masks: test_average_precision.py")
        labels, logits = random_batch(arguments)
        small = logits[:, ::2, 1:]
        threshold = arguments.get("threshold", 0.5)
        masks = masks_from_logits(small, size=(4, 5), threshold=threshold).numpy()
        if logits.shape[-1] == 1:
            large = np.where(masks == 1, 9.0, -9.0)[..., None]
        else:
            large = np.eye(3)[masks]
        expected = score(cls(**arguments), labels, large)
        resizing = cls(**arguments, resize_logits=True)
        assert score(resizing, labels, small) == expected
        pairs = labels.reshape(3, 2, 4, 5), small.reshape(3, 2, *small.shape[1:])
        assert score(resizing, *pairs) == expected
        assert score(resizing, labels, logits) == score(cls(**arguments), labels, logits)

    def test_config_names_every_argument(self, cls, arguments):
        config = {**arguments, "ignore_value": -1, "resize_logits": True, "name": "other", "dtype": "float64"}
        metric = cls(**config)
        assert metric.get_config() == config
        revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
        assert isinstance(revived, cls) and revived.get_config() == config
        batch = random_batch(arguments)
        batch[0][batch[0] == 255] = 0
        assert score(revived, *batch) == score(metric, *batch)


@pytest.mark.parametrize("cls, arguments", [BINARY_CASES[0], BINARY_CASES[-1], MULTI_CLASS_CASES[0]])
class TestBase:
    """What the base alone does, on one metric of each kind."""

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

    def test_other_ignore_value(self, cls, arguments):
        labels, logits = random_batch(arguments)
        signed = np.where(labels == 255, -1, labels.astype("int32"))
        assert score(cls(**arguments, ignore_value=-1), signed, logits) == score(cls(**arguments), labels, logits)

    def test_empty_batch_changes_nothing(self, cls, arguments):
        labels, logits = random_batch(arguments)
        metric = cls(**arguments)
        expected = score(metric, labels, logits)
        metric.update_state(labels[:0], logits[:0])
        assert float(metric.result()) == expected

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
            (labels[:1], logits),
        ):
            with pytest.raises(ValueError, match=r"Labels must be \(..., height, width\).*Received: y_true.shape="):
                cls(**arguments).update_state(y_true, y_pred)

    def test_other_sizes_are_refused(self, cls, arguments):
        labels, logits = random_batch(arguments)
        with pytest.raises(
            ValueError, match=r"same height and width. Received: .*\(6, 4, 5\).*Pass resize_logits=True"
        ):
            cls(**arguments).update_state(labels, logits[:, :1])

    def test_ignore_value_must_be_an_int(self, cls, arguments):
        with pytest.raises(TypeError, match="ignore_value must be an int. Received: ignore_value=255.0"):
            cls(**arguments, ignore_value=255.0)

    def test_result_is_float32_and_bfloat16_logits_are_welcome(self, cls, arguments):
        labels, logits = random_batch(arguments)
        metric, logits = cls(**arguments), tf.cast(logits, "bfloat16")
        assert score(metric, labels, logits) == score(cls(**arguments), labels, tf.cast(logits, "float32"))
        assert metric.result().dtype == tf.float32


@pytest.mark.slow
@pytest.mark.parametrize("cases", GROUPS)
class TestCompiled:
    """Several metrics in one graph: tracing takes longer than all the rest."""

    def test_unknown_sizes_give_the_same_counts(self, cases):
        labels, logits = random_batch(cases[0][1], (2, 3))
        small = logits[..., 1:, ::2, :]
        metrics = [cls(**arguments) for cls, arguments in cases]
        resizing = [cls(**arguments, resize_logits=True) for cls, arguments in cases]
        expected = [score(metric, labels, logits) for metric in metrics]
        expected_of_small = [score(metric, labels, small) for metric in resizing]
        signature = [tf.TensorSpec((None,) * 4, tf.uint8)] + [tf.TensorSpec((None,) * 4 + logits.shape[-1:])] * 2
        reset(metrics + resizing)

        @tf.function(input_signature=signature, autograph=False)
        def update(labels, logits, small):
            for metric, other in zip(metrics, resizing, strict=True):
                metric.update_state(labels, logits)
                other.update_state(labels, small)

        update(labels, logits, small)
        assert [float(metric.result()) for metric in metrics] == expected
        assert [float(metric.result()) for metric in resizing] == expected_of_small

    def test_update_compiles_with_xla(self, cases):
        """Keras compiles the training step, metrics included, on a GPU."""
        labels, logits = random_batch(cases[0][1], (2, 3))
        metrics = [cls(**arguments) for cls, arguments in cases]
        expected = [score(metric, labels, logits) for metric in metrics]
        reset(metrics)

        @tf.function(jit_compile=True, autograph=False)
        def update(labels, logits):
            for metric in metrics:
                metric.update_state(labels, logits)

        update(labels, logits)
        assert [float(metric.result()) for metric in metrics] == expected

    @pytest.mark.parametrize("policy", ["float32", pytest.param("mixed_bfloat16", marks=pytest.mark.slow)])
    def test_fit_and_evaluate(self, cases, policy):
        labels, images = random_batch(cases[0][1])
        weights = np.arange(6.0, dtype="float32")
        dataset = tf.data.Dataset.from_tensor_slices((images, labels, weights)).batch(4)
        inputs = keras.Input((None, None, images.shape[-1]))
        outputs = keras.layers.Conv2D(images.shape[-1], 1, dtype=policy)(inputs)
        model = keras.Model(inputs, keras.layers.Activation("linear", dtype="float32")(outputs))
        model.compile(
            "sgd",
            lambda y_true, y_pred: 0.0 * keras.ops.sum(y_pred),
            metrics=[cls(**arguments, name=f"plain_{place}") for place, (cls, arguments) in enumerate(cases)],
            weighted_metrics=[
                cls(**arguments, name=f"weighted_{place}") for place, (cls, arguments) in enumerate(cases)
            ],
        )
        logits = model.predict(images, verbose=0)
        results = model.evaluate(dataset, return_dict=True, verbose=0)
        for place, (cls, arguments) in enumerate(cases):
            assert results[f"plain_{place}"] == score(cls(**arguments), labels, logits)
            assert results[f"weighted_{place}"] == score(cls(**arguments), labels, logits, weights)
        early = [keras.callbacks.EarlyStopping(f"val_plain_{place}") for place in range(len(cases))]
        history = model.fit(dataset, validation_data=dataset, shuffle=False, callbacks=early, verbose=0).history
        assert 0 <= history["val_plain_0"][0] <= 1
        assert all(callback.monitor_op(2, 1) for callback in early)  # mode="auto" must know that more is better


def test_counts_stay_exact_beyond_float32():
    metric = PixelAccuracy()
    metric.counted_pixels.assign(2.0**24)
    metric.update_state(np.zeros((1, 1, 1)), np.zeros((1, 1, 1, 1)))
    assert float(metric.counted_pixels) == 2**24 + 1


def test_areas_stay_exact_beyond_float32():
    rows = np.ones((4097, 1), bool) & np.ones((1, 4099), bool)  # 2 ** 24 + 16387 pixels, which is odd
    assert float(pixel_areas(rows)) == 4097 * 4099


def test_subclass_must_implement_add_samples():
    with pytest.raises(NotImplementedError, match="SegmentationMetric must implement add_samples"):
        SegmentationMetric(1).update_state(np.zeros((1, 2, 2)), np.zeros((1, 2, 2, 1)))
