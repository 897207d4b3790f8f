"""How well probabilities rank the pixels of targets before others."""

import keras
from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.metrics.rank_bins import rank_bins
from kmm.metrics.segmentation_metric import SegmentationMetric


@keras.saving.register_keras_serializable(package="kmm")
class AveragePrecision(SegmentationMetric):
    """The area under the precision and recall curve of pixels, over all thresholds: AP.

    For referring segmentation, to compare models without choosing a threshold. The pixels of all samples are ranked
    together by their probability; AP is the sum over thresholds of precision times the gain in recall, without
    interpolation, as in scikit-learn.

    Logits are counted in `num_bins` bins of equal width in `z / (1 + abs(z))`, so that memory does not grow with the
    data and batches do not matter: those in one bin count as equal, which is the resolution of the result, for models
    that are sure and others alike.

    An empty target only adds pixels that should rank low. Without any target pixel there is no recall, and the result
    is nan. Pixels with other labels than 1 are background.

    Reference: Lueddecke and Ecker, "Image Segmentation Using Text and Image Prompts", 2022, report it.

    Args:
        num_bins: number of bins for the logits, at least 2.
        ignore_value: label of the pixels that count nowhere; not 0 or 1.
        resize_logits: whether logits of another height and width are resized to the labels' (bilinear) before anything
            is counted: scores at the masks' own resolution. Otherwise both must have the same size.
        name: name of the metric.
        dtype: dtype of the result.

    Call arguments:
        y_true: labels `(..., height, width)`, 1 in the target, of any dtype.
        y_pred: logits `(..., height, width, 1)`.
        sample_weight: one weight for each sample, `(...)` or its first axes. Weights of pixels are refused.

    Output shape:
        A scalar.

    Raises:
        TypeError: `ignore_value` is not an int.
        ValueError: an argument is out of range, at construction; shapes do not fit, at the update.

    Example:

    >>> import numpy as np
    >>> import kmm
    >>> metric = kmm.metrics.AveragePrecision()
    >>> target = np.array([[[1, 0], [1, 0]]])
    >>> logits = np.array([[[3.0, 2.0], [1.0, 0.0]]])[..., None]
    >>> metric.update_state(target, logits)
    >>> round(float(metric.result()), 4)  # precision 1 at a recall of 1/2, and 2/3 at 1
    0.8333
    """

    def __init__(
        self, num_bins=1000, ignore_value=IGNORE_VALUE, resize_logits=False, name="average_precision", dtype=None
    ):
        if num_bins < 2:
            raise ValueError(f"num_bins must be at least 2. Received: num_bins={num_bins}. Use 1000.")
        super().__init__(1, ignore_value=ignore_value, resize_logits=resize_logits, name=name, dtype=dtype)
        if ignore_value in (0, 1):
            raise ValueError(
                f"ignore_value must be neither 0 nor 1. Received: ignore_value={ignore_value}. Use 255 or -1."
            )
        self.num_bins = num_bins
        self.histograms = self.add_count("histograms", (2, num_bins))

    def add_samples(self, labels, logits, sample_weights):
        """Add the pixels to the histograms, row: 1 for the target, column: bin of the logit."""
        height, width = ops.shape(labels)[-2:]
        bins = rank_bins(logits[..., 0], self.num_bins)
        rows = ops.where(labels == self.ignore_value, 2, ops.cast(labels == 1, "int32"))
        cells = ops.reshape(rows * self.num_bins + bins, (-1, height * width))  # (samples, pixels)
        # Histograms for each sample, next to each other; unlike bincount, segment_sum compiles with XLA.
        num_samples, num_cells = ops.shape(cells)[0], 3 * self.num_bins
        cells = ops.reshape(cells + num_cells * ops.expand_dims(ops.arange(num_samples, dtype="int32"), -1), (-1,))
        counts = ops.segment_sum(ops.ones_like(cells), cells, num_segments=num_samples * num_cells)
        counts = ops.cast(ops.reshape(counts, (-1, 3, self.num_bins)), "float64")
        counts = ops.sum(counts * ops.reshape(sample_weights, (-1, 1, 1)), axis=0)
        self.histograms.assign_add(counts[:2])

    def result(self):
        """The area; nan without target pixels."""
        counts = ops.flip(ops.convert_to_tensor(self.histograms), axis=-1)  # from the highest down
        above = ops.cumsum(counts, axis=-1)
        precisions = ops.divide_no_nan(above[1], above[0] + above[1])
        return ops.cast(ops.divide(ops.sum(counts[1] * precisions), ops.sum(counts[1])), self.dtype)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "num_bins": self.num_bins}
