"""Whether one model is better than another, or only luckier with the pictures."""

import math

import numpy as np

from kmm.evaluation.permutation_test import permutation_test
from kmm.evaluation.resampling import accelerated_interval, picture_weights
from kmm.evaluation.sample_collector import SampleCollector
from kmm.evaluation.sample_scores import SampleScores
from kmm.evaluation.seed_spread import check_same_samples, run_sums, seed_spread
from kmm.evaluation.statistics import main_score


def compare_models(
    first,
    second,
    source=None,
    split=None,
    by=None,
    names=("A", "B"),
    level=0.95,
    num_permutations=10000,
    num_resamples=2000,
    seed=0,
    **collecting,
):
    """Compares two models, or two lists of training runs, on the same samples.

    The interval of the difference is from pictures drawn with replacement, the same for both; the p-value is that of
    `kmm.evaluation.permutation_test`, in which the two answers to a picture are exchanged. A model is called better
    where p is below 1 - level and the interval does not hold 0. With several runs each, p and interval are those of the
    mean over the runs; where the difference is less than twice its standard error over the seeds, the statement says so
    instead: other pictures would probably show it again, other seeds perhaps not.

    Scores are comparable where both are counted at the same pixels. If the models have different image sizes, collect
    with `own_resolution=True`.

    Args:
        first, second: a model or a `kmm.evaluation.SampleScores`, or equally long lists of them, one for each seed.
        source: a `kmm.data.Source`, where models are given.
        split: which split of it.
        by: a score, see `kmm.evaluation.score_of`; `None` for the main score of the task.
        names: what the two are called.
        level: the share of cases in which the interval shall hold the truth, between 0 and 1.
        num_permutations: exchanges that are drawn at most.
        num_resamples: drawn sets of pictures.
        seed: keys the draws.
        **collecting: further arguments of `kmm.evaluation.SampleCollector`, such as `limit`.

    Returns:
        A dict that is plain JSON: `statement`, the result in words; `better`, one of the names or `None`; `by`;
        `difference` of first minus second, its `interval` and `p_value`, both `None` for a single picture; `models`,
        what `seed_spread` gives for each name; `num_pictures`, `num_samples`, `num_seeds`.

    Raises:
        ValueError: if the samples or the numbers of runs differ, models come without source and split, the names are
            alike, there is nothing to score, or a number is out of range.

    Example:

    >>> rest = ("background", "target"), np.arange(30), ("a cat",) * 30, ("attribute",) * 30
    >>> right = np.linspace(20, 70, 30)
    >>> matrix = np.stack([np.stack([0 * right + 30, 70 - right], -1), np.stack([0 * right, right], -1)], 1)
    >>> one, other = (SampleScores("referring", *rest, part, np.zeros((30, 2, 100))) for part in (matrix, matrix + 9))
    >>> compare_models(one, other)["statement"]
    'A is better than B: overall IoU 0.643 against 0.557, difference 0.086 [0.066, 0.107], p = 0.0001.'
    """
    runs = [_collect(given, source, split, collecting) for given in (first, second)]
    _check(runs, names, level, num_permutations, num_resamples)
    by = by or main_score(runs[0][0].task)
    sums, combine = run_sums([*runs[0], *runs[1]], by)
    one, other = np.split(sums, 2)
    difference = _mean(combine, one.sum(axis=1)) - _mean(combine, other.sum(axis=1))
    if math.isnan(difference):
        raise ValueError(
            f"A comparison needs something to score. Received: {by} of {len(runs[0][0])} samples, which is nan. Choose "
            "another split, or another score."
        )
    interval = p_value = None
    if one.shape[1] > 1:
        weights = picture_weights(one.shape[1], num_resamples, seed)
        drawn = _mean(combine, weights @ one) - _mean(combine, weights @ other)
        left_out = [_mean(combine, part.sum(axis=1, keepdims=True) - part) for part in (one, other)]
        interval = list(accelerated_interval(difference, drawn, left_out[0] - left_out[1], level))
        p_value = permutation_test(one, other, combine, num_permutations, seed)
    options = {"by": by, "level": level, "num_resamples": num_resamples, "seed": seed}
    result = {
        "by": by,
        "difference": float(difference),
        "interval": interval,
        "p_value": p_value,
        "models": {name: seed_spread(own, **options) for name, own in zip(names, runs, strict=True)},
        "num_pictures": one.shape[1],
        "num_samples": len(runs[0][0]),
        "num_seeds": len(one),
    }
    shown = interval is not None and p_value < 1 - level and not interval[0] <= 0 <= interval[1]
    winner = names[0] if difference > 0 else names[1]
    settled = shown and not _seeds_differ_as_much(result)
    return {
        "statement": _statement(result, names, winner, shown, settled),
        "better": winner if settled else None,
        **result,
    }


