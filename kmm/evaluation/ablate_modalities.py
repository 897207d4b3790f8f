"""What each modality adds to a model's answers."""

import itertools
import math

import numpy as np

from kmm import feature_keys
from kmm.evaluation.resampling import accelerated_interval, picture_weights
from kmm.evaluation.sample_collector import SampleCollector
from kmm.evaluation.seed_spread import run_sums
from kmm.evaluation.statistics import main_score
from kmm.evaluation.switched_model import SwitchedModel
from kmm.preprocessing import prepare_images

IMAGE, TEXT = "image", "text"
INPUTS = {
    feature_keys.IMAGES: IMAGE,
    feature_keys.TOKEN_IDS: TEXT,
    feature_keys.PADDING_MASK: TEXT,
    feature_keys.PROMPTS: TEXT,
}
"""The modality of each input; any other input is one of its own."""

NUM_MEAN_PICTURES = 64


def ablate_modalities(
    model,
    source,
    split,
    modalities=None,
    by=None,
    blank_image=None,
    level=0.95,
    num_resamples=1000,
    seed=0,
    **collecting,
):
    """Scores a model with every subset of its modalities, and shares the score out among them.

    What is left out is replaced: the picture by the mean picture of the split, so that what is known without looking,
    such as a sky above a road, does not count as seen; words by the empty prompt; any other input by zeros. The model
    stays as it was trained, so this tells what it uses, not what could be learned without a modality: for that, train
    on `kmm.data.WithoutModality` (`kmm compare --over modality`). Nor was it trained without words: they may seem to
    add something although any others would do. `kmm.evaluation.audit_language` exchanges them instead.

    What a modality adds depends on what is there already: words may add nothing without a picture and everything with
    it. Its Shapley value is the mean of what it adds over all orders in which modalities can be given; the values sum
    to the score with all minus the score with none.

    Reference: Shapley, "A Value for n-Person Games", 1953.

    Args:
        model: a `kmm.models.MultimodalModel`.
        source: a `kmm.data.Source`.
        split: which split of it.
        modalities: a dict from name to the names of the model's inputs that belong to it; `None` for "image" and
            "text", and each other input under its own name. `n` modalities mean `2**n` passes over the split.
        by: a score, see `kmm.evaluation.score_of`; `None` for the main score of the task.
        blank_image: the uint8 picture `(height, width, 3)` of the model's size, or colour `(3,)`, that stands in for
            every picture; `None` for the mean of the first 64.
        level: the share of cases in which an interval shall hold the truth, between 0 and 1; pictures are resampled.
        num_resamples: drawn sets.
        seed: keys the draws.
        **collecting: further arguments of `kmm.evaluation.SampleCollector`, such as `limit`.

    Returns:
        A dict that is plain JSON: `statement`, the result in words; `by`; `subsets`, from all modalities to none, each
        with `modalities`, `score`, `interval`; `adds`, for each modality `shapley`, `last` (the drop where it alone is
        left out) and `alone` (the gain where it comes first), each a dict of `value` and `interval`; `num_pictures`,
        `num_samples`. `None` where nothing is known, such as intervals of a single picture.

    Raises:
        ValueError: if a modality names an input that the model does not have, or there is none; and what
            `SampleCollector` raises.

    Example:

    >>> result = ablate_modalities(model, source, "test")  # doctest: +SKIP
    >>> [subset["modalities"] for subset in result["subsets"]]  # doctest: +SKIP
    [['image', 'text'], ['image'], ['text'], []]
    """
    modalities = _modalities(model, modalities)
    if blank_image is None:
        blank_image = _mean_picture(source, split, model.image_size, collecting.get("limit"))
    switched = SwitchedModel(model, modalities, blank_image)
    collector = SampleCollector(switched, source, split, **collecting)
    subsets, runs = _subsets(modalities), []
    for subset in subsets:
        switched.give(subset)
        runs.append(collector.collect(title=f"picture, with {' and '.join(subset) or 'nothing'}"))

    by = by or main_score(source.task)
    sums, combine = run_sums(runs, by)
    what = [_share(subsets, name, how) for name in modalities for how in _HOW]
    matrix = np.stack([*np.eye(len(subsets)), *what])  # from the subsets' scores to all that is reported
    estimates = _estimates(matrix, sums, combine, level, num_resamples, seed)
    added = [dict(zip(("value", "interval"), pair, strict=True)) for pair in estimates[len(subsets) :]]
    adds = {name: dict(zip(_HOW, added[len(_HOW) * place :], strict=False)) for place, name in enumerate(modalities)}
    result = {
        "by": by,
        "subsets": [
            {"modalities": list(subset), "score": score, "interval": interval}
            for subset, (score, interval) in zip(subsets, estimates, strict=False)
        ],
        "adds": adds,
        "num_pictures": int(sums.shape[1]),
        "num_samples": len(runs[0]),
    }
    return {"statement": _statement(result), **result}


