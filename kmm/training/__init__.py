"""Training: one call from a source to a folder with everything in it."""

from kmm.training.branch_adam_w import BranchAdamW
from kmm.training.branch_multipliers import branch_multipliers, layer_multipliers
from kmm.training.class_weights import class_weights_from
from kmm.training.compare import compare
from kmm.training.language_audit import LanguageAudit
from kmm.training.precision import policy_for
from kmm.training.resumable_checkpoint import ResumableCheckpoint
from kmm.training.train_run import train_run

__all__ = [
    "BranchAdamW",
    "LanguageAudit",
    "ResumableCheckpoint",
    "branch_multipliers",
    "class_weights_from",
    "compare",
    "layer_multipliers",
    "policy_for",
    "train_run",
]
