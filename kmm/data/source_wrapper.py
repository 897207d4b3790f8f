"""What sources that are made from other sources have in common."""

import concurrent.futures
import functools
import hashlib
import itertools

import tensorflow as tf

TRAIN = "train"


def if_sources_have(name):
    """Decorates a method of a `SourceWrapper` that it offers only where all its sources have the method `name`.

    Elsewhere `hasattr` is `False`, as it is for a source that lacks the method.
    """

    def decorate(method):
        def offered(self):
            lacking = [type(source).__name__ for source in self.sources if not hasattr(source, name)]
            if lacking:
                raise AttributeError(
                    f"{type(self).__name__} has `{method.__name__}` only if all its sources have `{name}`. "
                    f"Received: {', '.join(lacking)} without it."
                )
            return functools.partial(method, self)

        return property(offered, doc=method.__doc__)

    return decorate


class SourceWrapper:
    """A source that shows the examples of other sources in an order of its own; the base of all that do.

    It is a whole `kmm.data.Source`. What is optional in a source (`reader`, `where`, `all_prompts`, `group`) it has
    where all its sources have it, so that wrapped sources that read in the TensorFlow graph still do. A subclass
    overrides `address`, and `num_examples` where it has more or fewer. Both ways of reading go through `address`: they
    give the same examples.

    Args:
        first, others: one or more `kmm.data.Source` of the same task and the same classes.

    Attributes:
        sources: as given, a tuple.
        stable: whether an index of the training split means the same picture in every epoch.

    Raises:
        TypeError: if something else than sources is given.
        ValueError: if their tasks or classes differ, or a split or index does not exist.

    Example:

    >>> import kmm
    >>> source = SourceWrapper(kmm.data.ShapesSource(image_size=(32, 48)))
    >>> source.example("val", 0).image.shape, hasattr(source, "reader")
    ((32, 48, 3), False)
    """

    def __init__(self, first, *others):
        sources = first, *others
        for source in sources:
            if not hasattr(source, "example") or isinstance(source, type):
                raise TypeError(
                    "Sources must be what `kmm.data.Source` describes, such as `ShapesSource()`. "
                    f"Received: {source!r}. Wrap a source, not its data set or class."
                )
        for other in others:
            if (other.task, tuple(other.class_names)) != (first.task, tuple(first.class_names)):
                raise ValueError(
                    "Sources must have the same task and the same classes in the same order. Received: "
                    f"{first.name} ({first.task}, {_listed(first.class_names)}) and {other.name} ({other.task}, "
                    f"{_listed(other.class_names)}). Give them one class list."
                )
        self.sources = sources
        self.name, self.task, self.class_names = "+".join(s.name for s in sources), first.task, first.class_names
        self.splits = tuple(dict.fromkeys(split for source in sources for split in source.splits))
        self.stable = all(getattr(source, "stable", True) for source in sources)

    def holders(self, split):
        """The sources that have the split."""
        if split not in self.splits:
            raise ValueError(f"A split of {self.name} is one of {self.splits}. Received: split={split!r}.")
        return tuple(source for source in self.sources if split in source.splits)

    def num_examples(self, split):
        """How many examples the split holds, or one epoch of it."""
        return sum(source.num_examples(split) for source in self.holders(split))

    def address(self, split):
        """Where the examples of a split lie.

        Returns:
            A function `(epoch, index)` of int64 scalars, in the graph and eagerly alike, that gives the number of one
            of `holders(split)`, and the epoch and index of the example there. Here: all of one after the other.
        """
        counts = [source.num_examples(split) for source in self.holders(split)]
        starts = tf.constant([0, *itertools.accumulate(counts)], tf.int64)

        def locate(epoch, index):
            number = range_of(starts, index)
            return number, epoch, index - tf.gather(starts, number)

        return locate if len(counts) > 1 else lambda epoch, index: (0, epoch, index)

    def find(self, split, index, epoch=0):
        """The source, index and epoch of one example."""
        count = self.num_examples(split)
        if not 0 <= index < count:
            raise ValueError(f"Split {split!r} of {self.name} has examples 0 to {count - 1}. Received: index={index}.")
        with tf.device("CPU"):
            found = self.address(split)(tf.constant(epoch, tf.int64), tf.constant(index, tf.int64))
        number, epoch, index = (int(value) for value in found)
        return self.holders(split)[number], index, epoch

    def example(self, split, index, epoch=0, num_prompts=1):
        """The example `index` of the split with `num_prompts` texts drawn for this epoch."""
        source, index, epoch = self.find(split, index, epoch)
        return source.example(split, index, epoch, num_prompts)

    @if_sources_have("reader")
    def reader(self, split, num_prompts, crop=None, image_size=None):
        """See `kmm.data.reader.reader_of`."""
        address = self.address(split)
        reads = [source.reader(split, num_prompts, crop, image_size) for source in self.holders(split)]

        def read(epoch, index, crop_key=None):
            number, epoch, index = address(epoch, index)
            return _branch(number, [functools.partial(read_one, epoch, index, crop_key) for read_one in reads])

        return read

    def prompts(self, split, limit=2000):
        """Up to `limit` texts of the split, from all sources in turn."""
        turns = itertools.zip_longest(*(source.prompts(split, limit) for source in self.holders(split)))
        return [text for turn in turns for text in turn if text is not None][:limit]

    def check(self):
        """Lets every source that can check itself do so."""
        for source in {id(source): source for source in self.sources}.values():
            if hasattr(source, "check"):
                source.check()

    @if_sources_have("where")
    def where(self, split, index, epoch=0):
        """Where an example comes from, for messages; in the training split that can change with the epoch."""
        return self._ask("where", split, index, epoch)

    @if_sources_have("all_prompts")
    def all_prompts(self, split, index, epoch=0):
        """All phrases of a picture as pairs of text and kind; which one it is can change with the epoch."""
        return self._ask("all_prompts", split, index, epoch)

    @if_sources_have("group")
    def group(self, split, index, epoch=0):
        """The video, scene or patient that an example belongs to."""
        return self._ask("group", split, index, epoch)

    def _ask(self, method, split, index, epoch):
        source, index, epoch = self.find(split, index, epoch)
        epoch = (epoch,) if isinstance(source, SourceWrapper) else ()
        return getattr(source, method)(split, index, *epoch)


