"""The tables of a comparison."""

import csv
import io
import os
import statistics

from kmm.training.run_folder import write_json

MAIN_SCORES = {"referring": "overall_iou", "semantic": "mean_iou"}
"""The score that decides, by task."""


def make_rows(runs, task, speeds=None):
    """One row for each variant, the best first; those that failed come last.

    Args:
        runs: what `kmm.training.run_variant` gives for each variant and seed, with `variant`, `seed` and `error`.
        task: "referring" or "semantic".
        speeds: a dict from variant to its speeds, see `kmm.training.measure_speed`.

    Returns:
        A list of dicts of plain data: `variant`, `score` (mean over the seeds), `spread` (standard deviation; `None`
        for one seed), `scores` (by seed), `shuffled` (mean under exchanged words; `None` where there are none),
        `shuffled_scores`, `parameters`, `training_images_per_second`, `latency_ms`, `training_seconds` (median) and
        `error`, the first one.

    Example:

    >>> scores = {"overall_iou": 0.5, "shuffled_prompts": {"overall_iou": 0.1}}
    >>> run = {"variant": "A", "seed": 0, "error": None, "scores": scores, "parameters": 9, "training_seconds": 1.0}
    >>> make_rows([run, {"variant": "B", "seed": 0, "error": "ValueError: no"}], "referring")[0]["score"]
    0.5
    """
    score = MAIN_SCORES[task]
    rows = []
    for name in dict.fromkeys(run["variant"] for run in runs):
        of_variant = [run for run in runs if run["variant"] == name]
        ended = [run for run in of_variant if run["error"] is None]
        scores = [run["scores"][score] for run in ended]
        shuffled = [run["scores"]["shuffled_prompts"][score] for run in ended]
        shuffled = [value for value in shuffled if value is not None]
        rows.append(
            {
                "variant": name,
                "score": _rounded(statistics.mean, scores),
                "spread": _rounded(statistics.stdev, scores) if len(scores) > 1 else None,
                "scores": scores,
                "shuffled": _rounded(statistics.mean, shuffled),
                "shuffled_scores": shuffled,
                "parameters": ended[0]["parameters"] if ended else None,
                "training_images_per_second": None,
                "latency_ms": None,
                **(speeds or {}).get(name, {}),
                "training_seconds": _rounded(statistics.median, [run["training_seconds"] for run in ended]),
                "error": next((run["error"] for run in of_variant if run["error"]), None),
            }
        )
    return sorted(rows, key=lambda row: -1.0 if row["score"] is None else row["score"], reverse=True)


def write_tables(folder, settings, rows):
    """Writes `comparison.json`, `comparison.csv` and `comparison.md`.

    Args:
        folder: a `pathlib.Path`.
        settings: the budget, plain data.
        rows: what `make_rows` gives.
    """
    write_json(folder / "comparison.json", {"settings": settings, "rows": rows})
    _write(folder / "comparison.csv", _csv(rows))
    _write(folder / "comparison.md", _markdown(settings, rows))


def _rounded(function, values):
    return round(function(values), 6) if values else None


def _csv(rows):
    """One line for each variant; several values in a cell are separated by spaces."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: " ".join(map(str, v)) if isinstance(v, list) else v for key, v in row.items()})
    return text.getvalue()


def score_name(settings):
    """What the score that decides is called."""
    return MAIN_SCORES[settings["task"]].replace("_iou", " IoU")


def budget(settings, rows):
    """The budget in a line of text."""
    height, width = settings["image_size"]
    seeds = max(len(row["scores"]) for row in rows)
    return (
        f"{settings['data']} with the preset {settings['preset']}, {height} x {width} pixels, {settings['steps']} "
        f"steps of {settings['batch_size']} pictures, {seeds} {'seed' if seeds == 1 else 'seeds'}"
    )


def _markdown(settings, rows):
    name = score_name(settings)
    head = [settings["over"].replace("_", " "), name, "exchanged words", "parameters"]
    head += ["training images/s", "serving, ms"]
    lines = [f"{budget(settings, rows)}; {name}: mean ± standard deviation.", ""]
    lines += [_line(head), _line(["---"] + ["---:"] * (len(head) - 1))]
    for row in rows:
        spread = "" if row["spread"] is None else f" ± {row['spread']:.3f}"
        cells = [row["variant"], "failed" if row["score"] is None else f"{row['score']:.3f}{spread}"]
        cells += [_cell(row["shuffled"], ".3f"), _cell(row["parameters"], ",")]
        cells += [_cell(row["training_images_per_second"], ".0f"), _cell(row["latency_ms"], ".1f")]
        lines.append(_line(cells))
    failed = [f"- {row['variant']}: {row['error']}" for row in rows if row["error"]]
    return "\n".join(lines + (["", "What failed:", "", *failed] if failed else [])) + "\n"


def _line(cells):
    return f"| {' | '.join(cells)} |"


def _cell(value, form):
    return "-" if value is None else format(value, form)


def _write(path, text):
    """Whole or not at all."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_text(text, encoding="utf-8")
    os.replace(unfinished, path)
