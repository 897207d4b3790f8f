"""What a batch of answers adds to the scores, counted in one graph."""

import math

import tensorflow as tf

from kmm.evaluation.sample_scores import NUM_BINS, NUM_RANKS
from kmm.feature_keys import IGNORE_VALUE
from kmm.metrics.boundary_scores import boundary_scores
from kmm.metrics.rank_bins import rank_bins

BOUNDARY_TOLERANCE = 0.0075
"""Distance at which a boundary pixel counts as found, as a share of the picture's diagonal."""


def count_pixels(masks, logits, threshold=0.5, boundaries=False):
    """Counts the pixels of every sample by label, answer and probability.

    Logits of another height and width are resized to those of the masks.

    Args:
        masks: uint8 `(batch, num_prompts, height, width)`.
        logits: `(batch, num_prompts, height, width, channels)`.
        threshold: a pixel belongs to a target where its probability is above this.
        boundaries: whether to score the boundaries too, which takes some time.

    Returns:
        A dict of tensors, with a first axis of `batch * num_prompts` samples and one class more than channels if there
        is one: int32 `confusion`, `probabilities` and (of one channel) `ranks` as in `kmm.evaluation.SampleScores`,
        float64 `boundaries`, and int32 `invalid`, the number of pixels whose label is no class.

    Example:

    >>> counts = count_pixels(tf.constant([[[[0, 1, 255]]]], "uint8"), tf.constant([[[[[-9.0], [-9.0], [9.0]]]]]))
    >>> counts["confusion"].numpy().tolist()  # one pixel of the background, one of the target, both not answered
    [[[1, 0], [1, 0]]]
    """
    height, width, channels = tf.shape(masks)[2], tf.shape(masks)[3], logits.shape[-1]
    masks = tf.reshape(tf.cast(masks, tf.int32), (-1, height, width))
    logits = tf.reshape(tf.cast(logits, tf.float32), (-1, *tf.unstack(tf.shape(logits)[2:4]), channels))
    if logits.shape[1:3] != masks.shape[1:3] or None in logits.shape[1:3]:
        logits = tf.image.resize(logits, (height, width))
    classes = max(2, channels)
    if channels == 1:
        answers = tf.cast(logits[..., 0] > math.log(threshold / (1 - threshold)), tf.int32)
        probabilities, rows = tf.sigmoid(logits[..., 0]), masks
    else:
        answers = tf.argmax(logits, axis=-1, output_type=tf.int32)
        largest = tf.reduce_max(logits, axis=-1, keepdims=True)
        probabilities = 1 / tf.reduce_sum(tf.exp(logits - largest), axis=-1)
        rows = tf.cast(answers == masks, tf.int32)
    is_class = masks < classes
    bins = tf.clip_by_value(tf.cast(probabilities * NUM_BINS, tf.int32), 0, NUM_BINS - 1)
    counts = {
        "confusion": _count_cells(masks * classes + answers, is_class, (classes, classes)),
        "probabilities": _count_cells(rows * NUM_BINS + bins, is_class, (2, NUM_BINS)),
        "invalid": tf.reduce_sum(tf.cast(~is_class & (masks != IGNORE_VALUE), tf.int32), axis=(1, 2)),
    }
    if channels == 1:
        cells = masks * NUM_RANKS + rank_bins(logits[..., 0], NUM_RANKS)
        counts["ranks"] = _count_cells(cells, is_class, (2, NUM_RANKS))
    if boundaries:
        counts["boundaries"] = _score_boundaries(masks, answers, [1] if channels == 1 else range(classes))
    return counts


def _count_cells(cells, counted, shape):
    """How often each cell occurs in each sample, `(samples, *shape)`; what is not counted falls into a last one."""
    samples, num_cells = tf.shape(cells)[0], shape[0] * shape[1]
    cells = tf.where(counted, cells, num_cells) + (num_cells + 1) * tf.range(samples)[:, None, None]
    size = samples * (num_cells + 1)
    counts = tf.math.bincount(tf.reshape(cells, [-1]), minlength=size, maxlength=size)
    return tf.reshape(tf.reshape(counts, (samples, num_cells + 1))[:, :-1], (samples, *shape))


def _score_boundaries(masks, answers, class_ids):
    """The boundary F of each class, `(samples, classes)`; of several classes nan for those not there nor answered."""
    counted = (masks != IGNORE_VALUE)[..., None]
    targets, answers = (maps[..., None] == tf.constant(list(class_ids)) for maps in (masks, answers))
    scored = counted if len(class_ids) == 1 else counted & (targets | answers)
    scores = boundary_scores(targets, answers, counted, BOUNDARY_TOLERANCE)
    return tf.where(tf.reduce_any(scored, axis=(1, 2)), scores, math.nan)
