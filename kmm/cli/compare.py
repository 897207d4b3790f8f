"""`kmm compare`: variants of a model, one part exchanged, under one budget."""

import pathlib

from kmm.cli.open_source import SHAPES, add_source_arguments, default_task, open_source
from kmm.cli.part_arguments import add_loss_arguments, add_part_arguments, read_loss, read_part, read_parts

AXES = ("fusion", "text_encoder", "image_encoder", "decoder", "level", "text", "loss", "modality")
"""As in `kmm.training.variants`, which takes seconds to import."""

BUDGET = ("seeds", "steps", "batch_size", "learning_rate", "precision", "limit")
"""Options that go to `kmm.training.compare` as they are."""


def add_command(commands):
    """Adds the command's parser, and returns it."""
    parser = commands.add_parser(
        "compare",
        help="train variants of a model under one budget and compare them",
        description="Trains every variant of a preset, one part exchanged, with the same steps, batches, schedule and "
        "seeds, scores it, measures its speed, and writes comparison.md, .csv, .json and .png into the output folder.",
    )
    parser.add_argument("--over", choices=AXES, required=True, help="what is exchanged")
    add_source_arguments(parser, "as for `kmm train`", default=SHAPES)
    parser.add_argument(
        "--preset", metavar="NAME", help="see `kmm presets`; by default the one of the data or the task"
    )
    parser.add_argument(
        "--variants", nargs="+", metavar="NAME",
        help="class names (levels, 'with text', 'without text'), or NAME=PART for a part with arguments, such as "
        """'VGG16=["ApplicationImageEncoder", {"application": "VGG16"}]'; by default all that need no arguments""",
    )  # fmt: skip
    parser.add_argument("--output", metavar="DIR", help="output folder; by default runs/compare-DATA-OVER")
    budget = parser.add_argument_group("budget, the same for all")
    budget.add_argument("--seeds", type=int, default=3, metavar="N", help="runs of each variant (default: 3)")
    budget.add_argument("--steps", type=int, default=1500, metavar="N", help="training steps of a run (default: 1500)")
    budget.add_argument("--batch-size", type=int, metavar="N", help="pictures in a batch (the preset's)")
    budget.add_argument("--image-size", type=int, nargs=2, metavar=("H", "W"), help="in pixels (the preset's)")
    budget.add_argument("--learning-rate", type=float, metavar="X", help="(the preset's)")
    budget.add_argument("--precision", choices=("auto", "float32", "bfloat16"), default="auto")
    budget.add_argument("--limit", type=int, metavar="N", help="score only the first N pictures")
    add_part_arguments(parser)
    add_loss_arguments(parser)
    parser.add_argument("--resume", action="store_true", help="go on: runs that have ended well are not done again")
    parser.add_argument("--no-speed", action="store_true", help="measure no speeds")
    return parser


def run(args):
    """Runs the command."""
    task = args.task or default_task(args.data)
    preset = args.preset or (SHAPES if args.data == SHAPES else task)
    variants = _read_variants(args.variants)
    import tensorflow as tf

    from kmm.models.presets import find_preset

    tf.get_logger().setLevel("ERROR")  # which warns that every run compiles its own graphs

    image_size = tuple(args.image_size or find_preset(preset)["arguments"]["image_size"])
    source = open_source(args.data, task, args.classes, image_size, seed=0)
    from kmm.training import compare

    output = pathlib.Path(args.output or f"runs/compare-{source.name}-{args.over}")
    options = {name: getattr(args, name) for name in BUDGET}
    compare(
        source=source, output=output, over=args.over, variants=variants, preset=preset, image_size=image_size,
        resume=args.resume, measure=not args.no_speed, parts=read_parts(args),
        report=_say, **read_loss(args), **options,
    )  # fmt: skip
    print(f"\n{(output / 'comparison.md').read_text(encoding='utf-8')}\nIn {output}:")
    for path in sorted(output.iterdir()):
        print(f"  {path.name}")


def _say(text):
    print(text, flush=True)


def _read_variants(words):
    """Names as a list, or all of them as a dict where one brings its part along."""
    if not words or not any("=" in word for word in words):
        return words
    pairs = (word.partition("=") for word in words)
    return {name: read_part(text or name) for name, _, text in pairs}
