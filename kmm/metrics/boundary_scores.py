"""How well the outlines of two masks agree."""

import math

from keras import ops


def boundary_scores(targets, predictions, counted, tolerance):
    """The boundary F of every map: the harmonic mean of the precision and the recall of its boundary pixels.

    A pixel is on the boundary if its right, lower or lower right neighbour is on the other side, as in the code of
    DAVIS; the edge of the picture is no boundary, and neither is the edge of what is ignored. A boundary pixel is found
    if one of the other mask lies within the tolerance, in a straight line. If only one of the two has a boundary, the
    score is 0. If neither has, it is 1 where the masks agree on every counted pixel, and 0 elsewhere.

    Args:
        targets: bool `(samples, height, width, maps)`.
        predictions: bool `(samples, height, width, maps)`.
        counted: bool `(samples, height, width, 1)`.
        tolerance: distance as a share of the picture's diagonal, rounded up to whole pixels.

    Returns:
        float64 scores `(samples, maps)`.
    """
    disc = _disc(*ops.shape(targets)[1:3], tolerance)
    target_edges, predicted_edges = _boundaries(targets, counted), _boundaries(predictions, counted)
    num_target, num_predicted = _areas(target_edges), _areas(predicted_edges)
    recall = ops.divide_no_nan(_areas(target_edges * _dilated(predicted_edges, disc)), num_target)
    precision = ops.divide_no_nan(_areas(predicted_edges * _dilated(target_edges, disc)), num_predicted)
    scores = ops.divide_no_nan(2 * precision * recall, precision + recall)
    agree = ops.all(ops.logical_or(targets == predictions, ops.logical_not(counted)), axis=(1, 2))
    return ops.where(num_target + num_predicted > 0, scores, ops.cast(agree, "float64"))


def _boundaries(masks, counted):
    """Boundary pixels, float32 0 or 1, of the same shape."""
    pad = ((0, 0), (0, 1), (0, 1), (0, 0))
    padded, padded_counted = ops.pad(ops.cast(masks, "int32"), pad), ops.pad(ops.cast(counted, "int32"), pad)
    here, here_counted = padded[:, :-1, :-1], padded_counted[:, :-1, :-1]
    edges = ops.zeros_like(here)
    for rows, columns in ((slice(-1), slice(1, None)), (slice(1, None), slice(-1)), (slice(1, None), slice(1, None))):
        differs = ops.abs(here - padded[:, rows, columns]) * here_counted * padded_counted[:, rows, columns]
        edges = ops.maximum(edges, differs)
    return ops.cast(edges, "float32")


def _disc(height, width, tolerance):
    """1 at the pixels within the tolerance of the middle one, float32 `(2 * radius + 1, 2 * radius + 1)`."""
    if isinstance(height, int) and isinstance(width, int):
        radius = math.ceil(tolerance * math.sqrt(height**2 + width**2))
    else:  # sizes that only the compiled function knows
        diagonal = ops.sqrt(ops.cast(height**2 + width**2, "float64"))
        radius = ops.cast(ops.ceil(tolerance * diagonal), "int32")
    squares = ops.square(ops.arange(-radius, radius + 1, dtype="int32"))
    return ops.cast(ops.expand_dims(squares, -1) + squares <= radius**2, "float32")


def _dilated(edges, disc):
    """1 where an edge lies within the disc around a pixel, 0 elsewhere."""
    maps = ops.shape(edges)[-1]
    kernel = ops.tile(ops.reshape(disc, (*ops.shape(disc), 1, 1)), (1, 1, maps, 1))
    near = ops.depthwise_conv(edges, kernel, padding="same", data_format="channels_last")
    return ops.cast(near > 0.5, "float32")


def _areas(pixels):
    return ops.cast(ops.sum(pixels, axis=(1, 2)), "float64")