def _collect(given, source, split, collecting):
    """A list of `SampleScores`."""
    runs = list(given) if isinstance(given, (list, tuple)) else [given]
    if all(isinstance(run, SampleScores) for run in runs):
        return runs
    if source is None or split is None:
        raise ValueError(
            "Models are compared on a split of a source. "
            f"Received: source={source}, split={split!r}. Give both, or SampleScores in the place of models."
        )
    return [
        run if isinstance(run, SampleScores) else SampleCollector(run, source, split, **collecting).collect()
        for run in runs
    ]


def _mean(combine, sums):
    """The mean over runs of scores from sums `(num_runs, ..., k)`."""
    return combine(sums).mean(axis=0)


def _seeds_differ_as_much(result):
    if result["num_seeds"] < 2:
        return False
    variance = sum(model["deviation"] ** 2 for model in result["models"].values()) / result["num_seeds"]
    return abs(result["difference"]) < 2 * math.sqrt(variance)


def _statement(result, names, winner, shown, settled):
    """The result in words."""
    name = result["by"].replace("_iou", " IoU").replace("_", " ")
    ordered = sorted(names, key=lambda own: own != winner) if shown else list(names)
    scores = []
    for own in ordered:
        model = result["models"][own]
        spread = "" if model["deviation"] is None else f" ± {model['deviation']:.3f}"
        scores.append(f"{model['score']:.3f}{spread}" + ("" if settled else f" ({own})"))
    sign = -1 if ordered[0] != names[0] else 1
    text = f"{name} {scores[0]} against {scores[1]}, difference {sign * result['difference']:.3f}"
    if result["interval"]:
        low, high = sorted(sign * end for end in result["interval"])
        p_value = f"{result['p_value']:.2f}" if result["p_value"] >= 0.1 else f"{result['p_value']:.1g}"
        text += f" [{low:.3f}, {high:.3f}], p = {p_value}"
    text += f", ± over {result['num_seeds']} seeds." if result["num_seeds"] > 1 else "."
    if settled:
        return f"{winner} is better than {ordered[1]}: {text}"
    if shown:
        return f"{winner} scored higher, but seeds differ as much: {text}"
    pictures = "this 1 picture" if result["num_pictures"] == 1 else f"these {result['num_pictures']} pictures"
    return f"No difference that {pictures} could show: {text}"


def _check(runs, names, level, num_permutations, num_resamples):
    if len(runs[0]) != len(runs[1]):
        raise ValueError(
            "Both must have the same number of training runs, so that runs are exchanged one for one. "
            f"Received: {len(runs[0])} and {len(runs[1])}. Leave some out."
        )
    check_same_samples([*runs[0], *runs[1]])
    if len(set(names)) != 2:
        raise ValueError(f"Two models need two different names. Received: names={names}. Use ('A', 'B').")
    if not 0 < level < 1 or num_permutations < 1 or num_resamples < 1:
        raise ValueError(
            "A comparison needs a level between 0 and 1, and at least one permutation and one resampled set. Received: "
            f"level={level}, num_permutations={num_permutations}, num_resamples={num_resamples}. Use 0.95, 10000, 2000."
        )