def plain_sources(source, split):
    """The sources below all wrappers that give the pictures of a split; a source that occurs twice is there twice."""
    if not isinstance(source, SourceWrapper):
        return [source]
    return [plain for holder in source.holders(split) for plain in plain_sources(holder, split)]


def picture_rows(source, split):
    """Which picture an example shows, whatever wrappers lie between.

    Returns:
        A function `(epoch, index)` of int64 scalars, in the graph and eagerly alike, that gives the row of the picture
        if the splits of all `plain_sources` are laid one after the other.
    """
    if not isinstance(source, SourceWrapper):
        return lambda epoch, index: index
    address, rows, start = source.address(split), [], 0
    for holder in source.holders(split):
        rows.append((start, picture_rows(holder, split)))
        start += sum(plain.num_examples(split) for plain in plain_sources(holder, split))

    def row(epoch, index):
        number, epoch, index = address(epoch, index)
        return _branch(number, [lambda start=start, below=below: start + below(epoch, index) for start, below in rows])

    return row


def range_of(starts, value):
    """The number, an int64 scalar, of the range that holds a value; `starts` are where the ranges begin.

    >>> int(range_of(tf.constant([0, 3, 3, 10]), tf.constant(3)))
    2
    """
    # tf.searchsorted without its reshaping, which costs ten times as much where it is called eagerly
    upper = tf.raw_ops.UpperBound(
        sorted_inputs=tf.reshape(starts, (1, -1)), values=tf.reshape(value, (1, 1)), out_type=tf.int64
    )
    return tf.reshape(upper, ()) - 1


def stream_key(names, position):
    """The int64 `(2,)` seed for what is drawn at one place of a stream that is called by `names`, such as
    `("Mixture", seed, split)`."""
    digest = hashlib.blake2b("/".join(map(str, names)).encode(), digest_size=8).digest()
    return tf.stack([tf.constant(int.from_bytes(digest) >> 1, tf.int64), position])


def map_examples(function, count, chunk=256):
    """The results of `function(index)` for every index below `count`, in order, computed by several threads.

    >>> list(map_examples(lambda index: index * index, 5))
    [0, 1, 4, 9, 16]
    """
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for start in range(0, count, chunk):
            yield from pool.map(function, range(start, min(start + chunk, count)))


def _branch(number, branches):
    """The result of the branch of that number, the others not run."""
    if len(branches) == 1:
        return branches[0]()
    return tf.switch_case(tf.cast(number, tf.int32), branches)


def _listed(names, limit=10):
    if not names:
        return "no classes"
    return f"{len(names)} classes: {', '.join(names[:limit])}{', ...' if len(names) > limit else ''}"
