"""One training run, from a source to a folder with everything in it."""

import functools
import math
import time

import keras

from kmm import data, evaluation, losses, metrics, models, visualization
from kmm.export import export_saved_model
from kmm.preprocessing import PromptTokenizer
from kmm.training.class_weights import class_weights_from
from kmm.training.resumable_checkpoint import ResumableCheckpoint
from kmm.training.run_folder import check_run_folder, open_run_folder, save_model, write_json
from kmm.training.settings import make_settings


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
        source: a `kmm.data.Source`; trained on "train", watched on "val" where there is one, scored on "test" or
            else "val".
        output: the folder to write.
        preset: a key of `kmm.presets`; `None` takes the one named like the source, or else like its task.
        epochs, batch_size, image_size, learning_rate: replace the preset's own.
        precision: "auto", "float32" or "bfloat16".
        seed: seed of weights, order and augmentations.
        overwrite: replace an earlier run in the folder.
        resume: go on with the killed run in the folder; give the same arguments as before.
        export: write the SavedModel too.

    Returns:
        The content of `metrics.json`.

    Raises:
        ValueError: if the preset is unknown, the image size does not fit, the data is unsound, or a run to go on with
            was begun with other settings. Nothing of an earlier run is lost then.
        FileExistsError: if the folder already holds a run.
        FileNotFoundError: if there is no run to go on with.
    """
    replacements = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "image_size": image_size,
    }
    settings = make_settings(source, preset, precision, seed, **replacements)
    check_run_folder(output, settings, overwrite, resume)
    if hasattr(source, "check"):
        source.check()
    keras.utils.set_random_seed(seed)
    model = _build_model(source, settings)
    train_data, val_data, loss, scores = _prepare(model, source, settings)
    folder = open_run_folder(output, overwrite)
    write_json(folder / "settings.json", settings)

    start = time.monotonic()
    checkpoint = ResumableCheckpoint(folder / "checkpoints")
    _fit(model, settings, train_data, val_data, loss, scores, checkpoint, folder / "history.csv", resume)
    seconds = time.monotonic() - start
    save_model(model, folder / "model.keras")

    split = "test" if "test" in source.splits else "val"
    result = evaluation.evaluate(model, source, split, batch_size=settings["batch_size"])
    result = {**result, "split": split, "training_seconds": round(seconds, 1), "parameters": model.count_params()}
    write_json(folder / "metrics.json", result)
    rows = evaluation.gallery_rows(model, source, split)
    visualization.plot_gallery(rows, folder / "predictions.png", class_names=source.class_names)
    visualization.plot_curves(folder / "history.csv", folder / "curves.png")
    if export and not (folder / "saved_model").exists():
        export_saved_model(model, folder / "saved_model")
    checkpoint.remove()
    return result


def _build_model(source, settings):
    """The preset's model, its vocabulary learned from the training split."""
    arguments = {"dtype": settings["policy"], "image_size": tuple(settings["image_size"])}
    if source.task == "semantic":
        arguments["num_classes"] = len(source.class_names)
    if "prompt_tokenizer" not in models.find_preset(settings["preset"])["arguments"]:
        prompts = source.prompts("train")
        longest = max(len(prompt.split()) for prompt in prompts)
        arguments["prompt_tokenizer"] = PromptTokenizer.adapt(prompts, sequence_length=min(64, longest + 2))
    return models.build_preset(settings["preset"], **arguments)


def _prepare(model, source, settings):
    """What `fit` needs: a function from first step to training data, validation data, loss and metrics."""
    pipeline = {"image_size": model.image_size, "tokenizer": model.prompt_tokenizer}
    pipeline.update({key: settings[key] for key in ("batch_size", "num_prompts")})
    augmentations = [getattr(data, name)(**options) for name, options in settings["augmentations"].items()]
    train_data = functools.partial(
        data.build_dataset, source, "train", training=True, augmentations=augmentations, seed=settings["seed"],
        **pipeline,
    )  # fmt: skip
    train_data(first_step=0)  # refuses what does not fit before an earlier run is replaced
    val_data = data.build_dataset(source, "val", **pipeline) if "val" in source.splits else None
    if source.task == "referring":
        return train_data, val_data, losses.BinaryCrossEntropyDice(), [metrics.OverallIoU(), metrics.SampleMeanIoU()]
    weights = class_weights_from(source, power=settings["class_balance"])
    loss = losses.SegmentationCrossEntropy(class_weights=weights)
    return train_data, val_data, loss, metrics.semantic_metrics(len(weights))


def _fit(model, settings, train_data, val_data, loss, scores, checkpoint, history, resume):
    """`model.fit`, with several prompts for each picture where the recipe says so."""
    num_prompts, epochs = settings["num_prompts"], settings["epochs"]
    trained = model if num_prompts is None else model.for_prompts(num_prompts)
    steps = train_data.args[0].num_examples("train") // settings["batch_size"]
    warmup = min(200, steps * epochs // 10)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.05 * settings["learning_rate"], max(1, steps * epochs - warmup), warmup_target=settings["learning_rate"],
        warmup_steps=warmup,
    )  # fmt: skip
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=settings["weight_decay"], global_clipnorm=1.0)
    trained.compile(optimizer, loss, metrics=scores, steps_per_execution=math.gcd(steps, 10))
    first_epoch = checkpoint.restore(trained) if resume else 0
    trained.fit(
        train_data(first_step=first_epoch * steps),
        validation_data=val_data,
        steps_per_epoch=steps,
        initial_epoch=first_epoch,
        epochs=epochs,
        shuffle=False,
        callbacks=[checkpoint, keras.callbacks.CSVLogger(history, append=first_epoch > 0)],
    )
