"""The share of queries that find what they look for."""

import math

import keras
from keras import ops

from kmm.metrics.item_mean import ItemMean


@keras.saving.register_keras_serializable(package="kmm")
class RecallAtK(ItemMean):
    """The share of queries with a relevant candidate among the `k` most similar ones: R@k, recall@k, hit rate.

    For retrieval of pictures by words and of words by pictures. One relevant candidate is enough, as in the papers on
    that; it is not the share of the relevant ones that is found, which is the same where every query has one. Of equal
    similarities those of irrelevant candidates come first, so a model that finds all alike scores nothing; nan comes
    last, or first where it is irrelevant. Queries without a relevant candidate are left out; without any other the
    result is nan. With at most `k` candidates every answer is right.

    Every update must hold all candidates of its queries: recall among the pictures of a batch says little, and changes
    with the size of batches.

    An index that is no candidate is wrong data: `result` then raises a `ValueError`. Inside a compiled function, where
    nothing can be raised, the result is nan.

    Reference: Hodosh et al., "Framing Image Description as a Ranking Task", 2013.

    Args:
        k: number of candidates looked at, at least 1.
        name: name of the metric; `None` for "recall_at_" and `k`.
        dtype: dtype of the result.

    Call arguments:
        y_true: which candidates are relevant, bool `(queries, candidates)`, or the index of the only one, integers
            `(queries,)`.
        y_pred: similarities `(queries, candidates)`, larger is more similar.
        sample_weight: one weight for each query, `(queries,)`.

    Output shape:
        A scalar.

    Raises:
        ValueError: `k` is too small, at construction; shapes do not fit, at the update; an index is no candidate, at
            the result.

    Example:

    >>> import numpy as np
    >>> import kmm
    >>> metric = kmm.metrics.RecallAtK(k=1)
    >>> similarities = np.array([[0.9, 0.1, 0.2], [0.8, 0.3, 0.1]])
    >>> metric.update_state(np.array([0, 1]), similarities)
    >>> float(metric.result())  # the second query finds candidate 0 instead of 1
    0.5
    """

    def __init__(self, k=1, name=None, dtype=None):
        if k < 1:
            raise ValueError(f"k must be at least 1. Received: k={k}. Use 1, 5 or 10.")
        message = (
            "An index in y_true must be a candidate: from 0 to below their number. Received: {count} others. "
            "Give a bool matrix (queries, candidates) where a query may have no relevant candidate."
        )
        super().__init__(message, name=name or f"recall_at_{k}", dtype=dtype)
        self.k = k

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add queries.

        Args:
            y_true: bool `(queries, candidates)`, or integers `(queries,)`.
            y_pred: similarities `(queries, candidates)`.
            sample_weight: one weight for each query, `(queries,)`.
        """
        wanted, similarities = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        if not keras.backend.is_float_dtype(keras.backend.standardize_dtype(similarities.dtype)):
            similarities = ops.cast(similarities, "float64")
        shapes = tuple(wanted.shape), tuple(similarities.shape)
        if (
            len(shapes[1]) != 2
            or len(shapes[0]) not in (1, 2)
            or any(None not in sizes and sizes[0] != sizes[1] for sizes in zip(*shapes, strict=False))
        ):
            raise ValueError(
                f"y_pred must be (queries, candidates) and y_true of the same shape or (queries,). Received: "
                f"y_true.shape={shapes[0]}, y_pred.shape={shapes[1]}. Compare every query with every candidate first."
            )
        if len(shapes[0]) == 1:
            indices, num_candidates = ops.expand_dims(ops.cast(wanted, "int32"), -1), ops.shape(similarities)[1]
            is_valid = ops.logical_and(indices >= 0, indices < num_candidates)[:, 0]
            relevant = indices == ops.arange(num_candidates, dtype="int32")
            is_counted = ops.ones_like(is_valid)
        else:
            relevant = ops.cast(wanted, "bool")
            is_counted = ops.any(relevant, axis=1)
            is_valid = ops.ones_like(is_counted)
        is_known = ops.logical_and(relevant, ops.logical_not(ops.isnan(similarities)))
        candidates = ops.where(is_known, similarities, ops.cast(-math.inf, similarities.dtype))
        best = ops.max(candidates, axis=1, keepdims=True, initial=-math.inf)  # (queries, 1)
        ahead = ops.logical_and(ops.logical_not(relevant), ops.logical_not(best > similarities))
        is_hit = ops.sum(ops.cast(ahead, "int32"), axis=1) < self.k
        self.add_items(is_hit, is_counted, is_valid, sample_weight)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "k": self.k}
