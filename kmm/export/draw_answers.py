"""From logits to what an endpoint answers."""

import tensorflow as tf

from kmm.export.read_pictures import PARALLEL_PICTURES
from kmm.preprocessing import masks_from_logits, scores_from_logits


def answer_masks(outputs, answered, threshold):
    """Masks at the model's size, and what can be said in one number.

    Args:
        outputs: dict of `logits` `(batch, height, width, classes)` and a model's other outputs.
        answered: bool `(batch,)`: rows that hold a picture; the others answer zeros.
        threshold: of a binary mask, float `(batch,)`.

    Returns:
        dict of `mask` uint8 `(batch, height, width)`, `score` float32 `(batch,)`, `present` uint8 `(batch,)`: 1 where
        the mask of one class is not empty, and for every answer of several classes; and the other outputs.

    Example:

    >>> answer = answer_masks({"logits": tf.ones((2, 8, 8, 1))}, tf.constant([True, False]), tf.constant([0.5, 0.5]))
    >>> tuple(answer["mask"].shape), answer["present"].numpy().tolist()
    ((2, 8, 8), [1, 0])
    """
    logits, others = outputs["logits"], {name: value for name, value in outputs.items() if name != "logits"}
    mask = masks_from_logits(logits, threshold=threshold)
    present = tf.reduce_any(mask > 0, axis=(1, 2)) if logits.shape[-1] == 1 else tf.ones_like(answered)
    answer = {"mask": mask, "score": scores_from_logits(logits, threshold), "present": tf.cast(present, "uint8")}
    return {name: blank(value, answered) for name, value in {**answer, **others}.items()}


def draw_pngs(logits, sizes, answered, threshold):
    """Each mask as a grey PNG file at its picture's own size.

    Args:
        logits: float32 `(batch, height, width, classes)`.
        sizes: int32 `(batch, 2)`, height and width of each picture in pixels.
        answered, threshold: as for `answer_masks`.

    Returns:
        strings `(batch,)`: 0 and 255 for one class, else class ids; empty for rows that are not answered.

    Example:

    >>> sizes, answered = tf.constant([[20, 30]]), tf.constant([True])
    >>> png = draw_pngs(tf.ones((1, 8, 8, 1)), sizes, answered, tf.constant([0.5]))
    >>> tuple(tf.io.decode_png(png[0]).shape)
    (20, 30, 1)
    """
    brightest = 255 if logits.shape[-1] == 1 else 1

    def draw(row):
        row_logits, size, row_threshold = row
        mask = masks_from_logits(row_logits, size, row_threshold)
        return tf.io.encode_png(tf.ensure_shape(mask, (None, None))[..., None] * brightest)

    def draw_answered(row):
        return tf.cond(row[-1], lambda: draw(row[:-1]), lambda: tf.constant(b""))

    rows = (logits, sizes, threshold, answered)
    return tf.map_fn(draw_answered, rows, parallel_iterations=PARALLEL_PICTURES, fn_output_signature=tf.string)


def blank(values, answered):
    """Zeros in the rows that are not answered."""
    answered = tf.reshape(answered, (-1, *[1] * (len(values.shape) - 1)))
    return tf.where(answered, values, tf.zeros((), values.dtype))
