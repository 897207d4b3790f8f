"""Training or scoring without what a modality tells."""

import dataclasses

import numpy as np
import tensorflow as tf

from kmm import feature_keys
from kmm.data.letterbox import GREY
from kmm.data.source_wrapper import SourceWrapper, if_sources_have

MODALITIES = (feature_keys.IMAGES, feature_keys.PROMPTS)


class WithoutModality(SourceWrapper):
    """A source whose pictures are all grey, or whose prompts are all empty; the masks stay.

    Train with it to see what a modality can tell by itself: the net, its size and the run are the same as with both. It
    goes outermost, around negatives, mixtures and weights. Texts to learn a vocabulary from stay, so that the model
    does not become a smaller one.

    Reference: Cirik et al., "Visual Referring Expression Recognition: What Do Systems Actually Learn?", 2018, where
    models without words, or without the picture, are the baselines.

    Args:
        source: a `kmm.data.Source`.
        modality: what is taken away: "images" or "prompts".

    Raises:
        ValueError: if there is no such modality.

    Example:

    >>> import kmm
    >>> source = WithoutModality(kmm.data.ShapesSource(image_size=(32, 32)), "prompts")
    >>> source.example("val", 0, num_prompts=2).prompts
    ('', '')
    """

    def __init__(self, source, modality):
        if modality not in MODALITIES:
            raise ValueError(
                f"A modality to leave out is one of {MODALITIES}. Received: modality={modality!r}. Wrap the source "
                "twice to leave out both."
            )
        super().__init__(source)
        self.modality = modality

    def example(self, split, index, epoch=0, num_prompts=1):
        """The example `index` of the split without the modality."""
        example = super().example(split, index, epoch, num_prompts)
        if self.modality == feature_keys.IMAGES:
            return dataclasses.replace(example, image=np.full_like(example.image, GREY))
        return dataclasses.replace(example, prompts=("",) * len(example.prompts))

    @if_sources_have("reader")
    def reader(self, split, num_prompts, crop=None, image_size=None):
        """See `kmm.data.reader.reader_of`."""
        read_inner = self.sources[0].reader(split, num_prompts, crop, image_size)
        stand_in = tf.constant(GREY, tf.uint8) if self.modality == feature_keys.IMAGES else tf.constant("")

        def read(epoch, index, crop_key=None):
            parts = read_inner(epoch, index, crop_key)
            known = parts[self.modality]
            emptied = tf.broadcast_to(stand_in, tf.shape(known))
            return {**parts, self.modality: tf.ensure_shape(emptied, known.shape)}

        return read
