"""Whether a model's probabilities are what they say."""

import numpy as np

from kmm.evaluation.divide import divide
from kmm.evaluation.resampling import picture_sums, picture_weights
from kmm.evaluation.sample_scores import NUM_BINS


def calibration(scores, num_bins=10, level=0.95, num_resamples=1000, seed=0):
    """How far a model's probabilities are from how often they come true.

    Pixels are put into bins of equal width by their probability. A model is calibrated if of the pixels that it calls
    the target with 0.7, 70 % are the target. Referring: every pixel with the probability of the target. Semantic: every
    pixel with the probability of its answer, which is right or wrong. Pixels labelled 255 do not count.

    Use it beside the scores of overlap: a threshold, a refusal or a mean of several models is only as good as the
    probabilities. Most pixels are easy background, so that the expected error is small for most models: look at the
    curve too. Probabilities are known to a hundredth; inside the first and the last hundredth errors are not seen.

    Reference: Guo et al., "On Calibration of Modern Neural Networks", 2017.

    Args:
        scores: a `kmm.evaluation.SampleScores`.
        num_bins: bins of the curve, a divisor of 100.
        level: the share of cases in which an interval shall hold the truth, between 0 and 1. Pictures are resampled
            with all their samples.
        num_resamples: drawn sets.
        seed: keys the draws.

    Returns:
        A dict that is plain JSON, ready for `kmm.visualization.plot_calibration`; `None` where nothing is known, such
        as intervals of a single picture.

        - `expected_error`: mean over the pixels of the distance between probability and frequency of their bins;
        - `maximum_error`: the largest distance of a bin, which may hold few pixels;
        - `mean_gap`: mean probability minus frequency, above 0 where the model promises more than it keeps;
        - `expected_error_interval`, `maximum_error_interval`, `mean_gap_interval`: `[low, high]`;
        - `bins`: for each bin `low`, `high`, `probability` (mean), `frequency`, `interval` of the frequency, and
          `share` of the pixels;
        - `task`, `num_pixels`, `num_samples`.

    Raises:
        ValueError: if `num_bins` is no divisor of 100, `level` or `num_resamples` is out of range, or no pixel counts.

    Example:

    >>> from kmm.evaluation import SampleScores
    >>> probabilities = np.zeros((1, 2, 100))
    >>> probabilities[0, :, 70] = 50.0, 50.0  # a probability of 0.705, which comes true for half of the pixels
    >>> classes, matrix = ("background", "target"), np.full((1, 2, 2), 25.0)
    >>> scores = SampleScores("referring", classes, np.arange(1), ("a cat",), ("attribute",), matrix, probabilities)
    >>> round(calibration(scores)["expected_error"], 3)
    0.205
    """
    _check(scores, num_bins, level, num_resamples)
    counts = picture_sums(scores, scores.probabilities.reshape(len(scores), -1))
    shares, probabilities, frequencies = _curve(counts.sum(axis=0), num_bins)
    result = {"task": scores.task, "num_pixels": int(counts.sum()), "num_samples": len(scores)}
    known = len(counts) > 1
    drawn = _curve(picture_weights(len(counts), num_resamples, seed) @ counts, num_bins) if known else None
    for name, error in _ERRORS.items():
        result[name] = float(error(shares, probabilities, frequencies))
        result[f"{name}_interval"] = _interval(error(*drawn), level) if known else None
    edges = np.linspace(0, 1, num_bins + 1).round(4).tolist()
    result["bins"] = [
        {
            "low": edges[place],
            "high": edges[place + 1],
            "probability": _plain(probabilities[place]),
            "frequency": _plain(frequencies[place]),
            "interval": _interval(drawn[2][:, place], level) if known and shares[place] else None,
            "share": float(shares[place]),
        }
        for place in range(num_bins)
    ]
    return result


def _curve(counts, num_bins):
    """Share of the pixels, mean probability and frequency of every bin, `(..., num_bins)`; nan in an empty one."""
    counts = counts.reshape(*counts.shape[:-1], 2, NUM_BINS)
    true, pixels = counts[..., 1, :], counts.sum(axis=-2)
    middles = np.broadcast_to((np.arange(NUM_BINS) + 0.5) / NUM_BINS, pixels.shape).copy()
    # Most probabilities lie near 0 and 1, where the middle of a hundredth would be far off: what is true, if possible.
    found = np.nan_to_num(divide(true, pixels), nan=0.5)
    middles[..., 0] = np.clip(found[..., 0], 0, 1 / NUM_BINS)
    middles[..., -1] = np.clip(found[..., -1], 1 - 1 / NUM_BINS, 1)
    of_bins = [
        values.reshape(*values.shape[:-1], num_bins, -1).sum(axis=-1) for values in (pixels, pixels * middles, true)
    ]
    total = pixels.sum(axis=-1, keepdims=True)
    return divide(of_bins[0], total), divide(of_bins[1], of_bins[0]), divide(of_bins[2], of_bins[0])


def _expected_error(shares, probabilities, frequencies):
    return np.nansum(shares * np.abs(probabilities - frequencies), axis=-1)


def _maximum_error(shares, probabilities, frequencies):
    return np.nan_to_num(np.abs(probabilities - frequencies)).max(axis=-1)


def _mean_gap(shares, probabilities, frequencies):
    return np.nansum(shares * (probabilities - frequencies), axis=-1)


_ERRORS = {"expected_error": _expected_error, "maximum_error": _maximum_error, "mean_gap": _mean_gap}


def _interval(drawn, level):
    """The middle part of what was drawn."""
    return [float(end) for end in np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2])]


def _plain(value):
    return None if np.isnan(value) else float(value)


def _check(scores, num_bins, level, num_resamples):
    if num_bins < 1 or NUM_BINS % num_bins:
        raise ValueError(f"num_bins must be a divisor of {NUM_BINS}. Received: num_bins={num_bins}. Use 10 or 20.")
    if not 0 < level < 1 or num_resamples < 1:
        raise ValueError(
            "An interval needs a level between 0 and 1 and at least one resampled set. Received: "
            f"level={level}, num_resamples={num_resamples}. Use 0.95 and 1000."
        )
    if not scores.probabilities.sum():
        raise ValueError(
            f"Calibration needs at least one pixel that counts. Received: {len(scores)} samples without any. Choose "
            "samples with labels other than 255."
        )
