"""Some examples of a source, in an order of one's own."""


class SourceView:
    """A source that shows some examples of another one, as drawn for one epoch.

    Args:
        source: a `kmm.data.Source`.
        indices: which examples of a split, a sequence.
        epoch: the epoch for which texts are drawn, whatever epoch is asked for.

    Example:

    >>> from kmm.data.shapes import ShapesSource
    >>> view = SourceView(ShapesSource(image_size=(32, 32)), indices=(7, 3))
    >>> view.num_examples("test"), view.example("test", 1).image.shape
    (2, (32, 32, 3))
    """

    def __init__(self, source, indices, epoch=0):
        self.source, self.indices, self.epoch = source, indices, epoch
        self.name, self.task = source.name, source.task
        self.class_names, self.splits = source.class_names, source.splits

    def num_examples(self, split):
        """How many examples are shown."""
        return len(self.indices)

    def example(self, split, index, epoch=0, num_prompts=1):
        """The example at a place of `indices`."""
        return self.source.example(split, int(self.indices[index]), self.epoch, num_prompts)
