"""Evaluation: what a model scores on a split, with the right words and with wrong ones."""

from kmm.evaluation.evaluate import evaluate
from kmm.evaluation.gallery_rows import gallery_rows

__all__ = ["evaluate", "gallery_rows"]
