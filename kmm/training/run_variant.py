"""One run of a comparison."""

import gc
import math
import time

import keras

from kmm import evaluation
from kmm.data import WithoutModality
from kmm.training.prepare_run import build_model, compile_model, prepare_data, scored_split
from kmm.training.variants import WITHOUT


def run_variant(source, settings, limit=None, class_weights=None):
    """Trains a model for a number of steps and scores it.

    Args:
        source: a `kmm.data.Source`.
        settings: what `kmm.training.settings.make_settings` gives, and `steps` in the place of `epochs`; with `without`
            the data come without these modalities, see `kmm.data.WithoutModality`.
        limit: the number of pictures that are scored; `None` for all.
        class_weights: see `kmm.training.prepare_run.prepare_data`.

    Returns:
        A dict of plain data: `scores` (see `kmm.evaluation.evaluate`) on `split`, `parameters`, `training_seconds`.

    Raises:
        ValueError: if the model cannot be built, or predicts what is no number.
        FloatingPointError: if the loss is not finite any more.
    """
    gc.collect()  # the models of earlier runs, which are cycles
    keras.utils.set_random_seed(settings["seed"])
    for modality in settings.get(WITHOUT, ()):
        source = WithoutModality(source, modality)
    model = build_model(source, settings)
    train_data, _, loss, _ = prepare_data(model, source, settings, class_weights)
    steps = settings["steps"]
    trained = compile_model(model, settings, steps, steps, loss, scores=None)
    start = time.monotonic()
    trained.fit(
        train_data(first_step=0), steps_per_epoch=steps, epochs=1, shuffle=False, verbose=0, callbacks=[_StopOnNan()]
    )
    seconds = time.monotonic() - start
    split = scored_split(source)
    scores = evaluation.evaluate(model, source, split, batch_size=settings["batch_size"], limit=limit, verbose=0)
    return {
        "split": split,
        "parameters": model.count_params(),
        "training_seconds": round(seconds, 1),
        "scores": scores,
    }


class _StopOnNan(keras.callbacks.Callback):
    """Ends a training that has diverged."""

    def on_train_batch_end(self, batch, logs=None):
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            raise FloatingPointError(
                f"The loss must be finite. Received: loss={loss} after {batch + 1} steps. Lower the learning rate."
            )
