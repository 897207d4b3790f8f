"""How much boxes overlap."""

from keras import ops

from kmm.metrics.checked_value import checked_value

INVALID_BOXES = (
    "Boxes must be (top, left, bottom, right) as shares of height and width, from 0 to 1, top above bottom and left "
    "before right. Received: {count} others. Divide pixels by height and width, put the ends in order, and clip."
)
"""Text of the error; `{count}` is the number of such boxes."""

_ROUNDING = 1e-5
"""How far beyond 0 or 1 an end may lie."""


def box_iou(boxes, others):
    """The intersection over union of boxes with others, pair by pair.

    A box without height or width, such as one of zeros, means none: two of them are the same and score 1, one beside
    a true box scores 0.

    Args:
        boxes: float `(..., 4)`: top, left, bottom and right as shares of height and width.
        others: of the same shape, or of one that broadcasts with it: `boxes[:, None]` and `others[None]` give the
            scores of all pairs.

    Returns:
        float64 scores `(...)` from 0 to 1.

    Raises:
        ValueError: the last axis is not 4 long; an end lies outside of [0, 1], or ends are reversed. Inside a compiled
            function, where nothing can be raised for values, the scores of such boxes are nan.

    Example:

    >>> scores = box_iou([[0.0, 0.0, 0.5, 0.5], [0.0, 0.0, 0.0, 0.0]], [[0.0, 0.25, 0.5, 0.75], [0.0, 0.0, 0.0, 0.0]])
    >>> [round(float(score), 4) for score in scores]
    [0.3333, 1.0]
    """
    boxes, others = as_boxes(boxes), as_boxes(others)
    return _checked(raw_box_iou(boxes, others), boxes, others)


def generalized_box_iou(boxes, others):
    """The intersection over union less the empty share of the smallest box around both: GIoU.

    It tells how far apart boxes are that do not meet. Two boxes that mean none score 1, one beside a true box -1.

    Reference: Rezatofighi et al., "Generalized Intersection over Union", 2019.

    Args:
        boxes: float `(..., 4)`: top, left, bottom and right as shares of height and width.
        others: of the same shape, or of one that broadcasts with it.

    Returns:
        float64 scores `(...)` from -1 to 1.

    Raises:
        ValueError: the last axis is not 4 long; an end lies outside of [0, 1], or ends are reversed. Inside a compiled
            function, where nothing can be raised for values, the scores of such boxes are nan.

    Example:

    >>> float(generalized_box_iou([[0.0, 0.0, 0.5, 0.25]], [[0.0, 0.75, 0.5, 1.0]])[0])
    -0.5
    """
    boxes, others = as_boxes(boxes), as_boxes(others)
    return _checked(raw_generalized_box_iou(boxes, others), boxes, others)


def as_boxes(boxes):
    """float64 boxes; refuses those without four ends."""
    boxes = ops.cast(boxes, "float64")
    if len(boxes.shape) < 1 or boxes.shape[-1] != 4:
        raise ValueError(
            f"Boxes must have four ends in the last axis: top, left, bottom, right. Received: "
            f"shape={tuple(boxes.shape)}. Use kmm.preprocessing.boxes_from_masks for boxes around masks."
        )
    return boxes


def are_valid(boxes):
    """Which boxes lie in [0, 1] with their ends in order: bool `(...)`; not those with nan."""
    inside = ops.logical_and(boxes >= -_ROUNDING, boxes <= 1 + _ROUNDING)
    ordered = boxes[..., 2:] >= boxes[..., :2]
    return ops.logical_and(ops.all(inside, axis=-1), ops.all(ordered, axis=-1))


def raw_box_iou(boxes, others):
    """`box_iou` of what `as_boxes` gives, without a look at the values."""
    intersections, unions, _ = _areas(boxes, others)
    return ops.where(unions > 0, ops.divide_no_nan(intersections, unions), 1.0)


def raw_generalized_box_iou(boxes, others):
    """`generalized_box_iou` of what `as_boxes` gives, without a look at the values."""
    intersections, unions, is_one_none = _areas(boxes, others)
    first, last = ops.minimum(boxes[..., :2], others[..., :2]), ops.maximum(boxes[..., 2:], others[..., 2:])
    hulls = ops.prod(last - first, axis=-1)
    scores = ops.divide_no_nan(intersections, unions) - ops.divide_no_nan(hulls - unions, hulls)
    return ops.where(unions > 0, ops.where(is_one_none, -1.0, scores), 1.0)


def _areas(boxes, others):
    """Areas of intersections and unions, and where only one of the two is a box: all `(...)`."""
    first, last = ops.maximum(boxes[..., :2], others[..., :2]), ops.minimum(boxes[..., 2:], others[..., 2:])
    intersections = ops.prod(ops.maximum(last - first, 0.0), axis=-1)
    areas, other_areas = (ops.prod(x[..., 2:] - x[..., :2], axis=-1) for x in (boxes, others))
    return intersections, areas + other_areas - intersections, ops.logical_xor(areas > 0, other_areas > 0)


def _checked(scores, boxes, others):
    is_invalid = ops.logical_not(ops.logical_and(are_valid(boxes), are_valid(others)))
    return checked_value(scores, ops.cast(is_invalid, "int32"), INVALID_BOXES)
