"""What a segmenter says beyond the pixels: a box and a score for every sample, and which picture a phrase is about."""

import keras
import numpy as np
import tensorflow as tf

from kmm import feature_keys
from kmm.data.build_dataset import build_dataset
from kmm.evaluation.predict_function import predict_function
from kmm.evaluation.source_view import SourceView
from kmm.preprocessing import boxes_from_masks, masks_from_logits, scores_from_logits


class TaskAsker:
    """Asks a model about the samples of a collector, and about other pairs of picture and phrase.

    Args:
        collector: a `kmm.evaluation.SampleCollector` of a model, a source and a split.
        epoch: the epoch of the collector.

    Example:

    >>> import kmm
    >>> source = kmm.data.ShapesSource(image_size=(32, 32))
    >>> model = kmm.models.MultimodalModel(
    ...     image_encoder=kmm.encoders.ConvImageEncoder(image_size=(32, 32), widths=(4, 4)),
    ...     decoder=kmm.decoders.FCNDecoder(filters=4, levels=("P2",)),
    ...     heads={"segmentation_masks": kmm.heads.SegmentationHead(num_classes=1)},
    ... )
    >>> collector = kmm.evaluation.SampleCollector(model, source, "val", num_prompts=2, limit=3, verbose=0)
    >>> [tuple(values.shape) for values in TaskAsker(collector).answers()]
    [(6, 4), (6, 4), (6,)]
    """

    def __init__(self, collector, epoch=0):
        self.collector, self.model = collector, collector.model
        view = SourceView(collector.source, range(len(collector.prompts)), epoch)
        self._dataset = build_dataset(
            view,
            collector.split,
            collector.batch_size,
            self.model.image_size,
            collector.tokenizer,
            collector.num_prompts,
        )
        self._predict = predict_function(self.model, collector.num_prompts, self._dataset.element_spec[0])

    def answers(self):
        """Boxes around every target and around every answer of a referring source, and how sure the model is.

        Returns:
            float32 `(num_samples, 4)`, the same, and `(num_samples,)`, in the order of the collector's samples.
        """
        parts = []
        for inputs, masks in self._dataset:
            logits, _ = self._predict(inputs)
            batch, prompts, height, width, channels = logits.shape
            logits = tf.reshape(logits, (batch * prompts, height, width, channels))
            masks = tf.reshape(masks, (batch * prompts, height, width))
            answers = masks_from_logits(logits, threshold=self.collector.threshold)
            scores = scores_from_logits(logits, threshold=self.collector.threshold)
            parts.append([value.numpy() for value in (boxes_from_masks(masks), boxes_from_masks(answers), scores)])
        return tuple(np.concatenate(part) for part in zip(*parts, strict=True))

    def similarities(self, phrases, num_pictures):
        """How sure the model is of its answer to every phrase about every picture.

        Args:
            phrases: the texts.
            num_pictures: the first pictures of the split.

        Returns:
            float32 `(num_phrases, num_pictures)`.
        """
        collector, size = self.collector, self.collector.num_prompts
        filled = [*phrases, *[""] * (-len(phrases) % size)]
        tokens = [collector.tokenizer(tf.constant(filled[at : at + size])) for at in range(0, len(filled), size)]
        progress = keras.utils.Progbar(num_pictures, verbose=collector.verbose, unit_name="retrieval")
        columns, done = [], 0
        for inputs, _ in self._dataset:
            images = inputs[feature_keys.IMAGES][: num_pictures - done]
            columns.append(np.concatenate([self._scores(images, words) for words in tokens], axis=1))
            done += len(images)
            progress.update(done)
            if done >= num_pictures:
                break
        return np.concatenate(columns).T[: len(phrases)]

    def _scores(self, images, words):
        """Scores `(batch, num_prompts)` of the same phrases about each picture."""
        words = {key: tf.repeat(value[None], tf.shape(images)[0], axis=0) for key, value in words.items()}
        logits, _ = self._predict({feature_keys.IMAGES: images, **words})
        return scores_from_logits(logits, threshold=self.collector.threshold).numpy()
