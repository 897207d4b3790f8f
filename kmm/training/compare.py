"""Many variants of a model under one budget."""

import functools
import json
import pathlib
import time

from kmm.training.comparison_table import MAIN_SCORES, budget, make_rows, score_name, write_tables
from kmm.training.measure_speed import measure_speed
from kmm.training.prepare_run import build_model, class_weights_of
from kmm.training.run_folder import write_json
from kmm.training.run_variant import run_variant
from kmm.training.settings import make_settings
from kmm.training.variants import LOSS, WITHOUT, make_variants
from kmm.visualization.plot_comparison import plot_comparison

RUNS = "runs"
"""The folder of the runs' files."""


def compare(
    source,
    output,
    over,
    variants=None,
    preset=None,
    seeds=3,
    steps=1500,
    batch_size=None,
    image_size=None,
    learning_rate=None,
    precision="auto",
    parts=None,
    loss=None,
    class_weights=None,
    limit=None,
    resume=False,
    measure=True,
    report=None,
):
    """Trains every variant of a model under one budget, scores it, measures its speed, and writes tables and a plot.

    One part of a preset is exchanged; all else is the same for all: pictures and prompts in the same order, number of
    steps, batches, learning rates and seeds. A variant that cannot be built, or diverges, is noted with its error, and
    the others go on. Speeds are measured at the end, of all variants in turns.

    The folder then holds `comparison.md`, `comparison.csv`, `comparison.json`, `comparison.png`, `settings.json` and,
    in `runs/`, one file for each run with all its scores. A comparison that is called again with `resume` does the
    runs that are missing or have failed; variants and seeds may then be others, and the tables show all runs.

    Args:
        source: a `kmm.data.Source`; trained on "train", scored on "test" or else "val".
        output: the folder to write.
        over: what is exchanged: "fusion", "text_encoder", "image_encoder", "decoder", "level" (where words enter),
            "text" (with and without words), "modality" (one net, trained and scored without words, or pictures, or
            with both) or "loss".
        variants: names of classes, of levels such as "P3", or of "with text" and "without text"; or a dict from any
            name to a part as `kmm.models.segmenter` takes it; `None` for all that can be built by their name alone.
        preset: a key of `kmm.presets`; `None` takes the one named like the source, or else like its task.
        seeds: runs of each variant, with seeds 0, 1, ...
        steps: training steps of a run.
        batch_size, image_size, learning_rate: replace the preset's own.
        precision: "auto", "float32" or "bfloat16".
        parts: parts that replace the preset's own in all variants, see `kmm.training.train_run`.
        loss, class_weights: the loss of all variants, and how its classes are weighed, see `kmm.training.train_run`.
        limit: the number of pictures that are scored; `None` for all.
        resume: go on with the comparison in the folder.
        measure: measure speeds.
        report: a function that is told, as text, how each run ended and how long the rest takes.

    Returns:
        The rows of `comparison.json`, the best first: `variant`, `score` (mean over the seeds of the overall IoU, or of
        the mean IoU of a semantic source), `spread` (standard deviation), `scores`, `shuffled` and `shuffled_scores`
        (under exchanged words), `parameters`, `training_images_per_second`, `latency_ms`, `training_seconds`, `error`.

    Raises:
        ValueError: if the preset, the axis or a variant is unknown, the data is unsound, a number makes no sense, the
            comparison to go on with was begun under another budget, or every variant failed.
        FileExistsError: if the folder already holds a comparison.
    """
    for name, number in (("seeds", seeds), ("steps", steps), ("limit", limit or 1)):
        if number < 1:
            raise ValueError(f"{name} must be at least 1. Received: {name}={number}.")
    replacements = {"batch_size": batch_size, "image_size": image_size, "learning_rate": learning_rate}
    replacements.update(loss=loss, class_weights=class_weights)
    settings = make_settings(source, preset, precision, parts=parts, **replacements)
    del settings["epochs"], settings["seed"]
    settings = {"over": over, "steps": steps, "limit": limit, **settings}
    folder = pathlib.Path(output)
    _check_folder(folder, settings, resume)
    if hasattr(source, "check"):
        source.check()
    chosen = make_variants(over, build_model(source, settings), variants)
    (folder / RUNS).mkdir(parents=True, exist_ok=True)
    write_json(folder / "settings.json", settings)

    say = report or (lambda text: None)
    runs = _train(source, folder, settings, chosen, seeds, say)
    speeds = _measure(source, settings, runs, say) if measure else {}
    rows = make_rows(runs, source.task, speeds)
    write_tables(folder, settings, rows)
    if rows[0]["score"] is None:
        raise ValueError(f"At least one variant must end well. Received: {rows[0]['variant']}: {rows[0]['error']}")
    plot_comparison(rows, folder / "comparison.png", score_name(settings), budget(settings, rows))
    return rows


