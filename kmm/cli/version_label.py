"""A label and the version that it stands for, as one word of a command."""

import argparse


def version_label(text):
    """Reads `LABEL=VERSION`; for `type=` of an argument.

    Raises:
        argparse.ArgumentTypeError: it is something else.

    Example:

    >>> version_label("stable=1")
    ('stable', 1)
    """
    label, _, version = text.partition("=")
    if not label or not (version.isascii() and version.isdigit()):
        raise argparse.ArgumentTypeError(f"must be LABEL=VERSION, such as stable=1. Received: {text}")
    return label, int(version)
