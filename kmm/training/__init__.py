"""Training: one call from a source to a folder with everything in it."""

from kmm.training.class_weights import class_weights_from
from kmm.training.precision import policy_for
from kmm.training.resumable_checkpoint import ResumableCheckpoint
from kmm.training.train_run import train_run

__all__ = ["ResumableCheckpoint", "class_weights_from", "policy_for", "train_run"]
