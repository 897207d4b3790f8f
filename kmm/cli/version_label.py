"""A label and the version that it stands for, as one word of a command."""

import argparse


def labels_of(pairs):
    """A dict from the pairs that `version_label` has read.

    Raises:
        ValueError: a label is there twice.

    Example:

    >>> labels_of([("stable", 1), ("canary", 2)])
    {'stable': 1, 'canary': 2}
    """
    labels = dict(pairs)
    if len(labels) < len(pairs):
        raise ValueError(
            f"A label must be given once. Received: --labels {' '.join(f'{label}={v}' for label, v in pairs)}. "
            "Several labels may name one version."
        )
    return labels


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
