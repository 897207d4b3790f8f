import collections
import importlib
import json

import numpy as np
import pytest
import tensorflow as tf

from kmm.cli.score_table import score_table
from kmm.evaluation import evaluate
from kmm.evaluation.shuffle_prompts import shuffle_prompts, target_ids

THRESHOLDS = ("0.5", "0.6", "0.7", "0.8", "0.9")


def referring_reference(samples):
    """The scores from (truth, prediction, kind) by their definitions."""
    overlaps = np.array([((t & p).sum(), (t | p).sum()) for t, p, _ in samples], float)
    ious = np.array([i / u if u else 1.0 for i, u in overlaps])
    kinds = np.array([kind for *_, kind in samples])
    refused = {index: not p.any() for index, (t, p, _) in enumerate(samples) if not t.any()}
    truth, prediction = (np.stack([sample[k] for sample in samples]) for k in (0, 1))
    background = (~truth & ~prediction).sum() / (~truth | ~prediction).sum()

    def ratio(chosen):
        return overlaps[chosen, 0].sum() / overlaps[chosen, 1].sum() if overlaps[chosen, 1].sum() else None

    scores = {
        "overall_iou": ratio(slice(None)),
        "sample_mean_iou": ious.mean(),
        "precision_at_iou": {name: (ious >= float(name)).mean() for name in THRESHOLDS},
        "mean_iou": (ratio(slice(None)) + background) / 2,
        "pixel_accuracy": (truth == prediction).mean(),
        "no_target_accuracy": np.mean(list(refused.values())),
        "num_samples": len(samples),
        "kinds": {},
    }
    for kind, number in collections.Counter(kinds.tolist()).items():
        of_kind = kinds == kind
        scores["kinds"][kind] = {
            "overall_iou": ratio(of_kind),
            "sample_mean_iou": ious[of_kind].mean(),
            "num_samples": number,
        }
        no_target = [right for index, right in refused.items() if of_kind[index]]
        if no_target:
            scores["kinds"][kind]["no_target_accuracy"] = np.mean(no_target)
    return scores


def assert_same(actual, expected):
    """Equal names, and numbers equal up to rounding."""
    assert set(actual) == set(expected)
    for name, value in expected.items():
        if isinstance(value, dict):
            assert_same(actual[name], value)
        else:
            assert actual[name] == (None if value is None else pytest.approx(value, abs=2e-6)), name


def test_referring_scores_follow_their_definitions(referring_model, shapes, ask):
    metrics = evaluate(referring_model, shapes, "val", num_prompts=4, batch_size=2, verbose=0)
    examples = [shapes.example("val", index, num_prompts=4) for index in range(5)]
    own = [example.prompts for example in examples]
    targets = [target_ids(example.segmentation_masks) for example in examples]
    for prompts, scores in ((own, metrics), (shuffle_prompts(own, targets), metrics["shuffled_prompts"])):
        samples = []
        for example, texts in zip(examples, prompts, strict=True):
            predictions = ask(referring_model, example.image, texts)[..., 0] > 0
            samples += zip(example.segmentation_masks == 1, predictions, example.kinds, strict=True)
        expected = referring_reference(samples)
        assert_same({name: scores[name] for name in expected}, expected)
    assert metrics["shuffled_prompts"]["overall_iou"] != metrics["overall_iou"], "the words must count in this test"
    gap = metrics["overall_iou"] - metrics["shuffled_prompts"]["overall_iou"]
    assert metrics["language_gap"] == pytest.approx(gap, abs=2e-6)
    assert metrics["images_per_second"] > 0
    assert "absent" in metrics["kinds"], "the test must hold phrases that name nothing"


def test_semantic_scores_follow_their_definitions(semantic_model, streets, ask):
    metrics = evaluate(semantic_model, streets, "val", batch_size=2, verbose=0)
    examples = [streets.example("val", index) for index in range(5)]
    assert metrics["mean_iou"] != metrics["shuffled_prompts"]["mean_iou"], "the words must count in this test"
    for shift, scores in ((0, metrics), (2, metrics["shuffled_prompts"])):
        total, means = np.zeros((3, 3)), []
        for index, example in enumerate(examples):
            prompts = examples[(index + shift) % 5].prompts
            prediction = ask(semantic_model, example.image, prompts)[0].argmax(-1)
            truth = example.segmentation_masks[0]
            matrix = np.zeros((3, 3))
            np.add.at(matrix, (truth[truth < 3], prediction[truth < 3]), 1)
            total += matrix
            unions = matrix.sum(0) + matrix.sum(1) - matrix.diagonal()
            means.append((matrix.diagonal()[unions > 0] / unions[unions > 0]).mean())
        unions = total.sum(0) + total.sum(1) - total.diagonal()
        expected = {
            "overall_iou": total.diagonal().sum() / unions.sum(),
            "sample_mean_iou": np.mean(means),
            "precision_at_iou": {name: np.mean(np.array(means) >= float(name)) for name in THRESHOLDS},
            "mean_iou": (total.diagonal() / unions).mean(),
            "pixel_accuracy": total.diagonal().sum() / total.sum(),
            "num_samples": 5,
            "class_iou": dict(zip(streets.class_names, total.diagonal() / unions, strict=True)),
        }
        assert_same({name: scores[name] for name in expected}, expected)
    gap = metrics["mean_iou"] - metrics["shuffled_prompts"]["mean_iou"]
    assert metrics["language_gap"] == pytest.approx(gap, abs=2e-6)


