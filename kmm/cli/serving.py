"""`kmm serving`: tools for exports in production."""

import argparse

from kmm.cli.serving_config import add_config
from kmm.cli.serving_load import add_load


def add_command(commands):
    """Adds the parsers of the subcommands, and returns the one of the group."""
    parser = commands.add_parser(
        "serving",
        help="put an export into production",
        description="Tools for exports that are served: `kmm serving config DIR` writes the files that TensorFlow "
        "Serving needs, `kmm serving load --url URL` measures a server.",
    )
    subcommands = parser.add_subparsers(title="subcommands", metavar="SUBCOMMAND", required=True)
    for add in (add_config, add_load):
        # suppressed, so that the subcommand's default does not undo `kmm serving --debug SUBCOMMAND`
        add(subcommands).add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help="show the traceback of an error"
        )
    return parser


def run(args):
    """Runs the subcommand."""
    return args.run_subcommand(args)
