"""What `model.fit` logged, read back."""

import csv
import math


def read_history(path):
    """The columns of a CSV file of `keras.callbacks.CSVLogger`.

    Args:
        path: the file.

    Returns:
        A dict from column to a list of floats, nan for an epoch without the value.
    """
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: [_number(row[name]) for row in rows] for name in (rows[0] if rows else ())}


def _number(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return math.nan