def _train(source, folder, settings, chosen, seeds, say):
    """Trains what is missing; what is in the files of all runs."""
    class_weights = class_weights_of(source, settings)
    planned = [(seed, name) for seed in range(seeds) for name in chosen]
    ended = {(run["seed"], run["variant"]) for run in _read_runs(folder) if run["error"] is None}
    missing = [key for key in planned if key not in ended]
    begin = time.monotonic()
    for number, (seed, name) in enumerate(missing, 1):
        run = {"variant": name, "seed": seed, "parts": chosen[name], "error": None}
        try:
            run.update(run_variant(source, _settings_of(run, settings), settings["limit"], class_weights))
        except Exception as error:  # whatever it is, the other variants go on
            run["error"] = f"{type(error).__name__}: {error}"
        plain_name = "".join(letter if letter.isalnum() else "-" for letter in name)
        write_json(folder / RUNS / f"{plain_name}-{seed}.json", run)
        write_tables(folder, settings, make_rows(_read_runs(folder), source.task))
        minutes = (time.monotonic() - begin) / number * (len(missing) - number) / 60
        left = f", {minutes:.0f} min left" if number < len(missing) else ""
        say(f"{number}/{len(missing)} {name}, seed {seed}: {_outcome(run, settings)}{left}")
    return _read_runs(folder)


def _settings_of(run, settings):
    """What decides one run."""
    parts = {**settings.get("parts", {}), **run["parts"]}
    others = {name: parts.pop(name) for name in (LOSS, WITHOUT) if name in parts}
    return {**settings, **others, "seed": run["seed"], "parts": parts}


def _read_runs(folder):
    """By seed, and within one in the order in which they were done."""
    paths = sorted((folder / RUNS).glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return sorted(runs, key=lambda run: run["seed"])


def _measure(source, settings, runs, say):
    """The speed of every variant that was trained."""
    ended = {run["variant"]: run for run in runs if run["error"] is None}
    jobs = {name: functools.partial(_make, source, _settings_of(run, settings)) for name, run in ended.items()}
    say(f"measuring the speed of {len(jobs)} variants in turns; nothing else should run meanwhile")
    return measure_speed(jobs, failed=lambda name, error: say(f"{name}: no speed ({type(error).__name__}: {error})"))


def _make(source, settings):
    return build_model(source, settings), settings


def _outcome(run, settings):
    if run["error"]:
        return run["error"]
    score = MAIN_SCORES[settings["task"]]
    other = run["scores"]["shuffled_prompts"][score]
    other = "" if other is None else f", under exchanged words {other:.3f}"
    return f"{score_name(settings)} {run['scores'][score]:.3f}{other}, {run['training_seconds']:.0f} s"


def _check_folder(folder, settings, resume):
    """Refuse to mix comparisons."""
    path = folder / "settings.json"
    if not path.exists():
        return
    if not resume:
        raise FileExistsError(
            f"The output folder must not hold a comparison already. Received: output={folder}. Choose another folder, "
            "or go on with that comparison (--resume)."
        )
    before = json.loads(path.read_text(encoding="utf-8"))
    changed = [key for key in {**before, **settings} if before.get(key) != settings.get(key)]
    if changed:
        raise ValueError(
            "A comparison goes on under the budget it was begun with. Received: "
            + ", ".join(f"{key}={settings.get(key)!r} (begun with {before.get(key)!r})" for key in changed)
            + ". Give the same arguments (variants and seeds may be others), or choose another folder."
        )
