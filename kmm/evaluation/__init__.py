"""Evaluation: what a model scores on a split, with the right words and with wrong ones."""

from kmm.evaluation.ablate_modalities import ablate_modalities
from kmm.evaluation.attention_maps import attention_maps
from kmm.evaluation.audit_language import audit_language
from kmm.evaluation.bootstrap import bootstrap_difference, bootstrap_interval
from kmm.evaluation.calibration import calibration
from kmm.evaluation.choose_threshold import choose_threshold, threshold_curve
from kmm.evaluation.compare_models import compare_models
from kmm.evaluation.corruptions import CORRUPTIONS, corrupt
from kmm.evaluation.difference import Difference
from kmm.evaluation.evaluate import evaluate
from kmm.evaluation.evaluate_tasks import evaluate_tasks
from kmm.evaluation.gallery_rows import gallery_rows
from kmm.evaluation.generalization import generalization
from kmm.evaluation.sample_collector import SampleCollector
from kmm.evaluation.sample_scores import SampleScores
from kmm.evaluation.score_groups import score_groups
from kmm.evaluation.seed_spread import seed_spread
from kmm.evaluation.statistics import main_score, score_of
from kmm.evaluation.word_importance import word_importance

__all__ = [
    "CORRUPTIONS",
    "Difference",
    "SampleCollector",
    "SampleScores",
    "ablate_modalities",
    "attention_maps",
    "audit_language",
    "bootstrap_difference",
    "bootstrap_interval",
    "calibration",
    "choose_threshold",
    "compare_models",
    "corrupt",
    "evaluate",
    "evaluate_tasks",
    "gallery_rows",
    "generalization",
    "main_score",
    "score_groups",
    "score_of",
    "seed_spread",
    "threshold_curve",
    "word_importance",
]
