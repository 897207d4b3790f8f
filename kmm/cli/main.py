"""The entry point of the command `kmm`."""

import argparse
import os
import sys
import traceback

from kmm.cli import audit, compare, data, evaluate, export, predict, presets, report, serve, serving, train
from kmm.version import __version__

COMMANDS = (train, evaluate, audit, report, predict, export, serve, serving, compare, presets, data)
STACK_LINES = ("\t", "    ", "  File", "Traceback", "Detected at", "Graph execution", "<stack traces", "Hint")
"""How those lines of a TensorFlow error begin that speak of its source code."""


def main(argv=None):
    """Runs one command.

    Args:
        argv: the words after `kmm`; `None` takes those of the process.

    Returns:
        0; 1 where `kmm data check` finds something wrong; 2 after an error that is no bug: a wrong value, a file that
        is missing or cannot be read or written, a missing extra, a training that diverges, or TensorFlow out of memory
        or disk. Such an error is printed as one message; `--debug` shows the traceback too.
    """
    args = _make_parser().parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    try:
        return args.run(args) or 0
    except (ValueError, OSError, FloatingPointError, ImportError, *_tensorflow_errors()) as error:
        if args.debug:
            traceback.print_exc()
        text = _summary(error) if isinstance(error, _tensorflow_errors()) else str(error)
        print(f"kmm: error: {text or repr(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("kmm: interrupted", file=sys.stderr)
        return 130


def _tensorflow_errors():
    """The errors of TensorFlow's operations; none while TensorFlow is not imported, which takes seconds."""
    tensorflow = sys.modules.get("tensorflow")
    return (tensorflow.errors.OpError,) if tensorflow else ()


def _summary(error):
    """The lines of an operation's error that say what happened, without its stack and graph."""
    lines = [line for line in error.message.splitlines() if line and not line.startswith(STACK_LINES)]
    return "\n".join([f"TensorFlow cannot go on ({type(error).__name__}; --debug shows more).", *dict.fromkeys(lines)])


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
