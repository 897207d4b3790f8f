"""A model's scores on a split."""

import math
import time

import keras
import numpy as np

from kmm.data.build_dataset import build_dataset
from kmm.evaluation.predict_function import predict_function
from kmm.evaluation.referring_scores import ReferringScores
from kmm.evaluation.semantic_scores import SemanticScores
from kmm.evaluation.shuffle_prompts import shuffle_prompts, target_ids
from kmm.evaluation.source_view import SourceView
from kmm.preprocessing.tokenizer_for import tokenizer_for

NUM_PROMPTS = {"referring": 6, "semantic": 1}
IOU_THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)


def evaluate(model, source, split, num_prompts=None, batch_size=16, epoch=0, limit=None, verbose=1):
    """Scores a model on a split, and again with every prompt exchanged for another one's words.

    A sample is one prompt with its mask, at the model's image size (masks are resized by nearest neighbour). Pixels
    labelled 255 count nowhere. The second score shows how much of the first is owed to the words: see `shuffle_prompts`
    for what they are exchanged for. A model of images alone scores the same twice. Where there are no other words, as for
    a single description, the second scores and the gap are `None`.

    | key | a referring source | a semantic source |
    |---|---|---|
    | `overall_iou` | summed intersections over summed unions | the same, summed over the classes too |
    | `sample_mean_iou` | mean IoU of the samples, 1 for an empty answer to an empty target | mean over the samples of their mean IoU over the classes that occur in them |
    | `precision_at_iou` | share of samples whose IoU is at least 0.5 ... 0.9 | the same |
    | `mean_iou` | mean of the IoUs of target and background | mean over the classes |
    | `pixel_accuracy` | share of pixels that are right | the same |
    | `no_target_accuracy` | share of empty targets with an empty answer | |
    | `kinds` | `overall_iou`, `sample_mean_iou`, `num_samples` for each kind of phrase, and `no_target_accuracy` for kinds with empty targets | |
    | `class_iou` | | IoU by class name |
    | `num_samples` | number of prompts | the same |
    | `images_per_second` | pictures by seconds of prediction, median over the batches, after one to warm up | the same |
    | `shuffled_prompts` | all scores above under exchanged words | the same |
    | `language_gap` | `overall_iou` minus that under exchanged words | `mean_iou` minus that under exchanged words |

    Args:
        model: a `kmm.models.MultimodalModel`.
        source: a `kmm.data.Source`.
        split: which split of it.
        num_prompts: prompts for each picture, which is encoded once; `None` for 6 of a referring and 1 of a semantic
            source.
        batch_size: pictures in a batch.
        epoch: the epoch for which the source draws texts.
        limit: only the first pictures; `None` for all.
        verbose: 0 for no progress bar.

    Returns:
        A dict that is plain JSON: numbers, and `None` where there was nothing to score.

    Raises:
        ValueError: if there is no picture, the model has another number of classes than the source, it reads words and
            has no tokenizer, or a prediction is nan.

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
    num_prompts = num_prompts or NUM_PROMPTS[source.task]
    count = source.num_examples(split) if limit is None else min(limit, source.num_examples(split))
    _check(model, source, split, count)
    tokenizer = tokenizer_for(model)
    view = SourceView(source, range(count), epoch)
    examples = (view.example(split, index, num_prompts=num_prompts) for index in range(count))
    drawn = ((example.prompts, example.kinds, target_ids(example.segmentation_masks)) for example in examples)
    prompts, kinds, targets = zip(*drawn, strict=True)
    wrong_prompts = shuffle_prompts(prompts, targets if source.task == "referring" else None)

    dataset = build_dataset(view, split, batch_size, model.image_size, tokenizer, num_prompts)
    predict = predict_function(model, num_prompts, dataset.element_spec[0])
    progress = keras.utils.Progbar(count, verbose=verbose, unit_name="picture")
    scores, wrong_scores = (_make_scores(source, kinds) for _ in range(2))
    rates = []
    for first, (inputs, masks) in zip(range(0, count, batch_size), dataset, strict=True):
        batch = slice(first, first + batch_size)
        if first == 0:
            predict(inputs)  # compiles
        start = time.perf_counter()
        logits, nan_counts = predict(inputs)
        nan_counts = nan_counts.numpy()  # waits for the device
        rates.append(len(nan_counts) / (time.perf_counter() - start))
        _refuse_nan(nan_counts, split, first, prompts)
        _update(scores, masks, logits, kinds[batch])
        if tokenizer is not None and wrong_prompts is not None:
            logits, _ = predict({**inputs, **tokenizer(wrong_prompts[batch])})
        _update(wrong_scores, masks, logits, kinds[batch])
        progress.update(min(first + batch_size, count))

    metrics = scores.result()
    metrics["images_per_second"] = float(np.median(rates))
    wrong = wrong_scores.result()
    main_score = "overall_iou" if source.task == "referring" else "mean_iou"
    gap = metrics[main_score] - wrong[main_score]
    if tokenizer is not None and wrong_prompts is None:
        wrong, gap = keras.tree.map_structure(lambda score: score if isinstance(score, int) else math.nan, (wrong, gap))
    return _plain({**metrics, "shuffled_prompts": wrong, "language_gap": gap})


def _make_scores(source, kinds):
    if source.task == "referring":
        return ReferringScores({kind for of_picture in kinds for kind in of_picture}, IOU_THRESHOLDS)
    return SemanticScores(source.class_names, IOU_THRESHOLDS)


def _update(scores, masks, logits, kinds):
    scores.update(masks, logits, *((kinds,) if isinstance(scores, ReferringScores) else ()))


def _plain(value):
    """Rounded to 6 decimals, `None` for nan, which JSON does not know."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 6)
    return value


def _check(model, source, split, count):
    if count < 1:
        raise ValueError(
            f"A split must hold at least one picture to be scored. Received: {count} pictures of {split!r} in "
            f"{source.name!r}. Choose another split, or a limit of at least 1."
        )
    num_classes = 1 if source.task == "referring" else len(source.class_names)
    if model.num_classes != num_classes:
        raise ValueError(
            f"The model must have the classes of the data. Received: model.num_classes={model.num_classes}, and "
            f"{num_classes} in {source.name!r} ({source.task}). Choose the task and the class list the model was "
            "trained for."
        )


def _refuse_nan(nan_counts, split, first, prompts):
    found = np.argwhere(nan_counts)
    if len(found):
        picture, prompt = first + int(found[0, 0]), int(found[0, 1])
        raise ValueError(
            f"Predictions must be numbers. Received: nan for picture {picture} of {split!r} with the prompt "
            f"{prompts[picture][prompt]!r}. The weights are probably nan: train with a lower learning rate."
        )
