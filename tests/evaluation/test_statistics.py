import keras
import numpy as np
import pytest

from kmm import metrics
from kmm.evaluation import SampleScores, main_score, score_of


def scores_of(labels, answers, num_classes, task):
    """The counts of maps of class ids, `(samples, pixels)`."""
    confusion = np.zeros((len(labels), num_classes, num_classes))
    for matrix, label, answer in zip(confusion, labels, answers, strict=True):
        np.add.at(matrix, (label[label != 255], answer[label != 255]), 1)
    names = ("background", "target") if task == "referring" else tuple("abcde"[:num_classes])
    count = len(labels)
    return SampleScores(
        task, names, np.arange(count), ("words",) * count, ("kind",) * count, confusion, np.zeros((count, 2, 100))
    )


@pytest.fixture(scope="module")
def binary():
    random = np.random.default_rng(0)
    labels = random.choice([0, 1, 1, 255], (8, 30))
    answers = random.integers(0, 2, (8, 30))
    labels[0], answers[0] = 0, 0  # empty and empty
    labels[1] = 0  # an answer to an empty target
    answers[2] = 0  # an empty answer
    labels[3] = 255
    answers[4] = np.where(labels[4] == 1, 1, 0)
    return labels, answers


@pytest.fixture(scope="module")
def classes():
    random = np.random.default_rng(1)
    return random.choice([0, 1, 2, 255], (6, 40)), random.integers(0, 3, (6, 40))  # class 3 of 4 occurs nowhere


BINARY = {
    "overall_iou": metrics.OverallIoU(),
    "sample_mean_iou": metrics.SampleMeanIoU(),
    "precision_at_0.5": metrics.PrecisionAtIoU(0.5),
    "precision_at_0.9": metrics.PrecisionAtIoU(0.9),
    "no_target_accuracy": metrics.NoTargetAccuracy(),
    "pixel_accuracy": metrics.PixelAccuracy(),
}


@pytest.mark.parametrize("name", BINARY)
def test_binary_scores_equal_the_metrics(binary, name):
    labels, answers = binary
    logits = np.where(answers, 9.0, -9.0)[:, None, :, None]
    metric = BINARY[name]
    metric.reset_state()
    metric.update_state(labels[:, None], logits)
    assert score_of(scores_of(labels, answers, 2, "referring"), name) == pytest.approx(float(metric.result()), rel=1e-6)


@pytest.mark.parametrize("name", ["mean_iou", "pixel_accuracy"])
def test_class_scores_equal_the_metrics(classes, name):
    labels, answers = classes
    metric = metrics.MeanIoU(4) if name == "mean_iou" else metrics.PixelAccuracy(4)
    metric.update_state(labels[:, None], 9.0 * keras.ops.one_hot(answers, 4)[:, None])
    assert score_of(scores_of(labels, answers, 4, "semantic"), name) == pytest.approx(float(metric.result()), rel=1e-6)


def test_class_scores_follow_their_formulas(classes):
    labels, answers = classes
    scores = scores_of(labels, answers, 4, "semantic")
    counted = labels != 255
    right = [(counted & (labels == c) & (answers == c)).sum() for c in range(3)]
    labelled = np.array([(labels == c).sum() for c in range(3)])
    answered = np.array([(counted & (answers == c)).sum() for c in range(3)])
    ious = right / (labelled + answered - right)
    expected = {
        "frequency_weighted_iou": (ious * labelled).sum() / counted.sum(),
        "mean_class_accuracy": (right / labelled).mean(),
        "precision": (right / answered).mean(),
        "recall": (right / labelled).mean(),
        "dice": (2 * np.array(right) / (labelled + answered)).mean(),
        "class_iou/b": ious[1],
        "overall_iou": sum(right) / (2 * counted.sum() - sum(right)),
    }
    for name, value in expected.items():
        assert score_of(scores, name) == pytest.approx(value), name
    assert np.isnan(score_of(scores, "class_iou/d")), "occurs nowhere"


def test_binary_scores_follow_their_formulas(binary):
    labels, answers = binary
    scores = scores_of(labels, answers, 2, "referring")
    counted, target, answer = labels != 255, labels == 1, answers == 1
    both = (target & answer).sum()
    has_target = target.any(axis=1)
    has_answer = (answer & counted).any(axis=1)
    expected = {
        "precision": both / (answer & counted).sum(),
        "recall": both / target.sum(),
        "dice": 2 * both / ((answer & counted).sum() + target.sum()),
        "target_accuracy": has_answer[has_target].mean(),
        "target_mean_iou": scores.ious[has_target].mean(),
    }
    for name, value in expected.items():
        assert score_of(scores, name) == pytest.approx(value), name


def test_average_precision_of_binned_logits():
    """Ranked: target, background, target, background: (1/1 + 2/3) / 2."""
    ranks = np.zeros((1, 2, 200))
    ranks[0, 1, [180, 80]] = 1
    ranks[0, 0, [120, 20]] = 1
    rest = (np.ones((1, 2, 2)), np.zeros((1, 2, 100)))
    scores = SampleScores("referring", ("b", "t"), np.zeros(1), ("w",), ("k",), *rest, ranks=ranks)
    assert score_of(scores, "average_precision") == pytest.approx((1 + 2 / 3) / 2)


def test_nothing_to_score_is_nan(binary):
    labels, answers = binary
    scores = scores_of(labels[4:], answers[4:], 2, "referring")  # no empty target
    assert np.isnan(score_of(scores, "no_target_accuracy"))
    assert np.isnan(score_of(scores.select([]), "overall_iou")) and np.isnan(score_of(scores.select([]), "mean_iou"))


@pytest.mark.parametrize(
    "task, name", [("semantic", "target_accuracy"), ("referring", "precision_at_7"), ("semantic", "x")]
)
def test_unknown_scores_are_refused(task, name):
    with pytest.raises(ValueError, match=f"There is no score '{name}' for the task '{task}'.*Use '{main_score(task)}'"):
        score_of(scores_of(np.zeros((1, 4), int), np.zeros((1, 4), int), 2, task), name)