_HOW = ("shapley", "last", "alone")
"""How what a modality adds is measured."""


def _modalities(model, modalities):
    inputs = [tensor.name for tensor in model.inputs]
    if modalities is None:
        modalities = {}
        for key in inputs:
            modalities.setdefault(INPUTS.get(key, key), []).append(key)
    unknown = sorted({key for keys in modalities.values() for key in keys} - set(inputs))
    if unknown or not modalities:
        raise ValueError(
            f"A modality is a name with some of the model's inputs {inputs}. Received: modalities={modalities}. Give "
            "for instance {'image': ['images']}."
        )
    return modalities


def _mean_picture(source, split, image_size, limit):
    """The mean of the first pictures; black without any, which the collector refuses."""
    count = min(NUM_MEAN_PICTURES, source.num_examples(split) if limit is None else limit)
    pictures = (prepare_images(source.example(split, index).image, image_size) for index in range(count))
    return sum(np.asarray(picture, float) for picture in pictures) / max(1, count)


def _subsets(modalities):
    """All subsets, from all modalities to none."""
    return [subset for size in range(len(modalities), -1, -1) for subset in itertools.combinations(modalities, size)]


def _share(subsets, name, how):
    """What to multiply the subsets' scores by, for what a modality adds to them."""
    everything, factors = subsets[0], np.zeros(len(subsets))
    for place, subset in enumerate(subsets):
        if name not in subset:
            before, after = len(subset), len(everything) - len(subset) - 1
            factor = {
                "shapley": math.factorial(before) * math.factorial(after) / math.factorial(len(everything)),
                "last": float(after == 0),
                "alone": float(before == 0),
            }[how]
            with_it = subsets.index(tuple(other for other in everything if other in subset or other == name))
            factors[with_it] += factor
            factors[place] -= factor
    return factors


def _estimates(matrix, sums, combine, level, num_resamples, seed):
    """A value and its interval for every row of the matrix; `None` where it is not known."""
    values = matrix @ [combine(of_run.sum(axis=0)) for of_run in sums]
    if sums.shape[1] < 2 or np.isnan(values).any():
        return [(None if math.isnan(value) else float(value), None) for value in values]
    weights = picture_weights(sums.shape[1], num_resamples, seed)
    drawn = matrix @ np.stack([combine(weights @ of_run) for of_run in sums])
    left_out = matrix @ np.stack([combine(of_run.sum(axis=0) - of_run) for of_run in sums])
    return [
        (float(value), list(accelerated_interval(value, *row, level)))
        for value, *row in zip(values, drawn, left_out, strict=True)
    ]


def _statement(result):
    """The result in words."""
    first, *_, last = result["subsets"]
    name = result["by"].replace("_iou", " IoU").replace("_", " ")
    if first["score"] is None or last["score"] is None:
        return f"The {name} is not known for every subset of the modalities."
    added = []
    for modality, values in result["adds"].items():
        interval = values["shapley"]["interval"]
        interval = f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else ""
        added.append(f"{modality} {values['shapley']['value']:+.3f}{interval}")
    given = " and ".join(first["modalities"])
    nothing = "without it" if len(first["modalities"]) == 1 else "with neither" if len(added) == 2 else "with none"
    return f"{name} {first['score']:.3f} with {given}, {last['score']:.3f} {nothing}: {', '.join(added)}."
