"""From which probability on a pixel belongs to the target, chosen where it may be chosen."""

import dataclasses
import math

import numpy as np

from kmm.evaluation.bootstrap import bootstrap_difference
from kmm.evaluation.sample_collector import SampleCollector
from kmm.evaluation.sample_scores import NUM_BINS
from kmm.evaluation.statistics import main_score, score_of


def choose_threshold(
    model, source, split="val", by=None, num_prompts=None, batch_size=16, limit=None, own_resolution=False, verbose=1
):
    """Chooses the threshold of a referring model on validation pictures.

    Published models take 0.35 or 0.5, and the choice moves the overall IoU by points. A threshold chosen on the
    pictures that are scored afterwards flatters the score; so the split must not be a test split. Give the threshold to
    `evaluate(..., threshold=...)`.

    Args:
        model: a `kmm.models.MultimodalModel` with one class.
        source: a referring `kmm.data.Source`.
        split: the split to choose on, never a test split.
        by: the score to maximise, see `kmm.evaluation.score_of`; `None` for "overall_iou".
        num_prompts, batch_size, limit, own_resolution, verbose: see `kmm.evaluation.SampleCollector`.

    Returns:
        What `threshold_curve` gives, and `split`.

    Raises:
        ValueError: if the split is a test split, the source is not referring, or there is nothing to score; and what
            `SampleCollector` raises.

    Example:

    >>> choice = choose_threshold(model, source, "val")  # doctest: +SKIP
    >>> metrics = kmm.evaluation.evaluate(model, source, "test", threshold=choice["threshold"])  # doctest: +SKIP
    """
    if "test" in split.lower():
        raise ValueError(
            "A threshold is chosen on validation pictures, never on those that are to be scored. "
            f"Received: split={split!r}. Use 'val'."
        )
    _check_task(source.task)
    options = {"num_prompts": num_prompts, "batch_size": batch_size, "limit": limit, "own_resolution": own_resolution}
    collector = SampleCollector(model, source, split, **options, verbose=verbose)
    return {**threshold_curve(collector.collect(title="picture, to choose the threshold"), by), "split": split}


def threshold_curve(scores, by=None):
    """A score for every threshold of 0.01, 0.02, ..., 0.99, from the samples' histograms of probabilities.

    Args:
        scores: a referring `kmm.evaluation.SampleScores`.
        by: a score, see `kmm.evaluation.score_of`; `None` for "overall_iou".

    Returns:
        A dict that is plain JSON: `threshold`, the best one, and of several the nearest to 0.5; `by`; `score` with it;
        `score_at_half` with 0.5; `gain`, their difference, and `gain_interval`; `thresholds` and `scores`, the curve;
        `num_samples`.

    Raises:
        ValueError: if the scores are not referring, or there is nothing to score.

    Example:

    >>> from kmm.evaluation import SampleScores
    >>> probabilities = np.zeros((1, 2, 100))
    >>> probabilities[0, 0, 30], probabilities[0, 1, 40] = 80, 20  # the target lies below 0.5, the rest below 0.4
    >>> classes, matrix = ("background", "target"), np.array([[[80.0, 0.0], [20.0, 0.0]]])
    >>> scores = SampleScores("referring", classes, np.arange(1), ("a cat",), ("attribute",), matrix, probabilities)
    >>> curve = threshold_curve(scores)
    >>> curve["threshold"], curve["score"], curve["score_at_half"]
    (0.4, 1.0, 0.0)
    """
    _check_task(scores.task)
    by = by or main_score(scores.task)
    places = np.arange(1, NUM_BINS)
    curve = np.array([score_of(_at(scores, place), by) for place in places])
    if np.isnan(curve).all():
        raise ValueError(
            f"A threshold needs something to score. Received: {by} of {len(scores)} samples, which is nan. Choose "
            "another split, or another score."
        )
    best = np.flatnonzero(curve >= np.nanmax(curve) - 1e-12)
    place = best[np.argmin(np.abs(places[best] - NUM_BINS / 2))]
    gain = bootstrap_difference(_at(scores, places[place]), _at(scores, NUM_BINS // 2), by)
    return {
        "threshold": float(places[place] / NUM_BINS),
        "by": by,
        "score": float(curve[place]),
        "score_at_half": float(curve[NUM_BINS // 2 - 1]),
        "gain": gain.value,
        "gain_interval": None if math.isnan(gain.low) else [gain.low, gain.high],
        "thresholds": (places / NUM_BINS).tolist(),
        "scores": [None if math.isnan(value) else value for value in curve.tolist()],
        "num_samples": len(scores),
    }


def _at(scores, place):
    """The scores with the target where the probability lies in the bins from `place` on."""
    below, above = (part.sum(axis=-1) for part in np.split(scores.probabilities, [place], axis=-1))
    return dataclasses.replace(scores, confusion=np.stack([below, above], axis=-1))


def _check_task(task):
    if task != "referring":
        raise ValueError(
            "Only binary masks have a threshold; of several classes the most probable one is the answer. "
            f"Received: task={task!r}. Leave the threshold out."
        )
