import json

import numpy as np
import pytest

from kmm.evaluation import SampleCollector, evaluate_tasks, score_of
from kmm.evaluation.evaluate_tasks import _retrieval

FEW = {"num_resamples": 20, "verbose": 0}


@pytest.mark.slow
def test_a_referring_source(referring_model, shapes):
    rows = evaluate_tasks(referring_model, shapes, "val", num_prompts=2, limit=4, **FEW)
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    assert list(dict.fromkeys(row["group"] for row in rows)) == ["segmentation", "boxes", "classification", "retrieval"]
    found = {row["score_name"]: row["score"] for row in rows}
    scores = SampleCollector(referring_model, shapes, "val", num_prompts=2, limit=4, verbose=0).collect()
    assert found["overall_iou"] == pytest.approx(score_of(scores, "overall_iou"), abs=1e-6)
    assert found["recall_at_5"] == 1.0, "there are four pictures"
    assert next(row["num_samples"] for row in rows if row["group"] == "boxes") == (scores.target_areas > 0).sum()


@pytest.mark.slow
def test_a_semantic_source(semantic_model, streets):
    rows = evaluate_tasks(semantic_model, streets, "val", **FEW)
    assert list(dict.fromkeys(row["group"] for row in rows)) == ["segmentation", "classification", "retrieval"]
    assert all(row["score"] is not None for row in rows)


def test_what_is_retrieved(scores_of):
    class Asker:
        class collector:
            num_prompts = 2

        def similarities(self, phrases, num_pictures):
            self.asked = phrases, num_pictures
            return np.array([[0.1, 0.9], [0.7, 0.6], [0.2, 0.1]])[: len(phrases)]

    scores = scores_of(["car", "dog", "nothing", "car", "tree", "cup"], areas=[9, 9, 0, 9, 9, 9])
    scores.pictures[:] = [0, 0, 1, 1, 2, 2]
    asker = Asker()
    rows = _retrieval(asker, scores, 2, {"num_resamples": 20})
    assert asker.asked == (["car", "dog"], 2), "each text once, without those of later pictures and of no target"
    assert rows[0]["score"] == 1.0, "both pictures hold a car, and the dog comes first"
    scores.confusion[1] = [[100, 0], [0, 0]]  # no dog
    assert _retrieval(asker, scores, 2, {"num_resamples": 20})[0]["num_samples"] == 1


def test_errors(make_model, semantic_model, referring_model, streets, shapes):
    with pytest.raises(ValueError, match="boxes need a phrase that names one thing, and 'streets' is semantic"):
        evaluate_tasks(semantic_model, streets, "val", tasks=["boxes"], **FEW)
    with pytest.raises(ValueError, match="retrieval needs a model that reads words. Received: tasks=\\['retrieval'\\]"):
        evaluate_tasks(make_model(1), shapes, "val", tasks=["retrieval"], **FEW)
    with pytest.raises(ValueError, match="retrieval needs at least two pictures"):
        evaluate_tasks(referring_model, shapes, "val", tasks=["retrieval"], limit=1, **FEW)
    for tasks in ("boxes", [], ["depth"]):
        with pytest.raises(ValueError, match="Tasks must be a list of names of .* Received: tasks="):
            evaluate_tasks(referring_model, shapes, "val", tasks=tasks)
    with pytest.raises(ValueError, match="at least two pictures. Received: num_candidates=1"):
        evaluate_tasks(referring_model, shapes, "val", num_candidates=1)
    with pytest.raises(ValueError, match="a share of the picture in \\[0, 1\\). Received: min_area=1"):
        evaluate_tasks(referring_model, shapes, "val", min_area=1)
