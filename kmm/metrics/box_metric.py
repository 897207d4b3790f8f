"""What the metrics of boxes share: checked boxes, and a score for each pair."""

from keras import ops

from kmm.metrics.box_iou import INVALID_BOXES, are_valid, as_boxes
from kmm.metrics.item_mean import ItemMean


class BoxMetric(ItemMean):
    """Base of the metrics over pairs of boxes; subclasses implement `pair_scores`.

    Args:
        name: name of the metric.
        dtype: dtype of the result.

    Raises:
        ValueError: shapes do not fit, at the update; a box reaches outside of [0, 1] or its ends are reversed, at the
            result.
    """

    def __init__(self, name=None, dtype=None):
        super().__init__(INVALID_BOXES, name=name, dtype=dtype)

    def pair_scores(self, boxes, others):
        """The score of each pair `(...)`, from float64 `(..., 4)`."""
        raise NotImplementedError(f"{type(self).__name__} must implement pair_scores(boxes, others).")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add a batch.

        Args:
            y_true: boxes `(..., 4)`.
            y_pred: boxes `(..., 4)`.
            sample_weight: one weight for each pair, `(...)` or its first axes.
        """
        boxes, others = as_boxes(y_true), as_boxes(y_pred)
        shapes = tuple(boxes.shape), tuple(others.shape)
        if len(shapes[0]) != len(shapes[1]) or any(
            None not in sizes and sizes[0] != sizes[1] for sizes in zip(*shapes, strict=True)
        ):
            raise ValueError(
                f"Both sides must have as many boxes. Received: y_true.shape={shapes[0]}, y_pred.shape={shapes[1]}. "
                "Give each box of the data the predicted one, or zeros where there is none."
            )
        is_valid = ops.logical_and(are_valid(boxes), are_valid(others))
        self.add_items(self.pair_scores(boxes, others), ops.ones_like(is_valid), is_valid, sample_weight)
