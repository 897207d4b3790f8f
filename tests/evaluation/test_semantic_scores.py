import math

import numpy as np
import pytest

from kmm.evaluation.semantic_scores import SemanticScores


def one_hot(ids):
    return np.eye(3, dtype="float32")[np.asarray(ids)]


def test_samples_and_classes():
    scores = SemanticScores(("sky", "road", "car"), (0.5, 0.9))
    masks = np.array([[[[0, 0], [1, 1]]], [[[0, 1], [255, 255]]], [[[255, 255], [255, 255]]]], "uint8")
    scores.update(masks[:1], one_hot([[[[0, 0], [1, 1]]]]))
    scores.update(masks[1:], one_hot([[[[1, 1], [2, 0]]], [[[0, 1], [2, 0]]]]))
    result = scores.result()
    # Sky: 2 of 3 pixels; road: 3 of 4 in the union; the third sample has nothing to score.
    assert result["class_iou"]["sky"] == pytest.approx(2 / 3) and result["class_iou"]["road"] == pytest.approx(3 / 4)
    assert math.isnan(result["class_iou"]["car"])
    assert result["mean_iou"] == pytest.approx((2 / 3 + 3 / 4) / 2)
    assert result["overall_iou"] == pytest.approx(5 / 7)
    assert result["sample_mean_iou"] == pytest.approx((1 + (0 + 1 / 2) / 2) / 2)
    assert result["precision_at_iou"] == {"0.5": 0.5, "0.9": 0.5}
    assert result["num_samples"] == 3 and result["pixel_accuracy"] == pytest.approx(5 / 6)


def test_nothing_counted():
    scores = SemanticScores(("sky", "road", "car"), (0.5,))
    scores.update(np.full((1, 1, 2, 2), 255, "uint8"), one_hot([[[[0, 1], [2, 0]]]]))
    result = scores.result()
    for name in ("mean_iou", "overall_iou", "sample_mean_iou", "pixel_accuracy"):
        assert math.isnan(result[name]), name


def test_labels_that_are_no_class():
    scores = SemanticScores(("sky", "road", "car"), (0.5,))
    scores.update(np.full((1, 1, 2, 2), 3, "uint8"), one_hot([[[[0, 1], [2, 0]]]]))
    with pytest.raises(ValueError, match="Labels must be class ids below 3"):
        scores.result()
