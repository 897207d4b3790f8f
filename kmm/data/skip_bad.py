"""Training on what can be read, where the user chose that over stopping."""

import numpy as np
import tensorflow as tf

from kmm.data.check_source import read_whole, where_of
from kmm.data.source_wrapper import SourceWrapper, if_sources_have, map_examples

SHOWN = 5


def skip_bad(source, max_bad=0.01, progress=None):
    """A source without the examples that cannot be read or whose parts do not fit together.

    Everything is read once to find them, as `kmm.data.check_source` does. What is left out is counted and listed in the
    attribute `skipped`, so that nothing is lost silently; the other examples keep their texts and their order.

    Args:
        source: a `kmm.data.Source`.
        max_bad: share of all examples that may be bad, in [0, 1]: more than that is a broken data set.
        progress: function called with the numbers of examples read and to be read, such as to draw a bar.

    Returns:
        A `kmm.data.Source` with the attribute `skipped`, a list of pairs: where, and what is wrong.

    Raises:
        ValueError: if more examples are bad, or all of a split.

    Example:

    >>> import kmm
    >>> source = skip_bad(kmm.data.ShapesSource((32, 32), num_train=8, num_val=2, num_test=2))
    >>> source.num_examples("train"), source.skipped
    (8, [])
    """
    if not 0 <= max_bad <= 1:
        raise ValueError(f"`max_bad` must be a share in [0, 1]. Received: max_bad={max_bad!r}.")
    counts = {split: source.num_examples(split) for split in source.splits}
    kept, skipped, done, total = {split: [] for split in counts}, [], 0, sum(counts.values())
    for split, count in counts.items():
        errors = map_examples(lambda index, split=split: _error(source, split, index), count)
        for index, error in enumerate(errors):
            if error is None:
                kept[split].append(index)
            else:
                where = where_of(source, split, index)
                skipped.append((where, error.removeprefix(f"{where}: ")))
            done += 1
            if progress is not None:
                progress(done, total)
    empty = [split for split, indices in kept.items() if counts[split] and not indices]
    if len(skipped) > max_bad * total or empty:
        listed = "\n".join(f"  {where}: {error}" for where, error in skipped[:SHOWN])
        more = f"\n  and {len(skipped) - SHOWN} more" if len(skipped) > SHOWN else ""
        what = f", all of {empty}" if empty else ""
        raise ValueError(
            f"At most {max_bad:.2%} of the examples may be bad. Received: {len(skipped)} of {total}{what} in "
            f"{source.name}. Mend them, or allow more. `kmm data check` lists all:\n{listed}{more}"
        )
    return _GoodExamples(source, kept, skipped)


def _error(source, split, index):
    """What is wrong with an example, or `None`."""
    try:
        read_whole(source, split, index)
    except Exception as error:  # whatever a reader trips over is a bad example
        return str(error).strip() or type(error).__name__
    return None


class _GoodExamples(SourceWrapper):
    """A source that shows some examples of another one, each drawn as there."""

    def __init__(self, source, kept, skipped):
        super().__init__(source)
        self.skipped = skipped
        self._kept = {split: tf.constant(np.array(indices), tf.int64) for split, indices in kept.items()}

    def num_examples(self, split):
        """How many good examples the split holds."""
        self.holders(split)  # refuses what is no split
        return len(self._kept[split])

    def address(self, split):
        """See `SourceWrapper.address`."""
        return lambda epoch, index: (0, epoch, self._kept[split][index])

    def check(self):
        """Nothing to do: every example was read when this was made."""

    @if_sources_have("phrase")
    def phrase(self, split, index, number):
        """A certain phrase of an example."""
        found, index, _ = self.find(split, index)
        return found.phrase(split, index, number)

    @if_sources_have("phrase_reader")
    def phrase_reader(self, split, crop=None, image_size=None):
        """See `kmm.data.RecordSource.phrase_reader`."""
        read = self.sources[0].phrase_reader(split, crop, image_size)
        return lambda index, number, crop_key=None: read(self._kept[split][index], number, crop_key)
