"""A model's scores on a split."""

import math

import numpy as np

from kmm.evaluation.bootstrap import bootstrap_difference, bootstrap_interval
from kmm.evaluation.difference import Difference
from kmm.evaluation.sample_collector import SampleCollector
from kmm.evaluation.shuffle_prompts import shuffle_prompts
from kmm.evaluation.statistics import main_score, score_of

IOU_THRESHOLDS = ("0.5", "0.6", "0.7", "0.8", "0.9")
SCORES = {
    "referring": (
        *("overall_iou", "sample_mean_iou", "target_mean_iou", "mean_iou", "precision", "recall", "dice"),
        *("boundary_f1", "average_precision", "pixel_accuracy", "no_target_accuracy", "target_accuracy"),
    ),
    "semantic": (
        *("overall_iou", "sample_mean_iou", "mean_iou", "frequency_weighted_iou", "precision", "recall", "dice"),
        *("boundary_f1", "mean_class_accuracy", "pixel_accuracy"),
    ),
}
"""The names of the scores of each task, see `kmm.evaluation.score_of`."""


def evaluate(
    model,
    source,
    split,
    num_prompts=None,
    batch_size=16,
    epoch=0,
    limit=None,
    threshold=0.5,
    own_resolution=False,
    verbose=1,
):
    """Scores a model on a split, and again with every prompt exchanged for another one's words.

    A sample is one prompt with its mask. Pixels labelled 255 count nowhere. The second score shows how much of the
    first is owed to the words: see `shuffle_prompts` for what they are exchanged for. A model of images alone scores the
    same twice. Where there are no other words, as for a single description, the second scores and the gap are `None`.

    | key | what it is |
    |---|---|
    | the scores of `kmm.evaluation.score_of` | those of the source's task |
    | `precision_at_iou` | share of samples whose IoU is at least 0.5 ... 0.9 |
    | `kinds` (referring) | `overall_iou`, `sample_mean_iou`, `num_samples` for each kind of phrase, and `no_target_accuracy` for kinds with empty targets |
    | `class_iou` (semantic) | IoU by class name |
    | `num_samples`, `num_pictures` | how many prompts and pictures were scored |
    | `intervals` | `[low, high]` for each score: where it lies for other pictures like these, in 95 of 100 cases; see `bootstrap_interval` |
    | `images_per_second` | pictures by seconds of prediction, median over the batches, after one to warm up |
    | `shuffled_prompts` | all scores above under exchanged words |
    | `language_gap` | `overall_iou` (referring) or `mean_iou` (semantic) minus that under exchanged words |

    Args:
        model: a `kmm.models.MultimodalModel`.
        source: a `kmm.data.Source`.
        split: which split of it.
        num_prompts: prompts for each picture, which is encoded once; `None` for 6 of a referring and 1 of a semantic
            source.
        batch_size: pictures in a batch.
        epoch: the epoch for which the source draws texts.
        limit: only the first pictures; `None` for all.
        threshold: a pixel belongs to a target where its probability is above this.
        own_resolution: score at the masks' own height and width, to which logits are resized, instead of the model's
            image size, to which masks are resized by nearest neighbour.
        verbose: 0 for no progress bar.

    Returns:
        A dict that is plain JSON: numbers, and `None` where there was nothing to score.

    Raises:
        ValueError: if there is no picture, the model has another number of classes than the source, it reads words and
            has no tokenizer, a prediction is nan, or a label is no class.

    Example:

    >>> import kmm
    >>> source = kmm.data.ShapesSource(image_size=(32, 32))
    >>> model = kmm.models.MultimodalModel(
    ...     image_encoder=kmm.encoders.ConvImageEncoder(image_size=(32, 32), widths=(4, 4)),
    ...     decoder=kmm.decoders.FCNDecoder(filters=4, levels=("P2",)),
    ...     heads={"segmentation_masks": kmm.heads.SegmentationHead(num_classes=1)},
    ... )
    >>> metrics = kmm.evaluation.evaluate(model, source, "val", limit=2, verbose=0)
    >>> metrics["num_samples"], metrics["language_gap"]  # this model knows no words
    (12, 0.0)
    """  # noqa: E501
    collector = SampleCollector(
        model, source, split, num_prompts, batch_size, epoch, limit, threshold, own_resolution, verbose
    )
    return summarize(collector, collector.collect(boundaries=True))


def summarize(collector, scores, wrong=None):
    """What `evaluate` returns, from the samples' scores.

    Args:
        collector: the `kmm.evaluation.SampleCollector` that collected them.
        scores: a `kmm.evaluation.SampleScores`.
        wrong: the same under exchanged words, where it is known already.
    """
    result = {**_all_scores(scores), "intervals": _intervals(scores)}
    result["images_per_second"] = collector.images_per_second
    with_boundaries = scores.boundaries is not None
    if collector.tokenizer is None:
        wrong = scores
    elif wrong is None:
        prompts = shuffle_prompts(collector.prompts, collector.targets if scores.task == "referring" else None)
        wrong = (
            None
            if prompts is None
            else collector.collect(prompts, title="picture, other words", boundaries=with_boundaries)
        )
    if wrong is None:
        other, gap = _emptied(_all_scores(scores)), Difference(*[math.nan] * 4)
    else:
        other, gap = _all_scores(wrong), bootstrap_difference(scores, wrong, main_score(scores.task))
    result["intervals"]["language_gap"] = [gap.low, gap.high]
    return plain({**result, "shuffled_prompts": other, "language_gap": gap.value})


def plain(value):
    """Nested dicts and lists of numbers as JSON knows them: rounded to 6 decimals, `None` for nan."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return None if math.isnan(value) else round(float(value), 6)
    return int(value) if isinstance(value, np.integer) else value


def _all_scores(scores):
    """Every score of the samples by name."""
    result = {name: score_of(scores, name) for name in _names(scores)}
    result["precision_at_iou"] = {t: score_of(scores, f"precision_at_{t}") for t in IOU_THRESHOLDS}
    result.update(_counts(scores))
    if scores.task == "referring":
        result["kinds"] = {kind: _of_kind(scores, kind) for kind in sorted(set(scores.kinds))}
    else:
        result["class_iou"] = {name: score_of(scores, f"class_iou/{name}") for name in scores.class_names}
    return result


def _names(scores):
    """The scores that can be told of the samples."""
    counted = {"boundary_f1": scores.boundaries, "average_precision": scores.ranks}
    return [name for name in SCORES[scores.task] if counted.get(name, True) is not None]


def _counts(scores):
    return {"num_samples": len(scores), "num_pictures": len(np.unique(scores.pictures))}


def _of_kind(scores, kind):
    chosen = scores.select([own == kind for own in scores.kinds])
    result = {name: score_of(chosen, name) for name in ("overall_iou", "sample_mean_iou")}
    result["num_samples"] = len(chosen)
    rejected = score_of(chosen, "no_target_accuracy")
    return result if math.isnan(rejected) else {**result, "no_target_accuracy": rejected}


def _intervals(scores):
    """The interval of every score."""
    names = [*_names(scores), *(f"precision_at_{t}" for t in IOU_THRESHOLDS)]
    if scores.task == "semantic":
        names += [f"class_iou/{name}" for name in scores.class_names]
    return {name: list(bootstrap_interval(scores, name)) for name in names}


def _emptied(value):
    """The same names without numbers, but for counts."""
    if isinstance(value, dict):
        return {key: item if key.startswith("num_") else _emptied(item) for key, item in value.items()}
    return None
