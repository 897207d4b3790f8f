"""`kmm export`: a SavedModel from a trained model."""

from kmm.cli.load_model import add_model_arguments, load_model


def add_command(commands):
    """Adds the command's parser, and returns it."""
    parser = commands.add_parser(
        "export",
        help="write a SavedModel that takes raw files and raw words",
        description="Writes DIR/1 (or the next free number): a SavedModel for TensorFlow Serving that needs TensorFlow "
        "alone.",
    )
    add_model_arguments(parser)
    parser.add_argument("--output", required=True, metavar="DIR", help="folder of all versions of the export")
    return parser


def run(args):
    """Runs the command."""
    model = load_model(args.model, args.trust)
    import tensorflow as tf

    from kmm.export import export_saved_model

    path = export_saved_model(model, args.output)
    print(f"written: {path}")
    endpoint = tf.saved_model.load(str(path)).signatures["serving_default"]
    inputs, outputs = endpoint.structured_input_signature[1], endpoint.structured_outputs
    for title, specs in (("inputs", inputs), ("outputs", outputs)):
        print(f"serving_default {title}:")
        for name, spec in sorted(specs.items()):
            shape = ", ".join("batch" if i == 0 else str(size) for i, size in enumerate(spec.shape))
            print(f"  {name}: {spec.dtype.name} ({shape})")
