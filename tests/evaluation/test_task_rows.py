import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from kmm import metrics
from kmm.evaluation import SampleScores, task_rows

FEW = {"num_resamples": 20}


def by_name(rows):
    return {row["score_name"]: row["score"] for row in rows}


@pytest.fixture
def answered(scores_of):
    """A hit, a miss, an answer to nothing, and none to nothing."""
    scores = scores_of("abcd", areas=[40, 0, 0, 0])
    confusion = scores.confusion.copy()
    confusion[1] = [[90, 0], [10, 0]]
    confusion[2] = [[90, 10], [0, 0]]
    return dataclasses.replace(scores, confusion=confusion)


def test_segmentation(answered):
    found = by_name(task_rows.segmentation_rows(answered, **FEW))
    assert found["overall_iou"] == pytest.approx(40 / 60, abs=1e-6)
    assert (found["sample_mean_iou"], found["target_mean_iou"]) == (0.5, 0.5)


def test_samples_are_those_that_count(answered):
    rows = task_rows.segmentation_rows(answered, **FEW) + task_rows.presence_rows(answered, np.zeros(4), **FEW)
    counts = {row["score_name"]: row["num_samples"] for row in rows}
    assert counts["sample_mean_iou"] == counts["accuracy"] == 4
    assert counts["target_mean_iou"] == counts["target_accuracy"] == counts["no_target_accuracy"] == 2


def test_boxes_of_samples_with_a_target(answered):
    true_boxes = np.array([[0, 0, 0.5, 0.5], [0, 0, 1, 1], [0] * 4, [0] * 4], "float32")
    boxes = np.array([[0, 0, 0.5, 0.3], [0] * 4, [0, 0, 1, 1], [0] * 4], "float32")
    rows = task_rows.box_rows(answered, true_boxes, boxes, **FEW)
    found = by_name(rows)
    assert found["box_mean_iou"] == pytest.approx(0.3, abs=1e-6) and {row["num_samples"] for row in rows} == {2}
    assert (found["box_accuracy_at_0.5"], found["box_accuracy_at_0.75"]) == (0.5, 0.0)
    accuracy = metrics.BoxAccuracy(0.5)
    accuracy.update_state(true_boxes[:2], boxes[:2])
    assert found["box_accuracy_at_0.5"] == float(accuracy.result())


def test_presence(answered):
    found = by_name(task_rows.presence_rows(answered, np.array([0.9, 0.0, 0.6, 0.0]), **FEW))
    assert found == {
        "accuracy": 0.5, "no_target_accuracy": 0.5, "target_accuracy": 0.5,
        "average_precision": pytest.approx(1 / 2 * 1 + 1 / 2 * 2 / 4),  # ranks 0.9 right, 0.6 wrong, 0 both
    }  # fmt: skip
    with_target = answered.select(answered.target_areas > 0)
    found = by_name(task_rows.presence_rows(with_target, np.array([0.9, 0.0]), **FEW))
    assert found["average_precision"] is None, "1 whatever the model says, where nothing is absent"


def test_present_classes():
    confusion = np.zeros((2, 3, 3))
    confusion[0] = [[50, 0, 0], [0, 30, 1], [19, 0, 0]]  # classes 0, 1, 2; says 0, 1, and 2 with one pixel in 100
    confusion[1] = [[60, 40, 0], [0, 0, 0], [0, 0, 0]]  # class 0; says 0 and 1
    names = ("sky", "road", "car")
    scores = SampleScores("semantic", names, np.arange(2), ("", ""), ("", ""), confusion, np.zeros((2, 2, 100)))
    found = by_name(task_rows.class_presence_rows(scores, min_area=0.02, **FEW))
    assert found["precision"] == 0.75 and found["recall"] == 0.75 and found["f1"] == 0.75
    assert found["mean_class_f1"] == pytest.approx((1 + 2 / 3 + 0) / 3, abs=1e-6)
    assert by_name(task_rows.class_presence_rows(scores, min_area=0.0, **FEW))["recall"] == 1.0


def test_retrieval_equals_the_metric(scores_of):
    random = np.random.default_rng(0)
    similarities = random.integers(0, 6, (30, 12)).astype("float32")  # with ties
    relevant = random.random((30, 12)) < 0.2
    relevant[np.arange(30), random.integers(0, 12, 30)] = True
    rows = task_rows.retrieval_rows(scores_of(["a"] * 30), similarities, relevant, **FEW)
    for row, k in zip(rows, (1, 5, 10), strict=True):
        metric = metrics.RecallAtK(k)
        metric.update_state(tf.constant(relevant), similarities)
        assert row["score"] == pytest.approx(float(metric.result()), abs=1e-6) and row["score_name"] == f"recall_at_{k}"
    assert rows[0]["score"] < rows[1]["score"] and rows[0]["name"] == "of 12 pictures"
    nothing = task_rows.retrieval_rows(scores_of([]), np.zeros((0, 3)), np.zeros((0, 3), bool), **FEW)
    assert [row["score"] for row in nothing] == [None] * 3
