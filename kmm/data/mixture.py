"""Training on several data sets at once."""

import numpy as np
import tensorflow as tf

from kmm.data.source_wrapper import TRAIN, SourceWrapper, range_of, stream_key


class Mixture(SourceWrapper):
    """Several sources of one task as one, each with a share of the training examples.

    An epoch of the split "train" gives every source exactly its share of the places, in random order. Each source is
    passed through in a random order of its own that goes on from epoch to epoch: no example comes again before all
    others of its source did, and large sources need not be seen whole in one epoch. (Where an epoch is shuffled once
    more, as `build_dataset` does, this holds from epoch to epoch.) Other splits are those of the sources one after the
    other, every example once.

    Args:
        sources: list of `kmm.data.Source`.
        weights: the shares of the sources in training, positive numbers of any sum; default: by their sizes.
        num_examples: training examples in an epoch; default: those of all sources together.
        seed: int, keys the order together with the epoch.

    Raises:
        TypeError: if `sources` is no list of sources.
        ValueError: if tasks or classes differ, some sources have a split "train" and others have none, or the weights
            do not fit.

    Example:

    >>> import kmm
    >>> shapes, more = (kmm.data.ShapesSource((32, 32), num_train=count) for count in (300, 100))
    >>> source = Mixture([shapes, more], weights=[1, 2], num_examples=60)
    >>> source.name, source.num_examples("train"), source.num_examples("val")
    ('shapes+shapes', 60, 256)
    >>> sum(source.find("train", index)[0] is more for index in range(60))
    40
    """

    def __init__(self, sources, weights=None, num_examples=None, seed=0):
        if not isinstance(sources, (list, tuple)) or not sources:
            raise TypeError(
                f"A mixture takes a list of sources, at least one. Received: sources={sources!r}. Write Mixture([...])."
            )
        super().__init__(*sources)
        self.seed, self.stable = seed, False
        if TRAIN in self.splits:
            self._sizes, quotas = self._shares(weights, num_examples)
            self._count, self._quotas = int(sum(quotas)), tf.constant(quotas, tf.int64)
            self._starts = tf.constant(np.cumsum([0, *quotas]), tf.int64)

    def num_examples(self, split):
        """How many examples the split holds; the training split: in an epoch."""
        drawn = split == TRAIN and TRAIN in self.splits
        return self._count if drawn else super().num_examples(split)

    def address(self, split):
        """See `SourceWrapper.address`."""
        if split != TRAIN:
            return super().address(split)
        count, sizes = self.num_examples(split), tf.constant(self._sizes, tf.int64)

        def locate(epoch, index):
            place = _shuffle(index, stream_key(("Mixture", self.seed), epoch), count)
            number = range_of(self._starts, place)
            start, quota, size = (tf.gather(table, number) for table in (self._starts, self._quotas, sizes))
            position = epoch * quota + place - start
            passed, place = position // size, position % size
            key = stream_key(("Mixture pass", self.seed), number * 2**40 + passed)
            return number, passed, _shuffle(place, key, size)

        return locate

    def _shares(self, weights, num_examples):
        """How many training examples each source has, and how many of an epoch's places it gets."""
        without = [source.name for source in self.sources if TRAIN not in source.splits]
        if without:
            raise ValueError(
                f"Either all sources of a mixture have a split {TRAIN!r} or none. Received: {', '.join(without)} "
                "without it. Leave those out of the mixture."
            )
        sizes = [source.num_examples(TRAIN) for source in self.sources]
        weights = np.asarray(sizes if weights is None else weights, float)
        if weights.shape != (len(sizes),) or not np.all(np.isfinite(weights) & (weights > 0)) or min(sizes) < 1:
            raise ValueError(
                f"A mixture needs a positive weight for each of its {len(sizes)} sources, and examples in all of them. "
                f"Received: weights={weights.tolist()} for {sizes} examples. Leave out what is not to be seen."
            )
        count = sum(sizes) if num_examples is None else num_examples
        quotas = np.diff(np.round(np.cumsum([0, *weights]) / weights.sum() * count).astype(int))
        if min(quotas) < 1:
            raise ValueError(
                "An epoch must hold at least one example of each source. Received: "
                f"num_examples={count}, weights={weights.tolist()}, which makes {quotas.tolist()} examples. "
                "Raise num_examples or the smallest weight."
            )
        return sizes, quotas


def _shuffle(index, key, count):
    """Where a random order of `count` things puts the one at `index`."""
    seed = tf.random.stateless_uniform((2,), key, None, None, tf.int32)  # the order depends on the lowest bits only
    return tf.random.experimental.index_shuffle(index, seed, count - 1)
