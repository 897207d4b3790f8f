"""The entry point of the command `kmm`."""

import argparse
import os
import sys
import traceback

from kmm.cli import evaluate, export, predict, presets, train
from kmm.version import __version__

COMMANDS = (train, evaluate, predict, export, presets)


def main(argv=None):
    """Runs one command.

    Args:
        argv: the words after `kmm`; `None` takes those of the process.

    Returns:
        0, or 2 after an error of the user's: a wrong value or a file that is missing or cannot be read or written.
        Such an error is printed as one message; `--debug` shows the traceback too.
    """
    args = _make_parser().parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    try:
        args.run(args)
    except (ValueError, OSError) as error:
        if args.debug:
            traceback.print_exc()
        print(f"kmm: error: {str(error) or repr(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("kmm: interrupted", file=sys.stderr)
        return 130
    return 0


def _make_parser():
    parser = argparse.ArgumentParser(
        prog="kmm", description="Segments photographs by words: trains, evaluates, predicts and exports."
    )
    parser.add_argument("--version", action="version", version=f"kmm {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in COMMANDS:
        command = module.add_command(commands)
        command.add_argument("--debug", action="store_true", help="show the traceback of an error")
        command.set_defaults(run=module.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
