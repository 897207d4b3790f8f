"""Watching in training whether a model reads."""

import math

import keras

from kmm.evaluation.prompt_variants import prompts_of_other_pictures
from kmm.evaluation.sample_collector import SampleCollector
from kmm.evaluation.statistics import main_score, score_of


class LanguageAudit(keras.callbacks.Callback):
    """Logs after every epoch what a model loses when its prompts are those of other pictures.

    Adds to the logs `val_true_...` and `val_shuffled_...` (the main score under the true prompts and under others) and
    `language_gap`, their difference; `val` is the split's name. A gap that stays near 0 means that the model has
    learned to do without its words: a line says so. Give it before callbacks that write the logs, such as
    `keras.callbacks.CSVLogger`. See `kmm.evaluation.audit_language` for the whole audit of a trained model.

    Args:
        source: a `kmm.data.Source`.
        model: the `kmm.models.MultimodalModel` whose weights are trained, where `fit` is called on another model of the
            same weights, such as `model.for_prompts(8)`; `None` for the model that is fitted.
        split: the split to ask about.
        every: epochs between two audits; the logs of the others hold nan.
        limit: only the first pictures of the split; `None` for all.
        batch_size: pictures in a batch.
        min_gap: the gap below which the line is printed.

    Raises:
        ValueError: if `every` is below 1; at the start of training also if the split has only one prompt, the model
            reads no words or does not fit the source.

    Example:

    >>> import kmm
    >>> callback = kmm.training.LanguageAudit(kmm.data.ShapesSource(image_size=(32, 32)), limit=32)
    >>> callback.split, callback.every
    ('val', 1)
    """

    def __init__(self, source, model=None, split="val", every=1, limit=64, batch_size=16, min_gap=0.02):
        super().__init__()
        if every < 1:
            raise ValueError(f"An audit takes place every so many epochs, at least 1. Received: every={every}.")
        self.source, self.audited_model, self.split = source, model, split
        self.every, self.limit, self.batch_size, self.min_gap = every, limit, batch_size, min_gap
        self._collector = self._shuffled = None

    def on_train_begin(self, logs=None):
        """Draw the prompts; the model is compiled with the first audit."""
        options = {"batch_size": self.batch_size, "limit": self.limit, "verbose": 0}
        model = self.audited_model or self.model
        self._collector = SampleCollector(model, self.source, self.split, **options)
        self._shuffled = prompts_of_other_pictures(self._collector.prompts)
        if self._collector.tokenizer is None or self._shuffled == self._collector.prompts:
            reason = "reads no words" if self._collector.tokenizer is None else "is asked with one and the same prompt"
            raise ValueError(
                f"An audit of the language needs words to exchange. Received: a model that {reason} on "
                f"{self.split!r} of {self.source.name!r}. Leave the callback out, or choose a split with several "
                "pictures."
            )

    def on_epoch_end(self, epoch, logs=None):
        """Ask with both, and add to the logs."""
        name = main_score(self.source.task)
        scores = {"true": math.nan, "shuffled": math.nan}
        if (epoch + 1) % self.every == 0:
            for which, prompts in (("true", None), ("shuffled", self._shuffled)):
                scores[which] = score_of(self._collector.collect(prompts), name)
        gap = scores["true"] - scores["shuffled"]
        if gap < self.min_gap:
            print(
                f"\nEpoch {epoch + 1}: the model does not use its text yet: {scores['true']:.2f} with, "
                f"{scores['shuffled']:.2f} with the words of other pictures."
            )
        if logs is not None:
            logs.update({f"{self.split}_{which}_{name}": score for which, score in scores.items()})
            logs["language_gap"] = gap
