"""What a model did on every sample of a split."""

import dataclasses

import numpy as np

from kmm.evaluation.divide import divide

NUM_BINS = 100
"""Bins of the probabilities in [0, 1]."""
NUM_RANKS = 200
"""Bins in which the logits of targets are ranked, see `kmm.metrics.rank_bins.rank_bins`."""


@dataclasses.dataclass(frozen=True)
class SampleScores:
    """Counts of every sample, from which each score of a split, or of any part of it, follows.

    A sample is a prompt with its mask. For a referring source there are two classes, background and target.

    Args:
        task: "referring" or "semantic".
        class_names: names in the order of their ids.
        pictures: int64 `(num_samples,)`, the number of each sample's picture in the split.
        prompts: `num_samples` texts that the model was asked with.
        kinds: the kind of each sample's own prompt.
        confusion: float64 `(num_samples, num_classes, num_classes)`, counted pixels by label (row) and answer (column).
        probabilities: float64 `(num_samples, 2, 100)`, counted pixels by probability, in bins of equal width from 0 to
            1. Referring: by label 0 and 1, the probability of the target. Semantic: of wrong and of right pixels, the
            probability of the answer.
        boundaries: float64 `(num_samples, classes)`, the boundary F of each class, or of the target alone; nan where a
            class is neither labelled nor answered. `None` where boundaries were not scored.
        ranks: float64 `(num_samples, 2, 200)`, referring: counted pixels by label 0 and 1 and by the bin of the logit,
            see `kmm.metrics.rank_bins.rank_bins`. `None` of a semantic source.

    Example:

    >>> confusion = np.array([[[90.0, 2.0], [2.0, 6.0]], [[100.0, 0.0], [0.0, 0.0]]])
    >>> scores = SampleScores(
    ...     "referring", ("background", "target"), np.arange(2), ("a cat", "a dog"), ("attribute", "absent"), confusion,
    ...     np.zeros((2, 2, 100)),
    ... )
    >>> scores.ious.tolist(), scores.select(scores.target_areas > 0).prompts
    ([0.6, 1.0], ('a cat',))
    """

    task: str
    class_names: tuple
    pictures: np.ndarray
    prompts: tuple
    kinds: tuple
    confusion: np.ndarray
    probabilities: np.ndarray
    boundaries: np.ndarray | None = None
    ranks: np.ndarray | None = None

    def __len__(self):
        """The number of samples."""
        return len(self.pictures)

    def select(self, chosen):
        """Some of the samples.

        Args:
            chosen: bool `(num_samples,)`, or the places of samples.
        """
        places = np.arange(len(self))[np.asarray(chosen) if len(chosen) else slice(0)]
        return dataclasses.replace(
            self,
            pictures=self.pictures[places],
            prompts=tuple(self.prompts[place] for place in places),
            kinds=tuple(self.kinds[place] for place in places),
            confusion=self.confusion[places],
            probabilities=self.probabilities[places],
            boundaries=None if self.boundaries is None else self.boundaries[places],
            ranks=None if self.ranks is None else self.ranks[places],
        )

    @property
    def counted_pixels(self):
        """Pixels of each sample that are not ignored, `(num_samples,)`."""
        return self.confusion.sum(axis=(1, 2))

    @property
    def target_areas(self):
        """The target's share of the counted pixels of each sample, `(num_samples,)`; nan without such pixels.

        For a semantic source, the share of all classes but the first.
        """
        return divide(self.confusion[:, 1:].sum(axis=(1, 2)), self.counted_pixels)

    @property
    def class_ious(self):
        """The IoU of each class in each sample, `(num_samples, num_classes)`; nan for neither labelled nor answered."""
        intersections = np.diagonal(self.confusion, axis1=1, axis2=2)
        return divide(intersections, self.confusion.sum(axis=1) + self.confusion.sum(axis=2) - intersections)

    @property
    def ious(self):
        """Each sample's IoU, `(num_samples,)`; nan where no pixel counts.

        Referring: of the target, and 1 for an empty answer to an empty target. Semantic: the mean over the classes that
        are there or answered.
        """
        ious = self.class_ious
        if self.task == "referring":
            ious = np.where(np.isnan(ious[:, 1]), 1.0, ious[:, 1])
        else:
            ious = divide(np.nansum(ious, axis=1), (~np.isnan(ious)).sum(axis=1))
        return np.where(self.counted_pixels > 0, ious, np.nan)
