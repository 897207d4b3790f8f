"""`kmm report`: all that is known about a trained model, on one page."""

import json
import pathlib

from kmm.cli.load_model import load_model
from kmm.cli.open_source import LOOKED_FOR, TASKS, open_source
from kmm.cli.output_path import output_folder


def add_command(commands):
    """Adds the command's parser, and returns it."""
    parser = commands.add_parser(
        "report",
        help="write one page about a trained model: scores, pictures, whether it reads, model and data cards",
        description="Writes report.html, one page that needs no network and no script, and report.json with its "
        "numbers. What fails is named on the page, the rest is kept, and the exit code is 2.",
    )
    parser.add_argument("folder", metavar="RUN", help="folder that `kmm train` wrote")
    parser.add_argument(
        "--data", metavar="shapes|PATH|tfds:NAME", help=f"by default what the run was trained on; {LOOKED_FOR}"
    )
    parser.add_argument("--classes", metavar="FILE", help="classes.json, as for `kmm train`")
    parser.add_argument("--task", choices=TASKS, help="by default the one of the model")
    parser.add_argument("--split", metavar="NAME", help="by default test where there is one, else val")
    parser.add_argument("--output", metavar="DIR", help="folder to write into; by default RUN/report")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N pictures")
    parser.add_argument("--batch-size", type=int, default=16, metavar="N", help="pictures in a batch (default: 16)")
    parser.add_argument(
        "--trust", action="store_true", help="load a model that holds code, such as a SavedModel backbone, too"
    )
    return parser


def run(args):
    """Runs the command."""
    folder = pathlib.Path(args.folder)
    if not (folder / "model.keras").is_file():
        raise FileNotFoundError(
            f"A run's folder must hold model.keras. Received: {args.folder}. `kmm train --output DIR` writes one."
        )
    given = _source_arguments(args, folder)
    model = load_model(folder / "model.keras", args.trust)
    task = given["task"] or ("referring" if model.num_classes == 1 else "semantic")
    source = open_source(given["data"], task, given["classes"], model.image_size)
    from kmm.reporting import make_report
    from kmm.reporting.report_page import HTML
    from kmm.training.prepare_run import scored_split

    split = args.split or scored_split(source)
    output = output_folder(args.output or folder / "report")
    before = _written_at(output / HTML)
    try:
        make_report(model, source, split, output, folder, args.limit, args.batch_size)
    finally:
        if _written_at(output / HTML) != before:  # an earlier report may lie there
            print(f"written: {output / HTML}")


def _written_at(path):
    """When a file was written, `None` without one."""
    return path.stat().st_mtime_ns if path.is_file() else None


def _source_arguments(args, folder):
    """`data`, `task` and `classes`: those of the command line, or else those of the run."""
    if args.data is not None:
        return {"data": args.data, "task": args.task, "classes": args.classes}
    path = folder / "settings.json"
    settings = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    recorded = settings.get("source") or {}
    if not recorded.get("data"):
        raise ValueError(
            f"The data that a model is scored on must be known. Received: no --data, and none is recorded in {path}. "
            "Give --data."
        )
    known = {"data": recorded["data"], "task": recorded.get("task"), "classes": recorded.get("classes")}
    return {**known, **{name: getattr(args, name) for name in ("task", "classes") if getattr(args, name) is not None}}
