"""Speed of training and serving, of several models measured in turns."""

import pathlib
import statistics
import tempfile
import time

import numpy as np
import tensorflow as tf

from kmm import feature_keys
from kmm.export import export_saved_model
from kmm.training.make_loss import make_loss
from kmm.training.prepare_run import compile_model

ROUNDS, STEPS, REQUESTS = 5, 4, 10
"""In every round each model does so many training steps, and then answers so many requests."""

WORDS = "the second one of the small things on the left"
"""What models are asked about."""


def measure_speed(jobs, rounds=ROUNDS, failed=None):
    """Measures models in alternating rounds, so that what else the machine does burdens all of them alike.

    Args:
        jobs: a dict from name to a function without arguments that gives a `kmm.models.MultimodalModel` and the
            settings it is trained with: `batch_size`, `num_prompts`, `learning_rate` and `weight_decay`, and
            `loss` where it is not the task's own.
        rounds: number of rounds; each figure is the median over them.
        failed: a function that is told the name and the exception of what cannot be measured; `None` raises it.

    Returns:
        A dict from name to `training_images_per_second` (pictures by seconds of training steps, the data being there
        already) and `latency_ms` (milliseconds from a JPEG file's bytes and a prompt to the mask, one picture at a
        time, through the endpoint of the exported SavedModel).

    Example:

    >>> measure_speed({})  # with models, takes some seconds for each
    {}
    """
    measured = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, make) in enumerate(jobs.items()):
            try:
                measured[name] = _Measured(*make(), pathlib.Path(folder) / str(number))
            except Exception as error:  # whatever it is, the other models are measured
                if failed is None:
                    raise
                failed(name, error)
        for _ in range(rounds):
            for one in measured.values():
                one.measure()
    return {name: one.result() for name, one in measured.items()}


class _Measured:
    """A model that is ready to train and to answer."""

    def __init__(self, model, settings, folder):
        self.batch_size = settings["batch_size"]
        answer = tf.saved_model.load(str(export_saved_model(model, folder, verify=False))).signatures["serving_default"]
        request = {"image_bytes": tf.io.encode_jpeg(_pictures(1, model.image_size)[0])[None]}
        if model.prompt_tokenizer is not None:
            request["prompt"] = tf.constant([WORDS])
        self._answer = lambda: answer(**request)["mask"].numpy()
        self._step = _training_step(model, settings)
        self._step(), self._answer()  # compiles
        self.step_seconds, self.answer_seconds = [], []

    def measure(self):
        """One round."""
        self.step_seconds.append(_seconds(self._step, STEPS))
        self.answer_seconds.append(_seconds(self._answer, REQUESTS))

    def result(self):
        """Medians over the rounds."""
        return {
            "training_images_per_second": round(self.batch_size / statistics.median(self.step_seconds), 2),
            "latency_ms": round(1000 * statistics.median(self.answer_seconds), 2),
        }


def _training_step(model, settings):
    """A function that does one training step on a batch that lies in memory."""
    num_prompts, count = settings["num_prompts"], settings["batch_size"]
    asked = (count,) if num_prompts is None else (count, num_prompts)
    inputs = {feature_keys.IMAGES: _pictures(count, model.image_size)}
    if model.prompt_tokenizer is not None:
        inputs.update(model.prompt_tokenizer(np.full(asked, WORDS, object)))
    random = np.random.default_rng(0)
    masks = random.integers(0, max(2, model.num_classes), (*asked, *model.image_size), "uint8")
    loss = make_loss(settings.get("loss"), "referring" if model.num_classes == 1 else "semantic")
    trained = compile_model(model, settings, total_steps=1000, steps_at_once=1, loss=loss, scores=None)
    batches = iter(tf.data.Dataset.from_tensors((inputs, masks)).cache().repeat())
    trained.make_train_function()
    return lambda: trained.train_function(batches)


def _pictures(count, image_size):
    """Smooth noise, whose JPEG files are about as large as those of photographs."""
    coarse = np.random.default_rng(0).integers(0, 256, (count, 9, 9, 3)).astype("float32")
    return tf.cast(tf.image.resize(coarse, image_size), "uint8")


def _seconds(function, repetitions):
    start = time.perf_counter()
    for _ in range(repetitions):
        function()
    return (time.perf_counter() - start) / repetitions
