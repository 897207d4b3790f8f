"""Every metric on tiny pictures whose scores are worked out by hand: a row for each metric, a column for each picture.

The last column is all pictures together, given as one batch and as batches of one.
"""

import keras
import numpy as np
import pytest

from kmm import metrics

NAN = float("nan")

# name: labels and predictions of four pixels
BINARY_PICTURES = {
    "perfect": ([1, 1, 0, 0], [1, 1, 0, 0]),
    "one of three": ([1, 1, 0, 0], [1, 0, 1, 0]),
    "empty/empty": ([0, 0, 0, 0], [0, 0, 0, 0]),
    "empty/full": ([0, 0, 0, 0], [1, 1, 1, 1]),
    "full/empty": ([1, 1, 1, 1], [0, 0, 0, 0]),
    "one ignored": ([1, 1, 0, 255], [1, 0, 0, 1]),
}
TARGETS_ONLY = {"targets_only": True}
BINARY_TABLE = [
    # metric, arguments, the pictures in their order, together
    ("OverallIoU", {}, [1, 1 / 3, NAN, 0, 0, 1 / 2, 4 / 15]),
    ("OverallIoU", TARGETS_ONLY, [1, 1 / 3, NAN, NAN, 0, 1 / 2, 4 / 11]),
    ("SampleMeanIoU", {}, [1, 1 / 3, 1, 0, 0, 1 / 2, 17 / 36]),
    ("SampleMeanIoU", TARGETS_ONLY, [1, 1 / 3, NAN, NAN, 0, 1 / 2, 11 / 24]),
    ("PrecisionAtIoU", {}, [1, 0, 1, 0, 0, 1, 3 / 6]),
    ("PrecisionAtIoU", TARGETS_ONLY, [1, 0, NAN, NAN, 0, 1, 2 / 4]),
    ("NoTargetAccuracy", {}, [NAN, NAN, 1, 0, NAN, NAN, 1 / 2]),
    ("TargetAccuracy", {}, [1, 1, NAN, NAN, 0, 1, 3 / 4]),
    ("PixelPrecision", {}, [1, 1 / 2, NAN, 0, NAN, 1, 4 / 9]),
    ("PixelPrecision", TARGETS_ONLY, [1, 1 / 2, NAN, NAN, NAN, 1, 4 / 5]),
    ("PixelRecall", {}, [1, 1 / 2, NAN, NAN, 0, 1 / 2, 4 / 10]),
    ("DiceScore", {}, [1, 1 / 2, NAN, 0, 0, 2 / 3, 8 / 19]),
    ("DiceScore", TARGETS_ONLY, [1, 1 / 2, NAN, NAN, 0, 2 / 3, 8 / 15]),
    ("SampleMeanDice", {}, [1, 1 / 2, 1, 0, 0, 2 / 3, 19 / 36]),
    ("SampleMeanDice", TARGETS_ONLY, [1, 1 / 2, NAN, NAN, 0, 2 / 3, 13 / 24]),
    ("PixelAccuracy", {}, [1, 1 / 2, 1, 0, 0, 2 / 3, 12 / 23]),
    ("BoundaryF1", {"tolerance": 0.0}, [1, 1 / 2, 1, 0, 0, 0, 5 / 12]),
    ("BoundaryF1", {"tolerance": 0.0, **TARGETS_ONLY}, [1, 1 / 2, NAN, NAN, 0, 0, 3 / 8]),
    ("AveragePrecision", {}, [1, 1 / 2, NAN, NAN, 1, 5 / 6, 454 / 1035]),
]

