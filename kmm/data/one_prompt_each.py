"""Every phrase an example of its own."""

import numpy as np
import tensorflow as tf

from kmm import feature_keys
from kmm.data.example import Example
from kmm.data.source_wrapper import SourceWrapper, if_sources_have, map_examples, range_of

NEEDED = ("all_prompts", "phrase")


class OnePromptEach(SourceWrapper):
    """A source that asks every phrase of every picture once in an epoch, instead of one drawn for each picture.

    Examples are pairs of picture and phrase, in the order of the pictures. Evaluated this way, a set is scored as
    published results are: over all of its phrases. The source must be able to give a certain phrase:

    - `all_prompts(split, index)` gives all phrases of a picture as pairs of text and kind;
    - `phrase(split, index, number)` gives the `Example` of the picture with that one of them;
    - `phrase_reader(split, crop, image_size)`, if the source has a `reader`, gives a function `(index, number,
      crop_key)` of int64 scalars that does so in the graph, with the result of a reader (see `kmm.data.reader`).

    Most wrappers do not have these: this one goes innermost, as in `WithNegatives(OnePromptEach(source))`.

    Args:
        source: a `kmm.data.Source` with these methods, such as `kmm.data.RecordSource`. All phrases are listed once.

    Raises:
        TypeError: if the source lacks `all_prompts` or `phrase`.

    Example:

    >>> source = OnePromptEach(RecordSource("data/ref_coco"))  # doctest: +SKIP
    >>> source.num_examples("train")  # doctest: +SKIP
    120624
    """

    def __init__(self, source):
        lacking = [name for name in NEEDED if not hasattr(source, name)]
        if lacking:
            raise TypeError(
                "One prompt each needs a source that can give a certain phrase of a picture, such as RecordSource. "
                f"Received: {type(source).__name__} without {' and '.join(lacking)}. If it wraps other sources, wrap "
                "those in OnePromptEach instead; else draw several phrases of a picture with `num_prompts`."
            )
        super().__init__(source)
        starts = {split: self._count(split) for split in self.splits}
        self._totals = {split: int(found[-1]) for split, found in starts.items()}
        self._starts = {split: tf.constant(found, tf.int64) for split, found in starts.items()}

    def num_examples(self, split):
        """How many phrases the pictures of the split have together."""
        self.holders(split)
        return self._totals[split]

    def address(self, split):
        """See `SourceWrapper.address`: the picture that the example shows."""
        starts = self._starts[split]
        return lambda epoch, index: (0, epoch, range_of(starts, index))

    def example(self, split, index, epoch=0, num_prompts=1):
        """The picture of phrase `index` with that phrase, `num_prompts` times; all epochs are alike."""
        one = self.sources[0].phrase(split, *self._place(split, index))
        masks = np.repeat(one.segmentation_masks, num_prompts, axis=0)
        return Example(one.image, one.prompts * num_prompts, masks, one.kinds * num_prompts)

    @if_sources_have("phrase_reader")
    def reader(self, split, num_prompts, crop=None, image_size=None):
        """See `kmm.data.reader.reader_of`."""
        address, starts = self.address(split), self._starts[split]
        read_phrase = self.sources[0].phrase_reader(split, crop, image_size)

        def read(epoch, index, crop_key=None):
            _, _, picture = address(epoch, index)
            one = read_phrase(picture, index - tf.gather(starts, picture), crop_key)
            return {
                name: value if name == feature_keys.IMAGES else tf.concat([value] * num_prompts, axis=0)
                for name, value in one.items()
            }

        return read

    def all_prompts(self, split, index, epoch=0):
        """The one phrase of an example, as a list of one pair of text and kind."""
        picture, number = self._place(split, index)
        return [self.sources[0].all_prompts(split, picture)[number]]

    def _place(self, split, index):
        """The picture and the number of its phrase."""
        _, picture, _ = self.find(split, index)
        return picture, index - int(self._starts[split][picture])

    def _count(self, split):
        """Where the phrases of each picture begin among those of the split, and how many there are."""
        source = self.sources[0]
        counts = map_examples(lambda index: len(source.all_prompts(split, index)), source.num_examples(split))
        return np.cumsum([0, *counts])
