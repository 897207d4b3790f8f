"""From the words on the command line to the parts of a model."""

import json

PARTS = ("image_encoder", "text_encoder", "fusion", "decoder")

CLASS_WEIGHTS = ("inverse", "median", "effective", "none")
"""As in `kmm.training.settings`, which takes seconds to import."""


def add_part_arguments(parser):
    """Adds `--fusion`, `--text-encoder`, `--image-encoder`, `--decoder` and `--fusion-levels`.

    Args:
        parser: an `argparse` parser.
    """
    group = parser.add_argument_group(
        "parts, by default the preset's",
        """A part is the name of a class of kmm, such as FiLMFusion, or a pair of it and its arguments in JSON, such as
        '["ApplicationImageEncoder", {"application": "ResNet50"}]'.""",
    )
    for name in PARTS:
        folder = "encoders" if name.endswith("encoder") else name if name == "fusion" else f"{name}s"
        group.add_argument(f"--{name.replace('_', '-')}", metavar="PART", help=f"a class of kmm.{folder}")
    group.add_argument("--fusion-levels", nargs="+", metavar="LEVEL", help="levels at which words enter, such as P3 P4")


def add_loss_arguments(parser):
    """Adds `--loss` and `--class-weights`.

    Args:
        parser: an `argparse` parser.
    """
    group = parser.add_argument_group("loss, by default the task's")
    group.add_argument(
        "--loss", metavar="LOSS",
        help="""a class of kmm.losses, or it and its arguments, such as '["BinaryTversky", {"alpha": 0.3}]'""",
    )  # fmt: skip
    group.add_argument(
        "--class-weights", choices=CLASS_WEIGHTS,
        help="weigh classes, or target and background, by how rare their pixels are (the preset's way)",
    )  # fmt: skip


def read_loss(args):
    """The loss and the weights of classes that were named, as `kmm.training.train_run` takes them.

    Args:
        args: what `argparse` read.

    Raises:
        ValueError: if a pair is no JSON.
    """
    return {"loss": None if args.loss is None else read_part(args.loss), "class_weights": args.class_weights}


def read_parts(args):
    """The parts that were named, as `kmm.training.train_run` takes them.

    Args:
        args: what `argparse` read.

    Raises:
        ValueError: if a pair is no JSON.
    """
    parts = {name: read_part(getattr(args, name)) for name in PARTS if getattr(args, name) is not None}
    if args.fusion_levels is not None:
        parts["fusion_levels"] = args.fusion_levels
    return parts


def read_part(text):
    """A class name, or a pair of one and its arguments.

    Raises:
        ValueError: if it begins like JSON and is none.

    Example:

    >>> read_part('["BilinearFusion", {"rank": 8}]')
    ['BilinearFusion', {'rank': 8}]
    >>> read_part("BilinearFusion")
    'BilinearFusion'
    """
    if not text.startswith("["):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(
            f'A part with arguments is ["Class", {{"argument": value}}], in JSON. Received: {text} ({error}). '
            "Quote it for the shell."
        ) from error
