"""Asks a model about a split, as often and with whatever words one likes, and counts."""

import dataclasses
import functools
import time

import keras
import numpy as np
import tensorflow as tf

from kmm.data.build_dataset import build_dataset
from kmm.evaluation.count_pixels import count_pixels
from kmm.evaluation.predict_function import predict_function
from kmm.evaluation.sample_scores import SampleScores
from kmm.evaluation.shuffle_prompts import target_ids
from kmm.evaluation.source_view import SourceView
from kmm.feature_keys import IGNORE_VALUE
from kmm.preprocessing.tokenizer_for import tokenizer_for

NUM_PROMPTS = {"referring": 6, "semantic": 1}
"""Prompts for each picture, which is encoded once."""


class SampleCollector:
    """Collects what a model does on every sample of a split.

    A sample is one prompt with its mask. The split is drawn and the model compiled once; `collect` then asks with the
    samples' own prompts or with others, about the pictures or changed ones.

    Args:
        model: a `kmm.models.MultimodalModel`.
        source: a `kmm.data.Source`.
        split: which split of it.
        num_prompts: prompts for each picture; `None` for 6 of a referring and 1 of a semantic source.
        batch_size: pictures in a batch.
        epoch: the epoch for which the source draws texts.
        limit: only the first pictures; `None` for all.
        threshold: a pixel belongs to a target where its probability is above this.
        own_resolution: count at the masks' own height and width, to which logits are resized, instead of the model's,
            to which masks are resized by nearest neighbour.
        verbose: 0 for no progress bar.

    Attributes:
        prompts, kinds: nested tuples, for each picture the texts and their kinds.
        targets: for each picture the ids of `kmm.evaluation.shuffle_prompts.target_ids`.
        tokenizer: the model's tokenizer, `None` if it reads no words.
        images_per_second: of the last collection, median over its batches; `None` before.

    Raises:
        ValueError: if there is no picture, the model has other classes than the source, or it reads words and has no
            tokenizer.

    Example:

    >>> import kmm
    >>> source = kmm.data.ShapesSource(image_size=(32, 32))
    >>> model = kmm.models.MultimodalModel(
    ...     image_encoder=kmm.encoders.ConvImageEncoder(image_size=(32, 32), widths=(4, 4)),
    ...     decoder=kmm.decoders.FCNDecoder(filters=4, levels=("P2",)),
    ...     heads={"segmentation_masks": kmm.heads.SegmentationHead(num_classes=1)},
    ... )
    >>> collector = kmm.evaluation.SampleCollector(model, source, "val", limit=2, verbose=0)
    >>> len(collector.collect())
    12
    """

    def __init__(
        self,
        model,
        source,
        split,
        num_prompts=None,
        batch_size=16,
        epoch=0,
        limit=None,
        threshold=0.5,
        own_resolution=False,
        verbose=1,
    ):
        self.num_prompts = num_prompts or NUM_PROMPTS[source.task]
        count = source.num_examples(split) if limit is None else min(limit, source.num_examples(split))
        _check(model, source, split, count, threshold)
        self.model, self.source, self.split, self.threshold = model, source, split, threshold
        self.batch_size, self.own_resolution, self.verbose = batch_size, own_resolution, verbose
        self.tokenizer = tokenizer_for(model)
        self.images_per_second = None
        self._view = SourceView(source, range(count), epoch)
        examples = (self._view.example(split, index, num_prompts=self.num_prompts) for index in range(count))
        drawn = ((example.prompts, example.kinds, target_ids(example.segmentation_masks)) for example in examples)
        self.prompts, self.kinds, self.targets = zip(*drawn, strict=True)
        self._predict = None  # compiled with the first batch
        count_pixels_so = functools.partial(count_pixels, threshold=threshold)
        self._count = tf.function(count_pixels_so, reduce_retracing=True, autograph=False, jit_compile=False)

    def collect(self, prompts=None, change_image=None, title=None, boundaries=False):
        """Asks about every sample.

        Args:
            prompts: for each picture the texts to ask with, nested as `self.prompts`; `None` for these.
            change_image: a function of a uint8 picture `(height, width, 3)` and its number, which gives the picture to
                ask about; `None` leaves pictures as they are.
            title: a word in the progress bar.
            boundaries: whether to score the boundaries too, which takes some time.

        Returns:
            A `kmm.evaluation.SampleScores`, picture after picture.

        Raises:
            ValueError: if a prediction is nan, a label is no class, or a mask has another size than its picture; it
                names picture and prompt.
        """
        view = self._view if change_image is None else _ChangedView(self._view, change_image)
        asked = self.prompts if prompts is None else prompts
        size, tokenizer = self.model.image_size, self.tokenizer
        dataset = build_dataset(view, self.split, self.batch_size, size, tokenizer, self.num_prompts)
        count = len(self.prompts)
        progress = keras.utils.Progbar(count, verbose=self.verbose, unit_name=title or "picture")
        counts, rates = [], []
        for first, (inputs, masks) in zip(range(0, count, self.batch_size), dataset, strict=True):
            if tokenizer is not None and prompts is not None:
                inputs = {**inputs, **tokenizer(tf.constant(prompts[first : first + self.batch_size]))}
            logits, seconds = self._ask(inputs, dataset.element_spec[0], first, asked)
            rates.append(len(masks) / seconds)
            for place, picture in enumerate(range(first, first + len(masks)) if self.own_resolution else [first]):
                part = slice(place, place + 1) if self.own_resolution else slice(None)
                mask = self._own_masks(picture) if self.own_resolution else masks
                of_part = self._count(mask, logits[part], boundaries=boundaries)
                counts.append({name: value.numpy() for name, value in of_part.items()})
                self._refuse_labels(counts[-1]["invalid"], picture)
            progress.update(min(first + self.batch_size, count))
        self.images_per_second = float(np.median(rates))
        return SampleScores(
            task=self.source.task,
            class_names=tuple(self.source.class_names) or ("background", "target"),
            pictures=np.repeat(np.arange(count), self.num_prompts),
            prompts=tuple(text for own in asked for text in own),
            kinds=tuple(kind for own in self.kinds for kind in own),
            confusion=_joined(counts, "confusion"),
            probabilities=_joined(counts, "probabilities"),
            boundaries=_joined(counts, "boundaries") if boundaries else None,
            ranks=_joined(counts, "ranks") if "ranks" in counts[0] else None,
        )

    def _ask(self, inputs, spec, first, prompts):
        """Logits, and the seconds they took."""
        if self._predict is None:
            self._predict = predict_function(self.model, self.num_prompts, spec)
            self._predict(inputs)  # compiles
        start = time.perf_counter()
        logits, nan_counts = self._predict(inputs)
        nan_counts = nan_counts.numpy()  # waits for the device
        seconds = time.perf_counter() - start
        found = np.argwhere(nan_counts)
        if len(found):
            picture, prompt = first + int(found[0, 0]), int(found[0, 1])
            raise ValueError(
                f"Predictions must be numbers. Received: nan for picture {picture} of {self.split!r} with the prompt "
                f"{prompts[picture][prompt]!r}. The weights are probably nan: train with a lower learning rate."
            )
        return logits, seconds

    def _own_masks(self, picture):
        masks = self._view.example(self.split, picture, num_prompts=self.num_prompts).segmentation_masks
        return tf.constant(masks[None])

    def _refuse_labels(self, invalid, first):
        found = np.argwhere(invalid)
        if len(found):
            picture, prompt = first + int(found[0, 0]) // self.num_prompts, int(found[0, 0]) % self.num_prompts
            raise ValueError(
                f"Labels must be class ids below {max(2, self.model.num_classes)} or {IGNORE_VALUE}. Received: "
                f"{int(invalid[tuple(found[0])])} pixels with another label in picture {picture} of {self.split!r}, "
                f"prompt {self.prompts[picture][prompt]!r}. Check the masks (`kmm data check`) and the class list."
            )


def _joined(counts, name):
    return np.concatenate([of_batch[name] for of_batch in counts]).astype(float)


class _ChangedView:
    """A view whose pictures are changed when they are read."""

    def __init__(self, view, change_image):
        self.view, self.change_image = view, change_image

    def num_examples(self, split):
        return self.view.num_examples(split)

    def example(self, split, index, epoch=0, num_prompts=1):
        example = self.view.example(split, index, epoch, num_prompts)
        return dataclasses.replace(example, image=self.change_image(example.image, index))


def _check(model, source, split, count, threshold):
    if count < 1:
        raise ValueError(
            f"A split must hold at least one picture to be scored. Received: {count} pictures of {split!r} in "
            f"{source.name!r}. Choose another split, or a limit of at least 1."
        )
    num_classes = 1 if source.task == "referring" else len(source.class_names)
    if model.num_classes != num_classes:
        raise ValueError(
            f"The model must have the classes of the data. Received: model.num_classes={model.num_classes}, and "
            f"{num_classes} in {source.name!r} ({source.task}). Choose the task and the class list the model was "
            "trained for."
        )
    if not 0 < threshold < 1:
        raise ValueError(f"threshold must be a probability between 0 and 1. Received: threshold={threshold}. Use 0.5.")
