"""`kmm presets`: the models that can be trained by name."""


def add_command(commands):
    """Adds the command's parser, and returns it."""
    parser = commands.add_parser("presets", help="list the models that can be trained by name")
    parser.add_argument("--parameters", action="store_true", help="build every model and count its parameters")
    return parser


def run(args):
    """Runs the command."""
    from kmm.models.presets import presets

    width = max(map(len, presets))
    for name, preset in presets.items():
        height_width = " x ".join(map(str, preset["arguments"]["image_size"]))
        count = f" {_count_parameters(name):,} parameters," if args.parameters else ""
        print(f"{name:{width}}  {preset['description']}")
        print(f"{'':{width}} {count} {height_width} pixels, {preset['training']['epochs']} epochs")


def _count_parameters(name):
    """With a vocabulary of 100 words, and 10 classes where the preset leaves their number to the data."""
    import inspect

    from kmm.models import builders
    from kmm.models.presets import build_preset, presets
    from kmm.preprocessing import PromptTokenizer

    preset = presets[name]
    missing = inspect.signature(getattr(builders, preset["builder"])).parameters.keys() - preset["arguments"].keys()
    words = PromptTokenizer([f"word{number}" for number in range(98)])
    available = {"prompt_tokenizer": words, "num_classes": 10}
    return build_preset(name, **{key: available[key] for key in missing & available.keys()}).count_params()