MULTI_CLASS_PICTURES = {
    "perfect": ([0, 1, 2, 2], [0, 1, 2, 2]),
    "background only": ([0, 0, 0, 0], [0, 0, 0, 0]),
    "all taken for 1": ([0, 0, 0, 0], [1, 1, 1, 1]),
    "one ignored": ([0, 0, 1, 255], [0, 1, 1, 2]),
    "2 is absent": ([0, 0, 0, 1], [0, 0, 1, 1]),
    "2 is only predicted": ([0, 0, 1, 1], [0, 0, 1, 2]),
    "2 is never predicted": ([0, 0, 1, 2], [0, 0, 1, 1]),
}
MULTI_CLASS_TABLE = [
    # metric, arguments, the pictures in their order, together
    ("MeanIoU", {}, [1, 1, 0, 1 / 2, 7 / 12, 1 / 2, 1 / 2, 121 / 234]),
    ("FrequencyWeightedIoU", {}, [1, 1, 0, 1 / 2, 5 / 8, 3 / 4, 5 / 8, 137 / 234]),
    ("MeanClassAccuracy", {}, [1, 1, 0, 3 / 4, 5 / 6, 3 / 4, 2 / 3, 13 / 18]),
    ("MeanPrecision", {}, [1, 1, 0, 3 / 4, 3 / 4, 2 / 3, 1 / 2, 25 / 36]),
    ("MeanRecall", {}, [1, 1, 0, 3 / 4, 5 / 6, 1 / 2, 2 / 3, 13 / 18]),
    ("MeanDice", {}, [1, 1, 0, 2 / 3, 11 / 15, 5 / 9, 5 / 9, 91 / 135]),
    ("PixelAccuracy", {}, [1, 1, 0, 2 / 3, 3 / 4, 3 / 4, 3 / 4, 19 / 27]),
    ("MeanBoundaryF1", {"tolerance": 0.0}, [1, 1, 0, 0, 0, 5 / 9, 5 / 9, 163 / 378]),
]
ELSEWHERE = {
    "BoxAccuracy": "boxes: test_box_accuracy.py",
    "BoxMeanIoU": "boxes: test_box_mean_iou.py",
    "ConfusionMatrix": "gives a matrix: test_confusion_matrix.py",
    "RecallAtK": "similarities: test_recall_at_k.py",
    "TopKAccuracy": "labels without a picture: test_top_k_accuracy.py",
}


def check(metric, pictures, expected):
    labels = np.array([labels for labels, _ in pictures.values()])[:, None, :]
    predictions = np.array([predictions for _, predictions in pictures.values()])[:, None, :]
    if metric.num_channels == 1:
        logits = np.where(predictions == 1, 9.0, -9.0)[..., None]
    else:
        logits = 9.0 * np.eye(metric.num_channels)[predictions]
    scores = []
    for place in range(len(pictures)):
        metric.reset_state()
        metric.update_state(labels[place : place + 1], logits[place : place + 1])
        scores.append(float(metric.result()))
    metric.reset_state()
    metric.update_state(labels, logits)
    together = float(metric.result())
    np.testing.assert_allclose([*scores, together], expected, rtol=1e-6)
    metric.reset_state()
    for place in range(len(pictures)):
        metric.update_state(labels[place : place + 1], logits[place : place + 1])
    assert float(metric.result()) == together


@pytest.mark.parametrize(
    "name, arguments, expected", [pytest.param(*row, id="-".join((row[0], *row[1]))) for row in BINARY_TABLE]
)
def test_binary_metrics(name, arguments, expected):
    check(getattr(metrics, name)(**arguments), BINARY_PICTURES, expected)


@pytest.mark.parametrize("name, arguments, expected", [pytest.param(*row, id=row[0]) for row in MULTI_CLASS_TABLE])
def test_multi_class_metrics(name, arguments, expected):
    check(getattr(metrics, name)(num_classes=3, **arguments), MULTI_CLASS_PICTURES, expected)


def test_every_metric_has_its_row():
    rows = {row[0] for row in BINARY_TABLE + MULTI_CLASS_TABLE} | set(ELSEWHERE)
    classes = {name for name in metrics.__all__ if isinstance(getattr(metrics, name), type)}
    assert rows == {name for name in classes if issubclass(getattr(metrics, name), keras.metrics.Metric)}
