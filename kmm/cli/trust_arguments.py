"""The flags of `kmm evaluate` for thresholds and for a second model."""

import pathlib

from kmm.cli.load_model import load_model


def add_trust_arguments(parser):
    """Adds `--threshold`, `--threshold-from`, `--own-resolution` and `--against`."""
    thresholds = parser.add_mutually_exclusive_group()
    thresholds.add_argument(
        "--threshold", type=float, metavar="X", help="probability from which a pixel is in the target (default: 0.5)"
    )
    thresholds.add_argument(
        "--threshold-from", metavar="SPLIT",
        help="choose the threshold with the highest overall IoU on this split, such as val; never on a test split",
    )  # fmt: skip
    parser.add_argument(
        "--own-resolution", action="store_true", help="score at the masks' own size instead of the model's"
    )
    parser.add_argument(
        "--against", metavar="FILE", help="another model.keras: say which of both is better on the same samples"
    )


def choose(model, path, source, args):
    """The threshold that the arguments ask for; says how it was chosen."""
    if args.threshold is not None and source.task != "referring":
        raise ValueError(
            "Only binary masks have a threshold; of several classes the most probable one is the answer. Received: "
            f"--threshold {args.threshold} for the task {source.task!r}. Leave it out."
        )
    if args.threshold_from is None:
        return 0.5 if args.threshold is None else args.threshold
    if args.threshold_from == args.split:
        raise ValueError(
            "A threshold is not chosen on the pictures that are scored. Received: --threshold-from "
            f"{args.threshold_from} --split {args.split}. Choose it on another split."
        )
    from kmm.evaluation import choose_threshold

    options = {"batch_size": args.batch_size, "own_resolution": args.own_resolution}
    choice = choose_threshold(model, source, args.threshold_from, **options)
    print(
        f"{path}: threshold {choice['threshold']:.2f}, chosen on {choice['split']} (overall IoU {choice['score']:.3f} "
        f"there, with 0.50 {choice['score_at_half']:.3f})"
    )
    return choice["threshold"]


def load_other(args, model):
    """The model of `--against`, before anything is scored.

    Args:
        args: the command's arguments.
        model: the model of `--model`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the two models have different classes, or work at different sizes, and so on different pixels.
    """
    other = load_model(args.against, args.trust)
    if other.num_classes != model.num_classes:
        raise ValueError(
            f"Models are compared on the same classes. Received: {model.num_classes} of {args.model} and "
            f"{other.num_classes} of {args.against} (1 is a binary mask for each phrase). Choose another --against."
        )
    if tuple(other.image_size) != tuple(model.image_size) and not args.own_resolution:
        raise ValueError(
            "Models are compared on the same pixels. Received: pictures of "
            f"{model.image_size} for {args.model} and of {other.image_size} for {args.against}. Give --own-resolution."
        )
    return other


def compare_with(args, other, scores, source, options):
    """Compares the model with that of `--against`, prints the result and returns it as plain data.

    Args:
        args: the command's arguments.
        other: the model of `--against`.
        scores: the `kmm.evaluation.SampleScores` of the model of `--model`.
        source: a `kmm.data.Source`.
        options: of `kmm.evaluation.SampleCollector`.
    """
    from kmm.evaluation import SampleCollector, compare_models

    threshold = choose(other, args.against, source, args)
    collected = SampleCollector(other, source, args.split, threshold=threshold, **options).collect()
    result = compare_models(scores, collected, names=_names(args.model, args.against))
    print(f"\n{result['statement']}")
    return {"model": str(args.against), "threshold": threshold, **result}


def _names(*paths):
    """What two models are called: their files' names, or the folders' of files that are all called `model.keras`."""
    paths = [pathlib.Path(path) for path in paths]
    for names in (
        [path.resolve().parent.name if path.stem == "model" else path.stem for path in paths],
        [str(path) for path in paths],
    ):
        if len(set(names)) == len(names):
            return names
    return [f"{path} ({place})" for place, path in enumerate(paths, 1)]
