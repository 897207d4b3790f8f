"""`kmm export`: a model file for a server, or for another runtime, from a trained model."""

import json
import pathlib

from kmm.cli.load_model import add_model_arguments, load_model

FILES = {"litert": ".tflite", "onnx": ".onnx", "openvino": ".xml"}
"""The formats that are files, and how their names end."""


def add_command(commands):
    """Adds the command's parser, and returns it."""
    parser = commands.add_parser(
        "export",
        help="write a SavedModel that takes raw files and raw words, or a LiteRT, ONNX or OpenVINO file",
        description="Writes DIR/1 (or the next free number): a SavedModel for TensorFlow Serving and `kmm serve` that "
        "needs TensorFlow alone. With --format it writes a file of another runtime, which takes pictures of the "
        "model's size and token ids. Either is checked against the model, on the runtime that runs it, before it is "
        "shown.",
    )
    add_model_arguments(parser)
    parser.add_argument(
        "--output", required=True, metavar="DIR", help="folder of all versions of the export; with --format, a file"
    )
    parser.add_argument(
        "--format",
        choices=("saved_model", *FILES),
        default="saved_model",
        help="what to write (default: saved_model); the others need an extra of the same name",
    )
    parser.add_argument(
        "--threshold", type=float, default=0.5, help="probability above which a pixel is in the mask (default: 0.5)"
    )
    parser.add_argument(
        "--compute-dtype", choices=("float32", "bfloat16"), help="precision to compute in (default: the model's own)"
    )
    parser.add_argument(
        "--no-verify", action="store_true", help="do not compare the SavedModel with the model: some seconds less"
    )
    return parser


def run(args):
    """Runs the command."""
    if args.format != "saved_model":
        return _write_file(args)
    model = load_model(args.model, args.trust)
    from kmm.export import export_saved_model

    scores = _read_scores(pathlib.Path(args.model).with_name("metrics.json"))
    path = export_saved_model(
        model,
        args.output,
        threshold=args.threshold,
        compute_dtype=args.compute_dtype,
        class_names=_class_names(scores, model),
        metrics=scores,
        verify=not args.no_verify,
    )
    print(f"written: {path}")
    card = json.loads((path / "assets.extra" / "model_card.json").read_text(encoding="utf-8"))
    for name, endpoint in card["endpoints"].items():
        print(f"{name}:")
        for title in ("inputs", "outputs"):
            for key, spec in endpoint[title].items():
                print(f"  {title[:-1]} {key}: {spec}")
    if card["verified"]:
        equal, replayed = card["verified"]["equal_pixels"], card["verified"]["warm_up_requests"]
        print(f"verified in a server's session: {equal:.2%} of the pixels equal, {replayed} warm-up requests answered")
    print(f"serve it: kmm serve --model {args.output}")


def _write_file(args):
    path = pathlib.Path(args.output)
    if path.suffix != FILES[args.format]:
        raise ValueError(
            f"A file of {args.format} must end in {FILES[args.format]}. Received: output={args.output}. Rename it."
        )
    if args.compute_dtype or args.threshold != 0.5 or args.no_verify:
        raise ValueError(
            "A file of another runtime gives logits in float32, without a threshold, and is always compared. Received: "
            "--threshold, --compute-dtype or --no-verify. Leave them out."
        )
    model = load_model(args.model, args.trust)
    from kmm import export

    names = _class_names(_read_scores(pathlib.Path(args.model).with_name("metrics.json")), model)
    print(f"written: {getattr(export, f'export_{args.format}')(model, path, class_names=names)}")


def _read_scores(path):
    """What `kmm train` has measured, if the file lies beside the model."""
    scores = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return scores if isinstance(scores, dict) else {}


def _class_names(scores, model):
    names = tuple(scores.get("class_iou", ()))
    return names if len(names) == model.num_classes else ()
