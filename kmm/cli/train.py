"""`kmm train`: from data to a folder with a trained model, its scores, pictures and export."""

import pathlib

from kmm.cli.open_source import SHAPES, add_source_arguments, default_task, open_source, source_origin
from kmm.cli.part_arguments import add_loss_arguments, add_part_arguments, read_loss, read_parts
from kmm.cli.progress_bar import progress_bar
from kmm.cli.score_table import score_table

RUN_OPTIONS = ("epochs", "batch_size", "learning_rate", "precision", "seed", "overwrite", "resume")
"""Options that go to `kmm.training.train_run` as they are; `None` leaves the preset's own value."""


def add_command(commands):
    """Adds the command's parser, and returns it."""
    parser = commands.add_parser(
        "train",
        help="train a model, score it, export it and show what it does",
        description="Trains a model and writes model.keras, metrics.json, history.csv, predictions.png, example.png, "
        "curves.png and saved_model/1 into the output folder. Without arguments: the main job on scenes drawn by kmm "
        "itself.",
    )
    task_help = "a phrase gives a mask, or a description gives every pixel a class (default for class-id masks)"
    add_source_arguments(parser, task_help, default=SHAPES)
    parser.add_argument(
        "--on-bad", choices=("fail", "skip"), default="fail",
        help="what to do with examples that cannot be read: stop (default), or leave them out and list them",
    )  # fmt: skip
    parser.add_argument(
        "--max-bad", type=float, default=0.01, metavar="SHARE", help="the most that --on-bad skip leaves out (0.01)"
    )
    parser.add_argument(
        "--preset", metavar="NAME", help="see `kmm presets`; by default the one named like the data or the task"
    )
    parser.add_argument(
        "--output", metavar="DIR", help="output folder; by default runs/DATA-TASK, or runs/DATA-NAME with --preset NAME"
    )
    recipe = parser.add_argument_group("recipe, by default the preset's")
    recipe.add_argument("--epochs", type=int, metavar="N")
    recipe.add_argument("--batch-size", type=int, metavar="N", help="pictures in a batch")
    recipe.add_argument("--image-size", type=int, nargs=2, metavar=("H", "W"), help="height and width in pixels")
    recipe.add_argument("--learning-rate", type=float, metavar="X")
    recipe.add_argument(
        "--learning-rate-factor", nargs="+", metavar="PART=X",
        help="learn a part, such as image_encoder or text_encoder, at that share of the rate; 0 freezes it",
    )  # fmt: skip
    add_part_arguments(parser)
    add_loss_arguments(parser)
    parser.add_argument(
        "--precision", choices=("auto", "float32", "bfloat16"), default="auto",
        help="of the computation (auto: bfloat16 where the hardware multiplies it)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of weights and order (default: 0)")
    parser.add_argument("--overwrite", action="store_true", help="replace the run that the output folder holds")
    parser.add_argument("--resume", action="store_true", help="go on with the run in the output folder, same arguments")
    parser.add_argument("--no-export", action="store_true", help="write no saved_model")
    return parser


def run(args):
    """Runs the command."""
    task = args.task or default_task(args.data)
    default_preset = SHAPES if args.data == SHAPES else task
    preset = args.preset or default_preset
    from kmm.models.presets import find_preset

    image_size = tuple(args.image_size or find_preset(preset)["arguments"]["image_size"])
    # Another seed trains another model on the same scenes and texts, so that scores can be compared.
    source = open_source(args.data, task, args.classes, image_size, seed=0)
    if args.on_bad == "skip":
        source = _without_bad(source, args.max_bad)
    from kmm.training import train_run

    output = pathlib.Path(args.output or f"runs/{source.name}-{task if preset == default_preset else preset}")
    options = {name: getattr(args, name) for name in RUN_OPTIONS}
    metrics = train_run(
        source=source, origin=source_origin(args.data, task, args.classes), output=output, preset=preset,
        image_size=image_size, parts=read_parts(args), **read_loss(args),
        learning_rate_factors=_read_factors(args.learning_rate_factor), export=not args.no_export, **options,
    )  # fmt: skip
    print(f"\n{score_table(metrics)}\n\nIn {output}:")
    for path in sorted(output.iterdir()):
        print(f"  {path.name}")
    print(f"One page about it: kmm report {output}")
    if not args.no_export:
        print(f"Serve it: kmm serve --model {output / 'saved_model'}")


def _read_factors(words):
    """A dict from part to factor; `None` where none is given."""
    factors = {}
    for word in words or ():
        name, _, number = word.partition("=")
        try:
            factors[name] = float(number)
        except ValueError as error:
            raise ValueError(f"A factor is PART=NUMBER, such as image_encoder=0.1. Received: {word!r}.") from error
    return factors or None


def _without_bad(source, max_bad):
    """The source without what cannot be read, which is listed."""
    from kmm.data import skip_bad

    source = skip_bad(source, max_bad, progress_bar("reading"))
    for where, message in source.skipped:
        print(f"left out: {where}: {message}")
    print(f"{len(source.skipped)} bad examples left out")
    return source
