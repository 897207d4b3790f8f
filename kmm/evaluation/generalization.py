"""Where a model's score holds, and where it does not: one table."""

from kmm.data.shapes import HELD_OUT, ShapesSource
from kmm.evaluation.corruption_rows import corruption_rows
from kmm.evaluation.corruptions import CORRUPTIONS, STRENGTHS
from kmm.evaluation.groups import SIZE_LIMITS
from kmm.evaluation.sample_collector import SampleCollector
from kmm.evaluation.score_groups import class_row, main_row, score_groups
from kmm.evaluation.shared_classes import SharedClasses

GROUPS = {"referring": ("kind", "length", "size"), "semantic": ("kind", "length")}


def generalization(
    model,
    source,
    split,
    groups=None,
    held_out=None,
    other_sources=None,
    corruptions=(),
    strengths=STRENGTHS,
    size_limits=SIZE_LIMITS,
    num_prompts=None,
    batch_size=16,
    limit=None,
    threshold=0.5,
    own_resolution=False,
    level=0.95,
    num_resamples=1000,
    seed=0,
    verbose=1,
):
    """Scores a model on parts of a split, on other data and on spoilt pictures, each with an interval.

    The score is `overall_iou` of a referring source and `mean_iou` of a semantic one (`kmm.evaluation.score_of`); a
    group of phrases that all name nothing has none, and is scored by `no_target_accuracy`. The groups of rows:

    - "all": the split as it is.
    - "kind", "length", "size": see `kmm.evaluation.score_groups`.
    - "held_out": referring: phrases with words that training did not show, against "seen" ones (see
      `kmm.evaluation.score_groups`). Semantic: the mean IoU of the classes of these names, and that of all others.
    - "other data": other sources with the same model. Of a semantic one with other classes, those count whose names are
      the same, and pixels of others do not; the row's `classes` names them.
    - "corruptions": `kmm.evaluation.corrupt` at every strength, the mean over the strengths of each, and the mean of
      all. `relative_drop` is the share of the score on clean pictures that is lost. Pictures are brought to the model's
      size first, so that a strength means the same for all data.

    Args:
        model: a `kmm.models.MultimodalModel`.
        source: a `kmm.data.Source`.
        split: which split of it.
        groups: names of "kind", "length" and "size"; `None` for all that suit the task.
        held_out: phrases or class names that training did not show; `None` for the pairs of colour and shape that
            `kmm.data.ShapesSource` holds out, and for none of other sources.
        other_sources: dict from a name to a `kmm.data.Source`, or to a pair of it and a split; without, the same split.
        corruptions: names of `kmm.evaluation.CORRUPTIONS`.
        strengths: whole numbers from 1 to 5.
        size_limits: shares of the picture from which a target is medium and large.
        num_prompts, batch_size, limit, threshold, own_resolution: see `kmm.evaluation.SampleCollector`; the limit holds
            for other sources too.
        level: the share of cases in which an interval shall hold the truth.
        num_resamples: drawn sets of pictures.
        seed: keys noise, fog and the draws.
        verbose: 0 for no progress bar.

    Returns:
        A list of rows, plain JSON: `group`, `name`, `score_name`, `score`, `interval` (`[low, high]`) and
        `num_samples`, `None` for what is not known. Rows of corruptions also have `corruption`, `strength` (`None` for
        a mean) and `relative_drop`.

    Raises:
        ValueError: if a group, corruption or strength does not exist or does not suit the task, a held-out class is
            none of the source, another source has another task, no such split or no class in common; and what
            `kmm.evaluation.SampleCollector` refuses.

    Example:

    >>> import kmm
    >>> source = kmm.data.ShapesSource(image_size=(32, 32))
    >>> model = kmm.models.MultimodalModel(
    ...     image_encoder=kmm.encoders.ConvImageEncoder(image_size=(32, 32), widths=(4, 4)),
    ...     decoder=kmm.decoders.FCNDecoder(filters=4, levels=("P2",)),
    ...     heads={"segmentation_masks": kmm.heads.SegmentationHead(num_classes=1)},
    ... )
    >>> rows = kmm.evaluation.generalization(model, source, "test", groups=["size"], limit=4, verbose=0)
    >>> rows[0]["group"], rows[0]["num_samples"], rows[1]["group"]
    ('all', 24, 'size')
    """
    others = {name: _other(name, other, source, split) for name, other in (other_sources or {}).items()}
    if held_out is None:
        is_shapes = isinstance(source, ShapesSource) and split == "test"
        held_out = sorted(map(" ".join, HELD_OUT)) if is_shapes else ()
    _check(source, held_out, corruptions, strengths)
    options = {"level": level, "num_resamples": num_resamples, "seed": seed}
    collecting = {"num_prompts": num_prompts, "batch_size": batch_size, "limit": limit, "verbose": verbose}
    collecting |= {"threshold": threshold, "own_resolution": own_resolution}
    collector = SampleCollector(model, source, split, **collecting)
    scores = collector.collect()
    rows = [main_row("all", f"{source.name}, {split}", scores, **options)]
    for by in GROUPS[source.task] if groups is None else groups:
        rows += score_groups(scores, by, size_limits=size_limits, **options)
    if len(held_out) and source.task == "referring":
        rows += score_groups(scores, "held_out", held_out=held_out, **options)
    elif len(held_out):
        seen = [name for name in source.class_names if name not in held_out]
        parts = {"held out": list(held_out), "seen": seen}
        rows += [class_row("held_out", name, scores, own, **options) for name, own in parts.items() if own]
    for name, (other, other_split) in others.items():
        of_other = SampleCollector(model, other, other_split, **collecting).collect(title=name)
        shared = getattr(other, "shared_names", None)
        if shared:
            rows.append(class_row("other data", name, of_other, list(shared), **options))
        else:
            rows.append(main_row("other data", name, of_other, **options))
    if len(corruptions):
        rows += corruption_rows(collector, scores, corruptions, strengths, **options)
    return rows


