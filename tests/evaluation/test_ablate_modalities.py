import importlib
import itertools
import json
import types

import numpy as np
import pytest

from kmm.evaluation import SampleCollector, SampleScores, ablate_modalities, score_of

OPTIONS = {"num_prompts": 3, "batch_size": 2, "limit": 3, "verbose": 0}


@pytest.fixture
def adds_up(monkeypatch):
    """Takes the place of collecting: each modality finds some of 100 pixels, image and text together 10 more."""
    module = importlib.import_module("kmm.evaluation.ablate_modalities")

    class Collector:
        def __init__(self, model, source, split, **options):
            self.model = model

        def collect(self, title):
            given = {name for name, switch in self.model.switches.items() if switch.numpy()}
            right = 5 + 20 * ("image" in given) + 30 * ("text" in given) + 10 * (given >= {"image", "text"})
            right = right + np.linspace(-4, 4, 20) * ("image" in given)
            matrix = np.stack([np.stack([0 * right, 0 * right], -1), np.stack([100 - right, right], -1)], 1)
            rest = ("",) * 20, ("any",) * 20, matrix, np.zeros((20, 2, 100))
            return SampleScores("referring", ("background", "target"), np.arange(20), *rest)

    monkeypatch.setattr(module, "SampleCollector", Collector)
    inputs = [types.SimpleNamespace(name=name) for name in ("images", "token_ids", "padding_mask", "sound")]
    return types.SimpleNamespace(inputs=inputs, image_size=(32, 32))


def test_what_each_adds(adds_up, shapes):
    result = ablate_modalities(adds_up, shapes, "val")
    scores = {frozenset(subset["modalities"]): subset["score"] for subset in result["subsets"]}
    assert list(scores)[0] == {"image", "text", "sound"} and list(scores)[-1] == frozenset() and len(scores) == 8
    assert scores[frozenset()] == pytest.approx(0.05) and scores[frozenset({"text"})] == pytest.approx(0.35)
    values = {name: {how: part["value"] for how, part in ways.items()} for name, ways in result["adds"].items()}
    assert values["image"] == pytest.approx({"shapley": 0.25, "last": 0.3, "alone": 0.2})
    assert values["text"] == pytest.approx({"shapley": 0.35, "last": 0.4, "alone": 0.3})
    assert values["sound"] == pytest.approx({"shapley": 0, "last": 0, "alone": 0})
    everything = scores[frozenset({"image", "text", "sound"})]
    assert sum(part["shapley"] for part in values.values()) == pytest.approx(everything - 0.05)
    low, high = result["adds"]["image"]["shapley"]["interval"]
    assert low < 0.25 < high and high - low == pytest.approx(2 * 1.96 * 0.024 / np.sqrt(19), rel=0.2)
    assert result["adds"]["text"]["shapley"]["interval"] == pytest.approx([0.35, 0.35])
    assert result["statement"].startswith(
        "overall IoU 0.650 with image and text and sound, 0.050 with none: image +0.250 [0.2"
    )
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_shapley_values_are_means_over_all_orders(adds_up, shapes):
    result = ablate_modalities(adds_up, shapes, "val", by="sample_mean_iou")
    scores = {frozenset(subset["modalities"]): subset["score"] for subset in result["subsets"]}
    for name, ways in result["adds"].items():
        gains = []
        for order in itertools.permutations(result["adds"]):
            before = frozenset(order[: order.index(name)])
            gains.append(scores[before | {name}] - scores[before])
        assert ways["shapley"]["value"] == pytest.approx(np.mean(gains))


def test_chosen_modalities(adds_up, shapes):
    result = ablate_modalities(adds_up, shapes, "val", {"image": ["images"]}, blank_image=(127, 127, 127))
    assert [subset["modalities"] for subset in result["subsets"]] == [["image"], []]
    assert "with image, 0.050 without it: image +0.200" in result["statement"]


@pytest.mark.slow
def test_the_models_own_answers(referring_model, shapes):
    result = ablate_modalities(referring_model, shapes, "val", **OPTIONS)
    scores = [subset["score"] for subset in result["subsets"]]
    collector = SampleCollector(referring_model, shapes, "val", **OPTIONS)
    mean = np.mean([shapes.example("val", index).image for index in range(3)], axis=0).round().astype("uint8")
    nothing = [("",) * 3] * 3
    expected = [
        collector.collect(),
        collector.collect(prompts=nothing),
        collector.collect(change_image=lambda *_: mean),
    ]
    expected.append(collector.collect(nothing, lambda *_: mean))
    assert scores == pytest.approx([score_of(run, "overall_iou") for run in expected], abs=1e-6)
    assert len(set(scores)) == 4, "picture and words must count in this test"
    assert (result["num_pictures"], result["num_samples"]) == (3, 9)


def test_nothing_known(adds_up, shapes):
    result = ablate_modalities(adds_up, shapes, "val", by="no_target_accuracy")
    assert result["subsets"][0]["score"] is None and result["adds"]["image"]["last"]["value"] is None
    assert "is not known for every subset" in result["statement"]


def test_errors(adds_up, referring_model, shapes):
    for modalities in ({"image": ["pixels"]}, {}):
        with pytest.raises(ValueError, match="some of the model's inputs .*'images'.*Received: modalities="):
            ablate_modalities(adds_up, shapes, "val", modalities)


def test_no_pictures(referring_model, shapes):
    with pytest.raises(ValueError, match="at least one picture"):
        ablate_modalities(referring_model, shapes, "val", limit=0)
