"""The scores of referring segmentation over a split, all together and for each kind of phrase."""

import collections

import numpy as np
import tensorflow as tf

from kmm.metrics import NoTargetAccuracy, OverallIoU, PixelAccuracy, PrecisionAtIoU, SampleMeanIoU


class ReferringScores:
    """Counts what the metrics of binary masks need, batch by batch.

    All metrics are updated in one graph, in which TensorFlow computes the overlaps of target and prediction once.

    Args:
        kinds: the kinds of phrases that will occur.
        iou_thresholds: IoUs from which a sample counts as found.

    Example:

    >>> scores = ReferringScores(kinds=["absent"], iou_thresholds=(0.5,))
    >>> scores.update(np.zeros((1, 2, 4, 4), "uint8"), np.full((1, 2, 4, 4, 1), -9.0, "float32"), [["absent"] * 2])
    >>> result = scores.result()
    >>> result["sample_mean_iou"], result["kinds"]["absent"]["no_target_accuracy"]
    (1.0, 1.0)
    """

    def __init__(self, kinds, iou_thresholds):
        self.overall, self.sample_mean, self.no_target = OverallIoU(), SampleMeanIoU(), NoTargetAccuracy()
        self.precisions = {f"{threshold:g}": PrecisionAtIoU(threshold) for threshold in iou_thresholds}
        self.accuracy = PixelAccuracy()
        self.kinds = {kind: (OverallIoU(), SampleMeanIoU(), NoTargetAccuracy()) for kind in sorted(set(kinds))}
        self.num_samples = collections.Counter()
        masks, logits = tf.TensorSpec((None,) * 4, "uint8"), tf.TensorSpec((None, None, None, None, 1), "float32")
        of_kind = {kind: tf.TensorSpec((None, None), "float32") for kind in self.kinds}
        self._update = tf.function(self._add, input_signature=[masks, logits, of_kind], autograph=False)

    def update(self, masks, logits, kinds):
        """Add a batch.

        Args:
            masks: uint8 `(batch, num_prompts, height, width)`.
            logits: float32 `(batch, num_prompts, height, width, 1)`.
            kinds: the kind of each phrase, `(batch, num_prompts)`.
        """
        kinds = np.asarray(kinds)
        self._update(masks, logits, {kind: (kinds == kind).astype("float32") for kind in self.kinds})
        self.num_samples.update(kinds.reshape(-1).tolist())

    def _add(self, masks, logits, of_kind):
        for metric in (self.overall, self.sample_mean, self.no_target, *self.precisions.values(), self.accuracy):
            metric.update_state(masks, logits)
        for kind, metrics in self.kinds.items():
            for metric in metrics:
                metric.update_state(masks, logits, sample_weight=of_kind[kind])

    def result(self):
        """The scores by name."""
        kinds = {}
        for kind, (overall, sample_mean, no_target) in self.kinds.items():
            kinds[kind] = {"overall_iou": float(overall.result()), "sample_mean_iou": float(sample_mean.result())}
            kinds[kind]["num_samples"] = self.num_samples[kind]
            if float(no_target.denominator):
                kinds[kind]["no_target_accuracy"] = float(no_target.result())
        return {
            "overall_iou": float(self.overall.result()),
            "sample_mean_iou": float(self.sample_mean.result()),
            "precision_at_iou": {name: float(metric.result()) for name, metric in self.precisions.items()},
            "mean_iou": self._mean_iou(),
            "pixel_accuracy": float(self.accuracy.result()),
            "no_target_accuracy": float(self.no_target.result()),
            "num_samples": self.num_samples.total(),
            "kinds": kinds,
        }

    def _mean_iou(self):
        """The mean of the IoUs of target and background; one that occurs nowhere is left out."""
        right, counted = float(self.accuracy.right_pixels), float(self.accuracy.counted_pixels)
        intersection, union = float(self.overall.numerator), float(self.overall.denominator)
        # Background right: all that is right without the target's share; its union: all but the target's intersection.
        pairs = ((intersection, union), (right - intersection, counted - intersection))
        ious = [intersection / union for intersection, union in pairs if union]
        return sum(ious) / len(ious) if ious else float("nan")