@pytest.mark.slow
def test_batches_change_nothing(referring_model, shapes):
    one, three = (
        evaluate(referring_model, shapes, "val", num_prompts=2, batch_size=size, verbose=0) for size in (1, 3)
    )
    for metrics in (one, three):
        del metrics["images_per_second"]
    assert_same(one, three)


@pytest.mark.slow
def test_limit_and_epoch_choose_the_examples(referring_model, shapes):
    metrics = evaluate(referring_model, shapes, "train", limit=2, verbose=0)
    assert metrics["num_samples"] == 12
    assert metrics != evaluate(referring_model, shapes, "train", limit=2, epoch=1, verbose=0)


def test_a_model_of_images_alone_has_no_language_gap(make_model, shapes, streets):
    for model, source in ((make_model(1), shapes), (make_model(3), streets)):
        metrics = evaluate(model, source, "val", verbose=0)
        scores = {name: metrics[name] for name in metrics["shuffled_prompts"]}
        assert metrics["intervals"]["language_gap"] == [0, 0]
        assert scores == metrics["shuffled_prompts"] and metrics["language_gap"] == 0


@pytest.mark.slow
def test_the_result_is_plain_json(referring_model, semantic_model, shapes, streets):
    for model, source in ((referring_model, shapes), (semantic_model, streets)):
        metrics = evaluate(model, source, "val", limit=1, num_prompts=1, verbose=0)
        assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics
        assert metrics["language_gap"] is None, "a single prompt has no other words"
        main_score = "overall_iou" if source is shapes else "mean_iou"
        assert metrics[main_score] is not None and metrics["shuffled_prompts"][main_score] is None
        assert metrics["shuffled_prompts"]["num_samples"] == 1
        assert score_table(metrics)


@pytest.mark.slow
def test_progress_is_shown_when_wanted(referring_model, shapes, capsys):
    evaluate(referring_model, shapes, "val", limit=2, num_prompts=1, verbose=0)
    assert capsys.readouterr().out == ""
    evaluate(referring_model, shapes, "val", limit=2, num_prompts=1)
    assert "2/2" in capsys.readouterr().out


def test_nothing_to_score(semantic_model, streets):
    with pytest.raises(ValueError, match="at least one picture.*Received: 0 pictures of 'empty' in 'streets'"):
        evaluate(semantic_model, streets, "empty", verbose=0)
    with pytest.raises(ValueError, match="at least one picture.*Received: 0 pictures of 'val'"):
        evaluate(semantic_model, streets, "val", limit=0, verbose=0)


def test_other_classes(referring_model, semantic_model, shapes, streets):
    with pytest.raises(ValueError, match=r"classes of the data. Received: model.num_classes=1, and 3 in 'streets'"):
        evaluate(referring_model, streets, "val", verbose=0)
    with pytest.raises(ValueError, match=r"model.num_classes=3, and 1 in 'shapes' \(referring\)"):
        evaluate(semantic_model, shapes, "val", verbose=0)


def test_wrong_labels_are_refused(semantic_model, streets):
    with pytest.raises(ValueError, match="Labels must be class ids below 3"):
        evaluate(semantic_model, streets, "wrong", verbose=0)


def test_a_model_without_its_tokenizer(make_model, shapes):
    model = make_model(1, ["red"])
    model.prompt_tokenizer = None
    with pytest.raises(ValueError, match="must carry its tokenizer"):
        evaluate(model, shapes, "val", verbose=0)


def test_nan_is_refused(make_model, shapes):
    model = make_model(1)
    model.trainable_weights[-1].assign([np.nan])
    prompt = shapes.example("val", 0, num_prompts=6).prompts[0]
    with pytest.raises(ValueError, match=f"nan for picture 0 of 'val' with the prompt '{prompt}'. The weights"):
        evaluate(model, shapes, "val", verbose=0)


def test_nan_is_refused_with_its_sample(referring_model, shapes, monkeypatch):
    module = importlib.import_module("kmm.evaluation.sample_collector")
    calls = iter([[[0, 0], [0, 0]], [[0, 0], [0, 0]], [[0, 0], [0, 5]]])  # to warm up, and two batches

    def fake_predict_function(model, num_prompts, input_spec):
        return lambda inputs: (tf.zeros((2, 2, 32, 32, 1)), tf.constant(next(calls)))

    monkeypatch.setattr(module, "predict_function", fake_predict_function)
    prompt = shapes.example("val", 3, num_prompts=2).prompts[1]
    with pytest.raises(ValueError, match=f"nan for picture 3 of 'val' with the prompt '{prompt}'"):
        evaluate(referring_model, shapes, "val", num_prompts=2, batch_size=2, verbose=0)
