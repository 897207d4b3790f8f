"""Size and speed of the presets."""

import functools
import inspect

from kmm import models, preprocessing
from kmm.models import builders
from kmm.training.measure_speed import ROUNDS, WORDS, measure_speed
from kmm.training.precision import policy_for

VOCABULARY = [*WORDS.split(), *(f"word{number}" for number in range(100))]


def example_model(name, policy=None):
    """The model of a preset, with a vocabulary of about 100 words, and 10 classes where the data decide their number.

    Args:
        name: a key of `kmm.presets`.
        policy: a dtype policy; `None` for the one that suits this machine.

    Returns:
        A `kmm.models.MultimodalModel`.

    Example:

    >>> example_model("shapes").output_shape
    (None, 96, 96, 1)
    """
    preset = models.find_preset(name)
    missing = inspect.signature(getattr(builders, preset["builder"])).parameters.keys() - preset["arguments"].keys()
    arguments = {"dtype": policy or policy_for("auto")}
    if "num_classes" in missing:
        arguments["num_classes"] = 10
    if "prompt_tokenizer" in missing:
        tokenizer = getattr(preprocessing, preset["training"].get("tokenizer", "PromptTokenizer"))
        arguments["prompt_tokenizer"] = tokenizer.adapt(VOCABULARY, sequence_length=16)
    return models.build_preset(name, **arguments)


def measure_presets(names=None, rounds=ROUNDS, failed=None):
    """Builds presets and measures their speed in turns.

    Args:
        names: keys of `kmm.presets`; `None` for all.
        rounds, failed: as for `kmm.training.measure_speed`.

    Returns:
        A dict from name to `parameters`, `training_images_per_second` and `latency_ms`.
    """
    parameters = {}

    def make(name):
        model = example_model(name)
        parameters[name] = model.count_params()
        return model, models.presets[name]["training"]

    jobs = {name: functools.partial(make, name) for name in names or models.presets}
    speeds = measure_speed(jobs, rounds, failed)
    return {name: {"parameters": parameters[name], **speed} for name, speed in speeds.items()}
