"""One training run, from a source to a folder with everything in it."""

import time

import keras

from kmm import evaluation, visualization
from kmm.export import export_saved_model
from kmm.training.prepare_run import build_model, compile_model, prepare_data, scored_split
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
    learning_rate_factors=None,
    precision="auto",
    seed=0,
    parts=None,
    loss=None,
    class_weights=None,
    origin=None,
    overwrite=False,
    resume=False,
    export=True,
):
    """Train a preset on a source; evaluate, draw, save and export it.

    The folder then holds `model.keras`, `metrics.json` (see `kmm.evaluation.evaluate`), `history.csv`,
    `predictions.png`, `example.png` (one held-out picture, to ask about), `curves.png`, `settings.json` and
    `saved_model/1/`. While training it also holds `checkpoints/`, from which a killed run goes on with `resume=True`,
    at the epoch it was in.

    Args:
        source: a `kmm.data.Source`; trained on "train", watched on "val" where there is one, scored on "test" or
            else "val".
        output: the folder to write.
        preset: a key of `kmm.presets`; `None` takes the one named like the source, or else like its task.
        epochs, batch_size, image_size, learning_rate: replace the preset's own.
        learning_rate_factors: a dict from parts of the model, such as "image_encoder", to the factor of their learning
            rate; 0 freezes a part, its statistics too.
        precision: "auto", "float32" or "bfloat16".
        seed: seed of weights, order and augmentations.
        parts: a dict of parts and levels that replace the preset's own, such as `{"fusion": "FiLMFusion"}`: plain data
            that the preset's builder takes, see `kmm.models.segmenter`.
        loss: a loss of `kmm.losses` in the place of the task's own: a class name, or a pair of one and a dict of its
            arguments; plain data, see `kmm.training.make_loss`.
        class_weights: "inverse", "median" or "effective" weighs the classes in the loss, see `class_weights_from`,
            background and target of a referring source; "none" weighs all alike; `None` leaves it to the preset.
        origin: plain data that tells where the source is from, kept in `settings.json` for `kmm report`.
        overwrite: replace an earlier run in the folder.
        resume: go on with the killed run in the folder; give the same arguments as before.
        export: write the SavedModel too.

    Returns:
        The content of `metrics.json`.

    Raises:
        ValueError: if the preset or a part is unknown, the image size does not fit, the data is unsound, or a run to go
            on with was begun with other settings. Nothing of an earlier run is lost then.
        FileExistsError: if the folder already holds a run.
        FileNotFoundError: if there is no run to go on with.
    """
    replacements = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "learning_rate_factors": learning_rate_factors,
        "image_size": image_size,
        "parts": parts,
        "loss": loss,
        "class_weights": class_weights,
    }
    settings = make_settings(source, preset, precision, seed, **replacements)
    if origin:
        settings["source"] = dict(origin)
    check_run_folder(output, settings, overwrite, resume)
    if hasattr(source, "check"):
        source.check()
    keras.utils.set_random_seed(seed)
    model = build_model(source, settings)
    train_data, val_data, loss, scores = prepare_data(model, source, settings)
    folder = open_run_folder(output, overwrite)
    write_json(folder / "settings.json", settings)

    start = time.monotonic()
    checkpoint = ResumableCheckpoint(folder / "checkpoints")
    _fit(model, settings, train_data, val_data, loss, scores, checkpoint, folder / "history.csv", resume)
    seconds = time.monotonic() - start
    save_model(model, folder / "model.keras")

    split = scored_split(source)
    result = evaluation.evaluate(model, source, split, batch_size=settings["batch_size"])
    result = {**result, "split": split, "training_seconds": round(seconds, 1), "parameters": model.count_params()}
    write_json(folder / "metrics.json", result)
    rows = evaluation.gallery_rows(model, source, split)
    visualization.plot_gallery(rows, folder / "predictions.png", class_names=source.class_names)
    for row in rows[:1]:
        keras.utils.save_img(folder / "example.png", row["image"], scale=False)
    visualization.plot_curves(folder / "history.csv", folder / "curves.png")
    if export and not (folder / "saved_model").exists():
        scores = {"split": split, "source": source.name, **result}
        export_saved_model(model, folder / "saved_model", class_names=source.class_names, metrics=scores)
    checkpoint.remove()
    return result


def _fit(model, settings, train_data, val_data, loss, scores, checkpoint, history, resume):
    """`model.fit`, with several prompts for each picture where the recipe says so."""
    epochs = settings["epochs"]
    steps = train_data.args[0].num_examples("train") // settings["batch_size"]
    trained = compile_model(model, settings, steps * epochs, steps, loss, scores)
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