def _other(name, other, source, split):
    """Another source as `(source, split)`, with the classes of the first."""
    other, split = other if isinstance(other, tuple) else (other, split)
    if other.task != source.task:
        raise ValueError(
            f"Other data must have the task of the first. Received: {other.task!r} of {name!r}, and {source.task!r} of "
            f"{source.name!r}. Open it for the task {source.task!r}."
        )
    if split not in other.splits:
        raise ValueError(
            f"Other data must have the split. Received: split={split!r} for {name!r}, which has "
            f"{tuple(other.splits)}. Give it as a pair, (source, split)."
        )
    if other.task == "semantic" and tuple(other.class_names) != tuple(source.class_names):
        other = SharedClasses(other, source.class_names)
    return other, split


def _check(source, held_out, corruptions, strengths):
    if isinstance(held_out, str):
        raise ValueError(f"held_out must be a list. Received: held_out={held_out!r}. Give [{held_out!r}].")
    unknown = [name for name in held_out if name not in source.class_names] if source.task == "semantic" else ()
    if unknown:
        raise ValueError(
            f"Held-out classes must be classes of the source. Received: {unknown}; {source.name!r} has "
            f"{tuple(source.class_names)}. Use these names."
        )
    if isinstance(corruptions, str) or not set(corruptions) <= set(CORRUPTIONS):
        raise ValueError(
            f"Corruptions must be a list of names of {CORRUPTIONS}. Received: corruptions={corruptions!r}. Choose some."
        )
    if len(corruptions) and (not len(strengths) or not set(strengths) <= set(STRENGTHS)):
        raise ValueError(
            f"Strengths must be a list of numbers from 1 to 5. Received: strengths={tuple(strengths)}. Use {STRENGTHS}."
        )
