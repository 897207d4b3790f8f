"""What every training run needs before it begins: the model, the data, the loss and the optimizer."""

import functools
import math

import keras

from kmm import data, metrics, models, preprocessing
from kmm.training.branch_adam_w import BranchAdamW
from kmm.training.branch_multipliers import branch_multipliers, find_part
from kmm.training.class_weights import class_weights_from
from kmm.training.make_loss import make_loss

WHOLE_WORDS = "PromptTokenizer"
"""The tokenizer of recipes that name none."""

LOSS, CLASS_WEIGHTS = "loss", "class_weights"
"""The settings that hold the loss, as `make_loss` takes it, and how its classes are weighed, where they were given."""

NO_WEIGHTS = "none"

FACTORS = "learning_rate_factors"
"""The setting that holds, for parts of the model, the factor of their learning rate; 0 freezes a part."""


def build_model(source, settings):
    """The preset's model with the parts that replace its own, its vocabulary learned from the training split.

    Args:
        source: a `kmm.data.Source`.
        settings: what `kmm.training.settings.make_settings` gives.

    Raises:
        ValueError: if the model cannot be built of these parts.
    """
    arguments = {"dtype": settings["policy"], "image_size": tuple(settings["image_size"])}
    if source.task == "semantic":
        arguments["num_classes"] = len(source.class_names)
    parts = settings.get("parts", {})
    if "prompt_tokenizer" not in {**models.find_preset(settings["preset"])["arguments"], **parts}:
        prompts = source.prompts("train")
        longest = max(len(prompt.split()) for prompt in prompts)
        name = settings.get("tokenizer", WHOLE_WORDS)
        length = longest + 2 if name == WHOLE_WORDS else 2 * longest + 2  # other words fall into pieces
        arguments["prompt_tokenizer"] = getattr(preprocessing, name).adapt(prompts, sequence_length=min(64, length))
    model = models.build_preset(settings["preset"], **{**arguments, **parts})
    for name, factor in settings.get(FACTORS, {}).items():
        part = find_part(model, name)
        if factor == 0:
            part.trainable = False
    return model


def prepare_data(model, source, settings, class_weights=None):
    """What `fit` needs.

    Args:
        model: a `kmm.models.MultimodalModel`.
        source: a `kmm.data.Source`.
        settings: what `kmm.training.settings.make_settings` gives.
        class_weights: what `class_weights_of` gives, where it is known already; `None` asks it.

    Returns:
        A function from the first step to training data, validation data (`None` without the split), loss and metrics.

    Raises:
        ValueError: if model and data, or loss and weights, do not fit.
    """
    pipeline = {"image_size": model.image_size, "tokenizer": model.prompt_tokenizer}
    pipeline.update({key: settings[key] for key in ("batch_size", "num_prompts")})
    augmentations = [getattr(data, name)(**options) for name, options in settings["augmentations"].items()]
    train_data = functools.partial(
        data.build_dataset, source, "train", training=True, augmentations=augmentations, seed=settings["seed"],
        **pipeline,
    )  # fmt: skip
    train_data(first_step=0)  # refuses what does not fit before an earlier run is replaced
    val_data = data.build_dataset(source, "val", **pipeline) if "val" in source.splits else None
    weights = class_weights or class_weights_of(source, settings)
    must_weigh = settings.get(CLASS_WEIGHTS, NO_WEIGHTS) != NO_WEIGHTS
    loss = make_loss(settings.get(LOSS), source.task, weights, must_weigh)
    if source.task == "referring":
        return train_data, val_data, loss, [metrics.OverallIoU(), metrics.SampleMeanIoU()]
    num_classes = len(source.class_names)
    return train_data, val_data, loss, [metrics.MeanIoU(num_classes), metrics.PixelAccuracy(num_classes)]


def class_weights_of(source, settings):
    """The weights of the classes in a run's loss; `None` for none.

    Args:
        source: a `kmm.data.Source`.
        settings: what `kmm.training.settings.make_settings` gives.
    """
    method = settings.get(CLASS_WEIGHTS)
    if method == NO_WEIGHTS or (method is None and source.task == "referring"):
        return None
    if method is None:
        return class_weights_from(source, power=settings["class_balance"])
    return class_weights_from(source, method=method)


def compile_model(model, settings, total_steps, steps_at_once, loss, scores):
    """The model that `fit` trains, of the same weights: AdamW with a warm-up and a cosine over all the steps.

    Parts with a factor of their own learn at that share of the rate.

    Args:
        model: a `kmm.models.MultimodalModel`.
        settings: what `kmm.training.settings.make_settings` gives; with `num_prompts` several prompts share a picture.
        total_steps: steps of the whole run.
        steps_at_once: steps between two looks at the run, each of which costs a little.
        loss: the loss.
        scores: metrics.
    """
    num_prompts = settings["num_prompts"]
    trained = model if num_prompts is None else model.for_prompts(num_prompts)
    warmup = min(200, total_steps // 10)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.05 * settings["learning_rate"], max(1, total_steps - warmup), warmup_target=settings["learning_rate"],
        warmup_steps=warmup,
    )  # fmt: skip
    options = {"weight_decay": settings["weight_decay"], "global_clipnorm": 1.0}
    factors = {name: factor for name, factor in settings.get(FACTORS, {}).items() if factor != 0}
    if factors:
        optimizer = BranchAdamW(schedule, branch_multipliers(trained, factors), **options)
    else:
        optimizer = keras.optimizers.AdamW(schedule, **options)
    trained.compile(optimizer, loss, metrics=scores, steps_per_execution=math.gcd(steps_at_once, 10))
    return trained


def scored_split(source):
    """The split that a run is scored on: "test" where there is one, else "val"."""
    return "test" if "test" in source.splits else "val"
