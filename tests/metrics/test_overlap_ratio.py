"""The binary metrics against plain formulas, and what their arguments must hold."""

import hypothesis
import hypothesis.extra.numpy
import hypothesis.strategies as st
import numpy as np
import pytest

from kmm.metrics import NoTargetAccuracy, OverallIoU, PrecisionAtIoU, SampleMeanIoU
from kmm.metrics.overlap_ratio import OverlapRatio

METRICS = [OverallIoU, SampleMeanIoU, PrecisionAtIoU, NoTargetAccuracy]


@hypothesis.settings(deadline=None, max_examples=50)
@hypothesis.given(
    labels=hypothesis.extra.numpy.arrays("uint8", (3, 2, 2), elements=st.sampled_from([0, 0, 1, 255])),
    logits=hypothesis.extra.numpy.arrays("float32", (3, 2, 2), elements=st.sampled_from([-3.0, 0.0, 0.5, 3.0])),
    threshold=st.sampled_from([0.5, 0.6, 0.96]),
)
def test_equal_plain_formulas(labels, logits, threshold):
    intersections, unions, ious, no_target_answers = 0, 0, [], []
    for sample, sample_logits in zip(labels, logits, strict=True):
        counted = sample != 255
        target, predicted = sample[counted] == 1, 1 / (1 + np.exp(-sample_logits[counted])) > threshold
        intersection, union = np.sum(target & predicted), np.sum(target | predicted)
        intersections, unions = intersections + intersection, unions + union
        if counted.any():
            ious.append(intersection / union if union else 1.0)
            if not target.any():
                no_target_answers.append(not predicted.any())
    expected = {
        OverallIoU: intersections / unions if unions else np.nan,
        SampleMeanIoU: np.mean(ious) if ious else np.nan,
        PrecisionAtIoU: np.mean(np.array(ious) >= 0.5) if ious else np.nan,
        NoTargetAccuracy: np.mean(no_target_answers) if no_target_answers else np.nan,
    }
    for cls in METRICS:
        metric = cls(threshold=threshold)
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
