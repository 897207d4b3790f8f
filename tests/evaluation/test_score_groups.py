import numpy as np
import pytest

from kmm.evaluation import SampleScores, score_groups
from kmm.evaluation.score_groups import class_row, main_row


def test_rows_of_sizes(scores_of):
    scores = scores_of("abcd", areas=[0, 1, 1, 50])
    scores.confusion[1] = [[99, 0], [1, 0]]
    scores.confusion[0] = [[90, 10], [0, 0]]
    rows = {row["name"]: row for row in score_groups(scores, "size", num_resamples=50)}
    assert rows["small (below 2 %)"]["score"] == 0.5 and rows["small (below 2 %)"]["num_samples"] == 2
    assert rows["large (from 10 %)"]["score"] == 1 and rows["large (from 10 %)"]["interval"] is None
    assert (rows["no target"]["score_name"], rows["no target"]["score"]) == ("no_target_accuracy", 0.0)
    assert {row["group"] for row in rows.values()} == {"size"}


def test_the_main_score_of_all(scores_of):
    assert main_row("all", "every sample", scores_of("ab"))["score_name"] == "overall_iou"
    assert main_row("all", "every sample", scores_of("ab", task="semantic"))["score_name"] == "mean_iou"


def test_errors_of_groups(scores_of):
    with pytest.raises(ValueError, match="Samples are divided by one of"):
        score_groups(scores_of("ab"), "colour")


def test_some_classes():
    confusion = np.zeros((3, 3, 3))
    confusion[0, 0], confusion[1, 1], confusion[2, 2, 2] = (6, 2, 0), (0, 4, 4), 8
    scores = SampleScores(
        "semantic", ("sky", "road", "car"), np.arange(3), ("",) * 3, ("",) * 3, confusion, np.zeros((3, 2, 100))
    )
    row = class_row("held_out", "held out", scores, ["sky", "road"], num_resamples=50)
    assert row["score"] == pytest.approx((6 / 8 + 4 / 10) / 2), "answers in other classes count against these"
    assert row["num_samples"] == 2 and row["classes"] == ["sky", "road"] and row["score_name"] == "mean_iou"
    confusion[2, 2] = 4, 0, 4
    row = class_row("held_out", "held out", scores, ["sky", "road"], num_resamples=50)
    assert row["score"] == pytest.approx((6 / 12 + 4 / 10) / 2), "wrong where none of them is counts too"
    assert row["num_samples"] == 2
    absent = class_row("held_out", "held out", scores.select([0]), ["car"])
    assert absent["score"] is None and absent["num_samples"] == 0
