"""One table of what a segmenter is worth at several tasks."""

import numpy as np

from kmm.evaluation import task_rows
from kmm.evaluation.sample_collector import SampleCollector
from kmm.evaluation.task_asker import TaskAsker

TASKS = ("segmentation", "boxes", "classification", "retrieval")
MAX_QUERIES = 128
"""At most so many phrases are used for retrieval: the first of each picture before the second."""


def evaluate_tasks(
    model,
    source,
    split,
    tasks=None,
    num_prompts=None,
    batch_size=16,
    limit=None,
    threshold=0.5,
    num_candidates=64,
    min_area=0.001,
    level=0.95,
    num_resamples=1000,
    seed=0,
    verbose=1,
):
    """Scores a segmenter at masks, boxes, classification and retrieval, each with an interval.

    All answers come from its masks; nothing is trained for them.

    - "segmentation": scores of `kmm.evaluation.score_of`.
    - "boxes" (referring): the tight box around the answer against that around the target, of the samples with a target:
      mean IoU, and the share with an IoU of at least 0.5 and 0.75 (Acc@0.5, the score of referring expression
      comprehension). An empty answer has an IoU of 0.
    - "classification": referring: whether the picture holds what the phrase names; an answer that is not empty says
      yes. Accuracy, the shares of right answers to phrases without (N-acc) and with a target (T-acc), and the average
      precision of the answer's score (`kmm.preprocessing.scores_from_logits`, to a hundredth). Semantic: which classes
      the picture holds; a class is said to be there where its answer covers more than `min_area` of the counted pixels,
      and is there if a pixel is labelled so. Precision, recall and F1 over all pairs of picture and class, and the mean
      F1 of the classes.
    - "retrieval" (models that read words): each phrase with a target ranks the first `num_candidates` pictures by the
      score of the model's answer; the share of phrases with a picture of theirs among the first 1, 5 and 10. Pictures
      with the same text and a target are right too. A phrase may also be true of a picture whose source does not ask it
      there, so that this is a lower bound. At most `MAX_QUERIES` phrases are asked.

    Args:
        model: a `kmm.models.MultimodalModel`.
        source: a `kmm.data.Source`.
        split: which split of it.
        tasks: names of the tasks; `None` for all that suit source and model.
        num_prompts, batch_size, limit, threshold: see `kmm.evaluation.SampleCollector`.
        num_candidates: pictures to retrieve from, at least 2.
        min_area: share of the counted pixels from which a class is said to be there.
        level: the share of cases in which an interval shall hold the truth.
        num_resamples: drawn sets of pictures.
        seed: keys the draws.
        verbose: 0 for no progress bar.

    Returns:
        A list of rows, plain JSON: `group` (the task), `name`, `score_name`, `score`, `interval` (`[low, high]`) and
        `num_samples`, `None` for what is not known.

    Raises:
        ValueError: if there is no such task, it does not suit source or model, there are fewer than 2 candidates, or
            `min_area` is no share; and what `kmm.evaluation.SampleCollector` refuses.

    Example:

    >>> import kmm
    >>> source = kmm.data.ShapesSource(image_size=(32, 32))
    >>> model = kmm.models.MultimodalModel(
    ...     image_encoder=kmm.encoders.ConvImageEncoder(image_size=(32, 32), widths=(4, 4)),
    ...     decoder=kmm.decoders.FCNDecoder(filters=4, levels=("P2",)),
    ...     heads={"segmentation_masks": kmm.heads.SegmentationHead(num_classes=1)},
    ... )
    >>> rows = kmm.evaluation.evaluate_tasks(model, source, "test", tasks=["boxes"], limit=4, verbose=0)
    >>> [row["name"] for row in rows]
    ['mean IoU', 'Acc@0.5', 'Acc@0.75']
    """
    _check(tasks, num_candidates, min_area)
    collector = SampleCollector(model, source, split, num_prompts, batch_size, 0, limit, threshold, verbose=verbose)
    tasks = _suitable(tasks, source, collector)
    options = {"level": level, "num_resamples": num_resamples, "seed": seed}
    scores = collector.collect()
    is_referring = source.task == "referring"
    asker = TaskAsker(collector) if set(tasks) - {"segmentation"} and (is_referring or "retrieval" in tasks) else None
    true_boxes, boxes, certainties = (
        asker.answers() if is_referring and {"boxes", "classification"} & set(tasks) else (None,) * 3
    )
    rows = []
    for task in (task for task in TASKS if task in tasks):
        if task == "segmentation":
            rows += task_rows.segmentation_rows(scores, **options)
        elif task == "boxes":
            rows += task_rows.box_rows(scores, true_boxes, boxes, **options)
        elif task == "classification" and is_referring:
            rows += task_rows.presence_rows(scores, certainties, **options)
        elif task == "classification":
            rows += task_rows.class_presence_rows(scores, min_area, **options)
        else:
            rows += _retrieval(asker, scores, min(num_candidates, len(collector.prompts)), options)
    return rows


def _retrieval(asker, scores, num_pictures, options):
    """Rows of retrieval among the first pictures, by their different phrases."""
    asked = scores.target_areas > 0 if scores.task == "referring" else scores.counted_pixels > 0
    pictures_of, first_place = {}, {}
    for place in np.flatnonzero(asked & (scores.pictures < num_pictures)):
        text = scores.prompts[place]
        pictures_of.setdefault(text, set()).add(int(scores.pictures[place]))
        first_place.setdefault(text, int(place))
    num_prompts = asker.collector.num_prompts
    chosen = sorted(first_place, key=lambda text: (first_place[text] % num_prompts, first_place[text]))[:MAX_QUERIES]
    similarities = asker.similarities(chosen, num_pictures) if chosen else np.zeros((0, num_pictures))
    relevant = np.array([[k in pictures_of[text] for k in range(num_pictures)] for text in chosen], bool)
    queries = scores.select(np.array([first_place[text] for text in chosen], int))
    return task_rows.retrieval_rows(queries, similarities, relevant.reshape(similarities.shape), **options)


def _suitable(tasks, source, collector):
    """The tasks, without those that do not suit where none were named."""
    reasons = {}
    if source.task != "referring":
        reasons["boxes"] = f"boxes need a phrase that names one thing, and {source.name!r} is {source.task}"
    if collector.tokenizer is None:
        reasons["retrieval"] = "retrieval needs a model that reads words"
    elif len(collector.prompts) < 2:
        reasons["retrieval"] = "retrieval needs at least two pictures"
    if tasks is None:
        return [task for task in TASKS if task not in reasons]
    refused = [reasons[task] for task in tasks if task in reasons]
    if refused:
        raise ValueError(
            f"Tasks must suit source and model: {'; '.join(refused)}. Received: tasks={list(tasks)}. "
            "Leave them out, or give tasks=None for all that suit."
        )
    return list(tasks)


def _check(tasks, num_candidates, min_area):
    if tasks is not None and (isinstance(tasks, str) or not tasks or not set(tasks) <= set(TASKS)):
        raise ValueError(f"Tasks must be a list of names of {TASKS}. Received: tasks={tasks!r}. Choose some.")
    if num_candidates < 2:
        raise ValueError(f"Retrieval needs at least two pictures. Received: num_candidates={num_candidates}. Use 64.")
    if not 0 <= min_area < 1:
        raise ValueError(
            f"min_area must be a share of the picture in [0, 1). Received: min_area={min_area}. Use 0.001."
        )
