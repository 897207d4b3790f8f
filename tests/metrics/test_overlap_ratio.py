"""The binary metrics against plain formulas, and what their arguments must hold."""

import hypothesis
import hypothesis.extra.numpy
import hypothesis.strategies as st
import numpy as np
import pytest

from kmm.metrics import (
    DiceScore,
    NoTargetAccuracy,
    OverallIoU,
    PixelPrecision,
    PixelRecall,
    PrecisionAtIoU,
    SampleMeanDice,
    SampleMeanIoU,
    TargetAccuracy,
)
from kmm.metrics.overlap_ratio import OverlapRatio

WITH_TARGETS_ONLY = [OverallIoU, SampleMeanIoU, PrecisionAtIoU, PixelPrecision, DiceScore, SampleMeanDice]
METRICS = [*WITH_TARGETS_ONLY, NoTargetAccuracy, TargetAccuracy, PixelRecall]


def ratio(numerator, denominator):
    return numerator / denominator if denominator else np.nan


def plain_scores(labels, probabilities, threshold, targets_only):
    """Every metric's result, one sample after the other."""
    sums, ious, dices, answered, unanswered = np.zeros(4), [], [], [], []
    for sample, sample_probabilities in zip(labels, probabilities, strict=True):
        counted = sample != 255
        target, predicted = sample[counted] == 1, sample_probabilities[counted] > threshold
        if not counted.any() or (targets_only and not target.any()):
            continue
        areas = np.array([np.sum(target & predicted), np.sum(target | predicted), np.sum(target), np.sum(predicted)])
        sums += areas
        ious.append(areas[0] / areas[1] if areas[1] else 1.0)
        dices.append(2 * areas[0] / (areas[2] + areas[3]) if areas[1] else 1.0)
        (answered if target.any() else unanswered).append(predicted.any())
    intersection, union, target_area, predicted_area = sums
    return {
        OverallIoU: ratio(intersection, union),
        SampleMeanIoU: ratio(sum(ious), len(ious)),
        PrecisionAtIoU: ratio(np.sum(np.array(ious) >= 0.5), len(ious)),
        PixelPrecision: ratio(intersection, predicted_area),
        PixelRecall: ratio(intersection, target_area),
        DiceScore: ratio(2 * intersection, target_area + predicted_area),
        SampleMeanDice: ratio(sum(dices), len(dices)),
        NoTargetAccuracy: ratio(len(unanswered) - sum(unanswered), len(unanswered)),
        TargetAccuracy: ratio(sum(answered), len(answered)),
    }


@hypothesis.settings(deadline=None, max_examples=10)
@hypothesis.given(
    labels=hypothesis.extra.numpy.arrays("uint8", (5, 2, 2), elements=st.sampled_from([0, 0, 1, 255])),
    logits=hypothesis.extra.numpy.arrays("float32", (5, 2, 2), elements=st.sampled_from([-3.0, 0.0, 0.5, 3.0])),
    threshold=st.sampled_from([0.5, 0.6, 0.96]),
)
def test_equal_plain_formulas(labels, logits, threshold):
    for targets_only, classes in ((False, METRICS), (True, WITH_TARGETS_ONLY)):
        expected = plain_scores(labels, 1 / (1 + np.exp(-logits)), threshold, targets_only)
        for cls in classes:
            metric = cls(threshold=threshold, **({"targets_only": True} if targets_only else {}))
            metric.update_state(labels, logits[..., None])
            np.testing.assert_allclose(metric.result(), expected[cls], rtol=1e-6, err_msg=cls.__name__)


@pytest.mark.parametrize("cls", METRICS)
@pytest.mark.parametrize("threshold", [0.0, 1.0, -1.0, float("nan")])
def test_threshold_must_be_a_probability(cls, threshold):
    with pytest.raises(ValueError, match="threshold must be a probability between 0 and 1. Received: threshold="):
        cls(threshold=threshold)


@pytest.mark.parametrize("cls", METRICS)
@pytest.mark.parametrize("ignore_value", [0, 1])
def test_ignore_value_must_not_be_a_label(cls, ignore_value):
    with pytest.raises(ValueError, match=f"neither 0 nor 1. Received: ignore_value={ignore_value}"):
        cls(ignore_value=ignore_value)


def test_subclass_must_implement_sample_terms():
    with pytest.raises(NotImplementedError, match="OverlapRatio must implement sample_terms"):
        OverlapRatio().update_state(np.zeros((1, 2, 2)), np.zeros((1, 2, 2, 1)))
