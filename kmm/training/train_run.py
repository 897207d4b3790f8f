"""One training run, from a source to a folder with everything in it."""

import math
import time

import keras

from kmm import data, evaluation, losses, metrics, models, visualization
from kmm.export import export_saved_model
from kmm.preprocessing import PromptTokenizer
from kmm.training.class_weights import class_weights_from
from kmm.training.precision import policy_for
from kmm.training.resumable_checkpoint import ResumableCheckpoint
from kmm.training.run_folder import open_run_folder, save_model, write_json


def train_run(
    source,
    output,
    preset=None,
    epochs=None,
    batch_size=None,
    image_size=None,
    learning_rate=None,
    precision="auto",
    seed=0,
    overwrite=False,
    resume=False,
    export=True,
):
    """Train a preset on a source; evaluate, draw, save and export it.

    The folder then holds `model.keras`, `metrics.json` (see `kmm.evaluation.evaluate`), `history.csv`,
    `predictions.png`, `curves.png`, `settings.json` and `saved_model/1/`. While training it also holds `checkpoints/`,
    from which a killed run goes on with `resume=True`, at the epoch it was in.

    Args:
        source: a `kmm.data.Source`; trained on "train", watched on "val", scored on "test" or else "val".
        output: the folder to write.
        preset: a key of `kmm.presets`; `None` takes the one named like the source, or else like its task.
        epochs, batch_size, image_size, learning_rate: replace the preset's own.
        precision: "auto", "float32" or "bfloat16".
        seed: seed of weights, order and augmentations.
        overwrite: replace an earlier run in the folder.
        resume: go on with the run in the folder; give the same arguments as before.
        export: write the SavedModel too.

    Returns:
        The content of `metrics.json`.

    Raises:
        ValueError: if the preset is unknown, the image size does not fit, or the data is unsound.
        FileExistsError: if the folder already holds a run.
    """
    if preset is None:
        preset = source.name if source.name in models.presets else source.task
    recipe = models.find_preset(preset)
    training = dict(recipe["training"])
    given = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate}
    training.update({key: value for key, value in given.items() if value is not None})
    policy = policy_for(precision)
    if hasattr(source, "check"):
        source.check()

    keras.utils.set_random_seed(seed)
    model = _build(source, preset, image_size, policy)
    pipeline = {"batch_size": training["batch_size"], "image_size": model.image_size}
    pipeline.update(num_prompts=training["num_prompts"], tokenizer=model.prompt_tokenizer)
    data.build_dataset(source, "train", training=True, **pipeline)  # refuses what does not fit before a run is replaced
    folder = open_run_folder(output, overwrite, resume)
    settings = {"preset": preset, "data": source.name, "task": source.task, "seed": seed, "policy": policy, **training}
    write_json(folder / "settings.json", {**settings, "image_size": model.image_size})

    start = time.monotonic()
    checkpoint = ResumableCheckpoint(folder / "checkpoints")
    _fit(model, source, training, seed, folder, resume, pipeline, checkpoint)
    seconds = time.monotonic() - start
    save_model(model, folder / "model.keras")

    split = "test" if "test" in source.splits else "val"
    scores = evaluation.evaluate(model, source, split, batch_size=training["batch_size"])
    scores = {**scores, "split": split, "training_seconds": round(seconds, 1), "parameters": model.count_params()}
    write_json(folder / "metrics.json", scores)
    rows = evaluation.gallery_rows(model, source, split)
    visualization.plot_gallery(rows, folder / "predictions.png", class_names=source.class_names)
    visualization.plot_curves(folder / "history.csv", folder / "curves.png")
    if export:
        export_saved_model(model, folder / "saved_model")
    checkpoint.remove()
    return scores


def _build(source, preset, image_size, policy):
    """The preset's model, its vocabulary learned from the training split."""
    recipe = models.find_preset(preset)
    fixed = recipe["arguments"]
    if recipe["task"] != source.task:
        raise ValueError(
            f"The preset must suit the task. Received: preset={preset!r} for task {recipe['task']!r}, data for task "
            f"{source.task!r}. Choose another with --preset or --task; `kmm presets` lists them."
        )
    arguments = {"dtype": policy}
    if image_size is not None:
        arguments["image_size"] = tuple(image_size)
    if source.task == "semantic":
        arguments["num_classes"] = len(source.class_names)
    if "prompt_tokenizer" not in fixed:
        prompts = source.prompts("train")
        longest = max(len(prompt.split()) for prompt in prompts)
        arguments["prompt_tokenizer"] = PromptTokenizer.adapt(prompts, sequence_length=min(64, longest + 2))
    return models.build_preset(preset, **arguments)


def _fit(model, source, training, seed, folder, resume, pipeline, checkpoint):
    """`model.fit` on the pipeline, with several prompts for each picture where the recipe says so."""
    batch_size, epochs, num_prompts = training["batch_size"], training["epochs"], training["num_prompts"]
    trained = model if num_prompts is None else model.for_prompts(num_prompts)
    steps = max(1, source.num_examples("train") // batch_size)
    total = steps * epochs
    warmup = min(200, total // 10)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.05 * training["learning_rate"], max(1, total - warmup), warmup_target=training["learning_rate"],
        warmup_steps=warmup,
    )  # fmt: skip
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=training["weight_decay"], global_clipnorm=1.0)
    if source.task == "semantic":
        weights = class_weights_from(source, power=training["class_balance"])
        loss, scores = losses.SegmentationCrossEntropy(class_weights=weights), metrics.semantic_metrics(len(weights))
    else:
        loss, scores = losses.BinaryCrossEntropyDice(), [metrics.OverallIoU(), metrics.SampleMeanIoU()]
    trained.compile(optimizer, loss, metrics=scores, steps_per_execution=math.gcd(steps, 10))

    first_epoch = checkpoint.restore(trained) if resume else 0
    augmentations = [getattr(data, name)(**options) for name, options in training["augmentations"].items()]
    trained.fit(
        data.build_dataset(
            source, "train", training=True, augmentations=augmentations, seed=seed, first_step=first_epoch * steps,
            **pipeline,
        ),
        validation_data=data.build_dataset(source, "val", **pipeline),
        steps_per_epoch=steps,
        initial_epoch=first_epoch,
        epochs=epochs,
        shuffle=False,
        callbacks=[checkpoint, keras.callbacks.CSVLogger(folder / "history.csv", append=resume)],
    )  # fmt: skip
