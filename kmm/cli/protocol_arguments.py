"""`kmm evaluate --protocol` and `--tasks`: tables of parts of a split, other data, spoilt pictures, and other tasks."""

import json
import pathlib

from kmm.cli.open_source import open_source
from kmm.cli.row_table import row_table

PARTS = ("kind", "length", "size")
MODALITIES = "modalities"
PROTOCOLS = (*PARTS, "held-out", "corruptions", MODALITIES)
TASKS = ("segmentation", "boxes", "classification", "retrieval")
CORRUPTION_STRENGTHS = (1, 2, 3, 4, 5)


def add_protocol_arguments(parser):
    """Adds `--protocol`, `--held-out`, `--also-data`, `--strengths` and `--tasks`."""
    parser.add_argument(
        "--protocol", nargs="+", choices=PROTOCOLS, metavar="NAME",
        help=f"where the score holds, with intervals, instead of all scores: any of {', '.join(PROTOCOLS)}",
    )  # fmt: skip
    parser.add_argument(
        "--held-out", nargs="+", metavar="WORDS",
        help="phrases, such as 'red triangle', or classes that training did not show; those of shapes are known",
    )  # fmt: skip
    parser.add_argument(
        "--also-data", nargs="+", default=[], metavar="DATA", help="other data to score the model on, as in --data"
    )
    parser.add_argument(
        "--strengths", nargs="+", type=int, default=CORRUPTION_STRENGTHS, metavar="N",
        help="how strong the corruptions are, of 1 to 5 (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--tasks", nargs="+", choices=("all", *TASKS), metavar="NAME",
        help=f"one table across tasks, with intervals, instead of all scores: 'all' or any of {', '.join(TASKS)}",
    )  # fmt: skip


def asks_for_protocol(args):
    """Whether the arguments ask for such a table instead of all scores."""
    return bool(_asks_for_parts(args) or args.tasks)


def check_protocol(args):
    """Refuses what does not go together, before anything is loaded.

    Raises:
        ValueError: if such a table is asked for together with a second model, or tasks at the masks' own size.
    """
    if asks_for_protocol(args) and args.against:
        raise ValueError(
            f"Two models are compared by all their scores. Received: --against {args.against} beside --protocol, "
            "--held-out, --also-data or --tasks. Run the two one after the other."
        )
    if args.own_resolution and args.tasks:
        raise ValueError(
            "Boxes and pictures are found at the model's size. Received: --own-resolution with --tasks. Leave one out."
        )


def run_protocol(args, model, source, threshold=0.5):
    """Prints the table that is asked for, and writes it as JSON and PNG if there is `--output`.

    Args:
        args: the parsed arguments of `kmm evaluate`.
        model: the model.
        source: the data of `--data`.
        threshold: probability above which a pixel belongs to a target.
    """
    options = {"batch_size": args.batch_size, "limit": args.limit, "seed": args.seed, "threshold": threshold}
    rows = _generalization_rows(args, model, source, options) if _asks_for_parts(args) else []
    if MODALITIES in (args.protocol or ()):
        rows += _modality_rows(args, model, source, options)
    if args.tasks:
        from kmm.evaluation import evaluate_tasks

        tasks = None if "all" in args.tasks else args.tasks
        rows += evaluate_tasks(model, source, args.split, tasks, **options)
    print(row_table(rows))
    if args.output:
        path = pathlib.Path(args.model).resolve()
        name = path.parent.name if path.stem == "model" else path.name  # every run writes a model.keras
        _write(rows, args.output, f"{name} on {source.name}, {args.split}")


def _asks_for_parts(args):
    return args.protocol or args.also_data or args.held_out


def _generalization_rows(args, model, source, options):
    from kmm.data.shapes import ShapesSource
    from kmm.evaluation import CORRUPTIONS, generalization

    asked = args.protocol or []
    if "held-out" in asked and not args.held_out and not isinstance(source, ShapesSource):
        raise ValueError(
            f"What training did not show must be said. Received: --protocol held-out without --held-out, for "
            f"{args.data}. Give for instance --held-out 'red triangle' bus."
        )
    held_out = args.held_out or (None if "held-out" in asked else ())
    others = [open_source(data, source.task, None, model.image_size, args.seed) for data in args.also_data]
    return generalization(
        model, source, args.split,
        groups=[part for part in PARTS if part in asked],
        held_out=held_out,
        other_sources=_named(args.also_data, others, args.split),
        corruptions=CORRUPTIONS if "corruptions" in asked else (),
        strengths=args.strengths, own_resolution=args.own_resolution, **options,
    )  # fmt: skip


def _modality_rows(args, model, source, options):
    """The score with every subset of the modalities, and what each of them adds."""
    from kmm.evaluation import ablate_modalities

    result = ablate_modalities(model, source, args.split, own_resolution=args.own_resolution, **options)
    print(result["statement"])
    same = {"score_name": result["by"], "num_samples": result["num_samples"]}
    rows = [
        {"group": "modalities", "name": " + ".join(subset["modalities"]) or "none", **subset, **same}
        for subset in result["subsets"]
    ]
    for name, values in result["adds"].items():
        value = values["shapley"]
        row = {"group": "what each adds", "name": name, "score": value["value"], "interval": value["interval"]}
        rows.append({**row, **same})
    return rows


def _write(rows, output, title):
    """Writes rows to a JSON file, and a picture of them beside it."""
    from kmm.visualization import plot_protocol

    output = pathlib.Path(output)
    output.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    plot_protocol(rows, output.with_suffix(".png"), title)
    print(f"written: {output}, {output.with_suffix('.png')}")


def _named(names, sources, split):
    """Other sources by name, each with the split of that name, or its "test" or "val", or its last one."""
    named = {}
    for name, source in zip(names, sources, strict=True):
        own = next((choice for choice in (split, "test", "val") if choice in source.splits), source.splits[-1])
        named[f"{pathlib.Path(name).name}, {own}"] = (source, own)
    return named
