"""Evaluation: what a model scores on a split, with the right words and with wrong ones."""

from kmm.evaluation.bootstrap import Difference, bootstrap_difference, bootstrap_interval
from kmm.evaluation.evaluate import evaluate
from kmm.evaluation.gallery_rows import gallery_rows
from kmm.evaluation.sample_collector import SampleCollector
from kmm.evaluation.sample_scores import SampleScores
from kmm.evaluation.statistics import main_score, score_of

__all__ = [
    "Difference",
    "SampleCollector",
    "SampleScores",
    "bootstrap_difference",
    "bootstrap_interval",
    "evaluate",
    "gallery_rows",
    "main_score",
    "score_of",
]
