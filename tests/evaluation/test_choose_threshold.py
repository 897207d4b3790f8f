import dataclasses
import json

import numpy as np
import pytest

from kmm.evaluation import SampleScores, choose_threshold, evaluate, threshold_curve


def make_scores(probabilities):
    """Samples of these histograms, `(num_samples, 2, 100)`."""
    count = len(probabilities)
    names, rest = ("background", "target"), (("",) * count, ("any",) * count, np.zeros((count, 2, 2)))
    return SampleScores("referring", names, np.arange(count), *rest, probabilities)


@pytest.fixture
def shy():
    """A model that gives targets 0.35 to 0.44, and all else 0.15 to 0.34: 0.35 tells them apart."""
    counts = np.zeros((6, 2, 100))
    counts[:, 0, 15:35], counts[:, 1, 35:45] = 20, 10
    return make_scores(counts)


def test_the_best_threshold(shy):
    curve = threshold_curve(shy)
    assert (curve["threshold"], curve["score"], curve["score_at_half"]) == (0.35, 1.0, 0.0)
    assert curve["by"] == "overall_iou" and curve["gain"] == 1.0 and curve["gain_interval"] == [1.0, 1.0]
    scores = dict(zip(curve["thresholds"], curve["scores"], strict=True))
    assert len(scores) == 99 and scores[0.15] == 0.2 and scores[0.35] == 1.0
    assert scores[0.34] == pytest.approx(100 / 120) and scores[0.36] == pytest.approx(0.9)
    assert json.loads(json.dumps(curve, allow_nan=False)) == curve


def test_of_equal_thresholds_the_one_nearest_to_a_half():
    counts = np.zeros((2, 2, 100))
    counts[:, 0, 10], counts[:, 1, 70] = 50, 50
    assert threshold_curve(make_scores(counts))["threshold"] == 0.5
    assert threshold_curve(make_scores(counts[..., ::-1].copy() + counts))["gain"] >= 0


def test_by_another_score(shy):
    empty = np.zeros((3, 2, 100))
    empty[:, 0, 38] = 300  # nothing is there, and a threshold of 0.35 answers all the same
    scores = make_scores(np.concatenate([shy.probabilities, empty]))
    assert threshold_curve(scores, "target_mean_iou")["threshold"] == 0.35
    cautious = threshold_curve(scores, "no_target_accuracy")
    assert cautious["threshold"] == 0.5 and cautious["score"] == 1.0
    assert dict(zip(cautious["thresholds"], cautious["scores"], strict=True))[0.38] == 0.0


def test_a_single_picture_has_no_interval(shy):
    assert threshold_curve(shy.select([0]))["gain_interval"] is None


@pytest.mark.slow
def test_the_curve_is_that_of_the_scores(referring_model, shapes):
    choice = choose_threshold(referring_model, shapes, "val", num_prompts=2, limit=3, verbose=0)
    assert choice["split"] == "val" and choice["num_samples"] == 6
    options = {"num_prompts": 2, "limit": 3, "verbose": 0}
    metrics = evaluate(referring_model, shapes, "val", threshold=choice["threshold"], **options)
    assert metrics["overall_iou"] == pytest.approx(choice["score"], abs=1e-6)


def test_errors(referring_model, semantic_model, shapes, streets, shy):
    for split in ("test", "testA"):
        with pytest.raises(ValueError, match=f"never on those that are to be scored. Received: split='{split}'"):
            choose_threshold(referring_model, shapes, split)
    with pytest.raises(ValueError, match="Only binary masks have a threshold.*Received: task='semantic'"):
        choose_threshold(semantic_model, streets, "val")
    with pytest.raises(ValueError, match="Only binary masks have a threshold"):
        threshold_curve(dataclasses.replace(shy, task="semantic"))
    with pytest.raises(ValueError, match="something to score. Received: no_target_accuracy of 6 samples, which is nan"):
        threshold_curve(shy, "no_target_accuracy")
