"""The class means against plain formulas, and what they share."""

import numpy as np
import pytest

from kmm.metrics import (
    FrequencyWeightedIoU,
    MeanClassAccuracy,
    MeanDice,
    MeanIoU,
    MeanPrecision,
    MeanRecall,
)
from kmm.metrics.confusion_matrix_metric import ConfusionMatrixMetric

METRICS = [FrequencyWeightedIoU, MeanClassAccuracy, MeanDice, MeanIoU, MeanPrecision, MeanRecall]


def plain_scores(labels, predictions, num_classes):
    """Every metric's `(result, per_class)`, one class after the other, from sets of pixels."""
    counted = labels != 255
    labels, predictions = labels[counted], predictions[counted]
    per_class = {cls: [] for cls in METRICS}
    areas = []
    for class_id in range(num_classes):
        true, predicted = labels == class_id, predictions == class_id
        both, either = np.sum(true & predicted), np.sum(true | predicted)
        areas.append(np.sum(true))
        iou = both / either if either else np.nan
        recall = both / np.sum(true) if true.any() else np.nan
        precision = both / np.sum(predicted) if predicted.any() else np.nan
        occurs = 0.0 if either else np.nan
        per_class[MeanIoU].append(iou)
        per_class[FrequencyWeightedIoU].append(iou if true.any() else np.nan)
        per_class[MeanClassAccuracy].append(recall)
        per_class[MeanRecall].append(recall if true.any() else occurs)
        per_class[MeanPrecision].append(precision if predicted.any() else occurs)
        harmonic = 2 * precision * recall / (precision + recall) if both else occurs
        per_class[MeanDice].append(harmonic)
    results = {cls: np.nanmean(scores) for cls, scores in per_class.items()}
    results[FrequencyWeightedIoU] = np.nansum(np.array(areas) * per_class[FrequencyWeightedIoU]) / np.sum(areas)
    return {cls: (results[cls], per_class[cls]) for cls in METRICS}


@pytest.mark.parametrize("seed", range(5))
def test_equal_plain_formulas(seed):
    """Of seven classes some do not occur, some only in the labels or only in the predictions."""
    rng = np.random.default_rng(seed)
    labels = rng.choice([*rng.choice(7, 4, replace=False), 255], (3, 3, 4))
    predictions = rng.choice(rng.choice(7, 4, replace=False), labels.shape)
    predictions = np.where((rng.random(labels.shape) < 0.5) & (labels != 255), labels, predictions)
    for cls, (expected, per_class) in plain_scores(labels, predictions, 7).items():
        metric = cls(num_classes=7)
        metric.update_state(labels, np.eye(7)[predictions])
        np.testing.assert_allclose(metric.result(), expected, rtol=1e-6, err_msg=cls.__name__)
        np.testing.assert_allclose(metric.per_class(), np.array(per_class), rtol=1e-6, err_msg=cls.__name__)


@pytest.mark.parametrize("cls", METRICS)
class TestAllClassMeans:
    def test_per_class_of_nothing_is_nan(self, cls):
        metric = cls(num_classes=3)
        assert np.isnan(metric.per_class()).all() and metric.per_class().dtype == "float32"

    def test_label_without_a_class_is_refused(self, cls):
        metric = cls(num_classes=3)
        metric.update_state(np.array([[[0, 3]]]), np.eye(3)[[[[0, 1]]]])
        for answer in (metric.result, metric.per_class):
            with pytest.raises(ValueError, match="class ids below 3 or 255. Received: 1 pixels with another label"):
                answer()

    def test_one_class_is_refused(self, cls):
        with pytest.raises(ValueError, match="num_classes must be at least 2. Received: num_classes=1"):
            cls(num_classes=1)


def test_subclass_must_implement_class_scores():
    with pytest.raises(NotImplementedError, match="ConfusionMatrixMetric must implement class_scores"):
        ConfusionMatrixMetric(2).result()
