"""The scores of semantic segmentation over a split."""

import numpy as np
import tensorflow as tf

from kmm.metrics import MeanIoU, PixelAccuracy


class SemanticScores:
    """Counts confusion matrices, batch by batch: one over all samples and one for each sample.

    Args:
        class_names: names in the order of their ids, at least two.
        iou_thresholds: class-mean IoUs from which a sample counts as found.

    Example:

    >>> scores = SemanticScores(class_names=("sky", "road"), iou_thresholds=(0.5,))
    >>> masks = np.array([[[[0, 0], [1, 255]]]], "uint8")
    >>> scores.update(masks, np.eye(2, dtype="float32")[[[[[0, 1], [1, 1]]]]])
    >>> scores.result()["class_iou"]
    {'sky': 0.5, 'road': 0.5}
    """

    def __init__(self, class_names, iou_thresholds):
        self.class_names, self.iou_thresholds = tuple(class_names), iou_thresholds
        num_classes = len(self.class_names)
        self.all_samples, self.one_sample = MeanIoU(num_classes), MeanIoU(num_classes)
        self.accuracy = PixelAccuracy(num_classes)
        self.sample_ious = []
        masks, logits = tf.TensorSpec((None,) * 3, "uint8"), tf.TensorSpec((None, None, None, num_classes), "float32")
        self._update = tf.function(self._add, input_signature=[masks, logits], autograph=False)

    def update(self, masks, logits):
        """Add a batch.

        Args:
            masks: uint8 `(batch, num_prompts, height, width)`.
            logits: float32 `(batch, num_prompts, height, width, num_classes)`.
        """
        for mask, logit in zip(masks, logits, strict=True):
            for prompt in range(mask.shape[0]):
                self.sample_ious.append(float(self._update(mask[prompt][None], logit[prompt][None])))

    def _add(self, masks, logits):
        self.one_sample.reset_state()
        self.one_sample.update_state(masks, logits)
        for own, total in zip(self.one_sample.variables, self.all_samples.variables, strict=True):
            total.assign_add(own)
        self.accuracy.update_state(masks, logits)
        return self.one_sample.result()

    def result(self):
        """The scores by name."""
        mean_iou = float(self.all_samples.result())  # refuses labels that are no class, before anything is divided
        matrix = self.all_samples.confusion_matrix.numpy()
        intersection = matrix.diagonal().sum()
        union = 2 * matrix.sum() - intersection
        sample_ious = np.array(self.sample_ious)
        sample_ious = sample_ious[~np.isnan(sample_ious)]  # samples without a counted pixel
        found = {f"{threshold:g}": _mean(sample_ious >= threshold) for threshold in self.iou_thresholds}
        return {
            "overall_iou": float(intersection / union) if union else float("nan"),
            "sample_mean_iou": _mean(sample_ious),
            "precision_at_iou": found,
            "mean_iou": mean_iou,
            "pixel_accuracy": float(self.accuracy.result()),
            "num_samples": len(self.sample_ious),
            "class_iou": dict(zip(self.class_names, self.all_samples.per_class().tolist(), strict=True)),
        }


def _mean(values):
    return float(values.mean()) if values.size else float("nan")
