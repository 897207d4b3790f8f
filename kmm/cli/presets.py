"""`kmm presets`: the models that can be trained by name."""


def add_command(commands):
    """Adds the command's parser, and returns it."""
    parser = commands.add_parser(
        "presets",
        help="list the models that can be trained by name",
        description="Parameters are counted with about 100 words, and 10 classes where the data decide their number. "
        "Speeds are those of training steps and of the exported model answering for one picture, on a machine with "
        "two cores; --measure measures them here.",
    )
    parser.add_argument("--measure", action="store_true", help="measure the speeds here and now, which takes minutes")
    return parser


def run(args):
    """Runs the command."""
    from kmm.models.preset_figures import preset_figures
    from kmm.models.presets import presets

    figures = _measure() if args.measure else preset_figures
    width = max(map(len, presets))
    for name, preset in presets.items():
        height_width = " x ".join(map(str, preset["arguments"]["image_size"]))
        print(f"{name:{width}}  {preset['description']}")
        print(f"{'':{width}}  {height_width} pixels, {preset['training']['epochs']} epochs{_said(figures.get(name))}")


def _said(figures):
    if figures is None:
        return ""
    return (
        f", {figures['parameters']:,} parameters, {figures['training_images_per_second']:.0f} training images/s, "
        f"{figures['latency_ms']:.0f} ms to serve one"
    )


def _measure():
    import sys

    from kmm.training.measure_presets import measure_presets

    return measure_presets(failed=lambda name, error: print(f"{name}: not measured ({error})", file=sys.stderr))
