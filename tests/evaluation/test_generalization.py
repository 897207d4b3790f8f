import dataclasses
import json

import numpy as np
import pytest

from kmm.evaluation import SampleCollector, corrupt, generalization, score_of

LIMIT = 8
OPTIONS = {"num_resamples": 40, "verbose": 0}


@pytest.fixture(scope="module")
def rows(referring_model, shapes):
    """The groups of a referring source, by group and name."""
    rows = generalization(referring_model, shapes, "test", limit=LIMIT, **OPTIONS)
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    return {(row["group"], row["name"]): row for row in rows}


def test_groups_of_phrases(rows):
    assert rows["all", "shapes, test"]["score_name"] == "overall_iou"
    for group in ("kind", "length", "size"):
        of_group = [row for (name, _), row in rows.items() if name == group]
        assert sum(row["num_samples"] for row in of_group) == 6 * LIMIT, group
    absent = rows["kind", "absent"]
    assert absent["score_name"] == "no_target_accuracy" and 0 <= absent["score"] <= 1
    assert rows["held_out", "held out"]["num_samples"] and rows["held_out", "seen"]["num_samples"]


@pytest.mark.slow
def test_scores_are_those_of_the_samples(rows, referring_model, shapes):
    options = {"groups": (), "held_out": (), "corruptions": ["noise", "blur"], "strengths": (5,), **OPTIONS}
    found = generalization(referring_model, shapes, "test", limit=LIMIT, **options)
    collector = SampleCollector(referring_model, shapes, "test", limit=LIMIT, verbose=0)
    scores = collector.collect()
    assert found[0] == rows["all", "shapes, test"]
    assert found[0]["score"] == pytest.approx(score_of(scores, "overall_iou"), abs=1e-6)
    relations = scores.select(np.array(scores.kinds) == "relation")
    assert rows["kind", "relation"]["score"] == pytest.approx(score_of(relations, "overall_iou"), abs=1e-6)
    spoilt = collector.collect(change_image=lambda image, number: corrupt(image, "noise", 5, (0, number)))
    assert (found[1]["name"], found[1]["score"]) == (
        "noise 5",
        pytest.approx(score_of(spoilt, "overall_iou"), abs=1e-6),
    )


@pytest.mark.slow
def test_other_data(rows, referring_model, shapes):
    others = {"again": shapes, "scenes to choose from": (shapes, "val")}
    options = {"groups": (), "other_sources": others, "limit": LIMIT, **OPTIONS}
    *_, same, val = generalization(referring_model, shapes, "test", **options)
    assert same == {**rows["all", "shapes, test"], "group": "other data", "name": "again"}
    assert val["num_samples"] == 30 and val["score"] != same["score"]


class OtherStreets:
    """The streets with other ids, and one class that the model does not know."""

    name, task, class_names, splits = "other streets", "semantic", ("tree", "car", "sky"), ("val",)

    def __init__(self, streets):
        self.streets = streets

    def num_examples(self, split):
        return self.streets.num_examples(split)

    def example(self, *args, **kwargs):
        example = self.streets.example(*args, **kwargs)
        ids = np.full(256, 255, "uint8")
        ids[[0, 1, 2]] = 2, 0, 1  # sky, what was a road and is a tree, car
        return dataclasses.replace(example, segmentation_masks=ids[example.segmentation_masks])


@pytest.mark.slow
def test_semantic(semantic_model, streets):
    rows = generalization(
        semantic_model, streets, "val", held_out=["car"], other_sources={"trees": OtherStreets(streets)}, **OPTIONS
    )
    assert [row["group"] for row in rows] == ["all", "kind", "length", "held_out", "held_out", "other data"]
    scores = SampleCollector(semantic_model, streets, "val", verbose=0).collect()
    by_class = {name: score_of(scores, f"class_iou/{name}") for name in streets.class_names}
    assert rows[0]["score"] == pytest.approx(np.mean(list(by_class.values())), abs=1e-6)
    assert rows[3]["score"] == pytest.approx(by_class["car"], abs=1e-6)
    assert rows[4]["score"] == pytest.approx((by_class["sky"] + by_class["road"]) / 2, abs=1e-6)
    matrix = scores.confusion.sum(axis=0)
    matrix[1] = 0  # roads are trees there, which count nowhere
    ious = np.diag(matrix) / (matrix.sum(axis=0) + matrix.sum(axis=1) - np.diag(matrix))
    assert rows[5]["classes"] == ["sky", "car"]
    assert rows[5]["score"] == pytest.approx((ious[0] + ious[2]) / 2, abs=1e-6)


def test_errors(semantic_model, referring_model, streets, shapes):
    semantic, referring = (semantic_model, streets, "val"), (referring_model, shapes, "val")
    with pytest.raises(ValueError, match="must be classes of the source. Received: \\['bus'\\]; 'streets' has"):
        generalization(*semantic, held_out=["bus"])
    with pytest.raises(ValueError, match="held_out must be a list. Received: held_out='car'"):
        generalization(*semantic, held_out="car")
    with pytest.raises(ValueError, match="must have the task of the first. Received: 'semantic' of 'roads', and 'refe"):
        generalization(*referring, other_sources={"roads": streets})
    with pytest.raises(ValueError, match="must have the split. Received: split='day' for 'more', which has"):
        generalization(*referring, other_sources={"more": (shapes, "day")})
    for wrong in ("noise", ["rain"]):
        with pytest.raises(ValueError, match="must be a list of names of .* Received: corruptions="):
            generalization(*referring, corruptions=wrong)
    for strengths in ((), (0, 1)):
        with pytest.raises(ValueError, match="numbers from 1 to 5. Received: strengths="):
            generalization(*referring, corruptions=["fog"], strengths=strengths)
