"""What the metrics of boxes, labels and queries promise: batches, weights, wrong data, `model.fit`."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kmm.metrics import BoxAccuracy, BoxMeanIoU, RecallAtK, TopKAccuracy


def random_boxes(random, shape):
    """Boxes, every third of them none."""
    ends = np.sort(random.uniform(0, 1, (*shape, 2, 2)), axis=-2)
    boxes = np.concatenate([ends[..., 0, :], ends[..., 1, :]], axis=-1).astype("float32")
    boxes[random.random(shape) < 0.3] = 0
    return boxes


def random_batch(cls, leading=(6,)):
    """What `update_state` takes, with a wrong item to put at its start."""
    random = np.random.default_rng(0)
    if cls in (BoxMeanIoU, BoxAccuracy):
        boxes = random_boxes(random, leading)
        others = np.where(random.random(leading)[..., None] < 0.5, boxes, random_boxes(random, leading))
        return boxes, others, np.array([0.5, 0, 0.4, 1], "float32")
    if cls is TopKAccuracy:
        labels = random.choice([0, 1, 2, 3, 255], leading)
        return labels, random.normal(size=(*leading, 4)).astype("float32"), 4
    return random.integers(0, 5, leading), random.normal(size=(*leading, 5)).astype("float32"), 5


def updated(cls, arguments, *batch):
    metric = cls(**arguments)
    metric.update_state(*batch)
    return metric


CASES = [
    pytest.param(BoxMeanIoU, {"generalized": False}, id="BoxMeanIoU"),
    pytest.param(BoxMeanIoU, {"generalized": True}, id="BoxMeanIoU-generalized"),
    pytest.param(BoxAccuracy, {"iou_threshold": 0.4}, id="BoxAccuracy"),
    pytest.param(TopKAccuracy, {"k": 2, "ignore_value": 255}, id="TopKAccuracy"),
    pytest.param(RecallAtK, {"k": 2}, id="RecallAtK"),
]


@pytest.mark.parametrize("cls, arguments", CASES)
class TestAllMetrics:
    def test_batches_do_not_matter(self, cls, arguments):
        truth, answers, _ = random_batch(cls)
        whole, split = updated(cls, arguments, truth, answers), cls(**arguments)
        for item in range(6):
            split.update_state(truth[item : item + 1], answers[item : item + 1])
        assert -1 < float(whole.result()) < 1
        np.testing.assert_allclose(split.result(), whole.result(), rtol=1e-6)
        split.update_state(truth[:0], answers[:0])
        np.testing.assert_allclose(split.result(), whole.result(), rtol=1e-6)

    def test_weights_count_an_item_several_times(self, cls, arguments):
        truth, answers, _ = random_batch(cls)
        times = np.array([1, 0, 3, 2, 1, 1])
        expected = updated(cls, arguments, np.repeat(truth, times, axis=0), np.repeat(answers, times, axis=0))
        np.testing.assert_allclose(
            updated(cls, arguments, truth, answers, times / 4).result(), expected.result(), rtol=1e-6
        )

    def test_weights_of_more_axes_are_refused(self, cls, arguments):
        truth, answers, _ = random_batch(cls)
        with pytest.raises(ValueError, match=r"one value for each item. Received: sample_weight.shape=\(6, 4\)"):
            cls(**arguments).update_state(truth, answers, np.ones((6, 4)))

    def test_nothing_to_score_is_nan(self, cls, arguments):
        assert np.isnan(float(cls(**arguments).result()))

    def test_wrong_data_are_refused(self, cls, arguments):
        truth, answers, wrong = random_batch(cls)
        truth = truth.copy()
        truth[0] = wrong
        metric = updated(cls, arguments, truth, answers)
        with pytest.raises(ValueError, match="must be .*Received: 1 others"):
            metric.result()
        metric.reset_state()
        metric.update_state(truth[1:], answers[1:])
        assert not np.isnan(float(metric.result()))

    def test_wrong_data_that_weigh_nothing_count_nowhere(self, cls, arguments):
        truth, answers, wrong = random_batch(cls)
        expected = updated(cls, arguments, truth[1:], answers[1:]).result()
        truth = truth.copy()
        truth[0] = np.nan if truth.dtype == "float32" else wrong
        weights = np.array([0.0, 1, 1, 1, 1, 1])
        np.testing.assert_allclose(updated(cls, arguments, truth, answers, weights).result(), expected, rtol=1e-6)

    def test_config_names_every_argument(self, cls, arguments):
        config = {**arguments, "name": "other", "dtype": "float64"}
        metric = cls(**config)
        assert metric.get_config() == config
        revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
        assert isinstance(revived, cls) and revived.get_config() == config


@pytest.mark.parametrize("cls, arguments", [(BoxMeanIoU, {}), (BoxAccuracy, {}), (TopKAccuracy, {"k": 2})])
def test_leading_dimensions_are_only_a_shape(cls, arguments):
    truth, answers, _ = random_batch(cls, (2, 3))
    metric = updated(cls, arguments, truth, answers, np.array([2.0, 0.5]))
    flat = updated(cls, arguments, truth.reshape(6, *truth.shape[2:]), answers.reshape(6, -1), np.repeat([2.0, 0.5], 3))
    np.testing.assert_allclose(metric.result(), flat.result(), rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
def test_compiled_functions_give_the_same(jit_compile):
    """All metrics in one graph: tracing takes longer than all the rest."""
    cases = [(cls, arguments, random_batch(cls)) for cls, arguments in (case.values for case in CASES)]
    metrics = [cls(**arguments) for cls, arguments, _ in cases]

    @tf.function(jit_compile=jit_compile)
    def update(batches):
        for metric, (truth, answers) in zip(metrics, batches, strict=True):
            metric.update_state(truth, answers)
        return [metric.result() for metric in metrics]

    results = update([batch[:2] for _, _, batch in cases])
    for (cls, arguments, batch), result in zip(cases, results, strict=True):
        np.testing.assert_allclose(result, updated(cls, arguments, *batch[:2]).result(), rtol=1e-6)
    for metric, (*_, (truth, _, wrong)) in zip(metrics, cases, strict=True):
        metric.reset_state()
        truth[0] = wrong
    assert np.isnan(update([batch[:2] for _, _, batch in cases])).all()


@pytest.mark.slow
def test_fit_and_evaluate():
    labels, logits, _ = random_batch(TopKAccuracy)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    weights = np.arange(6.0)
    metrics = {"metrics": [TopKAccuracy(2, name="plain")], "weighted_metrics": [TopKAccuracy(2, name="weighted")]}
    model.compile("sgd", lambda y_true, y_pred: 0.0 * keras.ops.sum(y_pred), **metrics)
    answers = model.predict(logits, verbose=0)
    results = model.evaluate(logits, labels, sample_weight=weights, batch_size=4, return_dict=True, verbose=0)
    for name, batch in (("plain", (labels, answers)), ("weighted", (labels, answers, weights))):
        np.testing.assert_allclose(results[name], updated(TopKAccuracy, {"k": 2}, *batch).result(), rtol=1e-6)
    early = keras.callbacks.EarlyStopping("val_plain")  # mode="auto" must know that more is better
    model.fit(logits, labels, validation_data=(logits, labels), callbacks=[early], verbose=0)
    assert early.monitor_op(2, 1)
