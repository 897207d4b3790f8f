"""The loss of a training run, from plain data."""

from kmm import losses
from kmm.models.make_part import make_part

DEFAULTS = {"referring": "BinaryCrossEntropyDice", "semantic": "SegmentationCrossEntropy"}
"""The loss of each task where none is named."""


def make_loss(part, task, class_weights=None, must_weigh=False):
    """A loss of kmm, or one registered with Keras, from its name and arguments.

    Args:
        part: a class name, or a pair of one and a dict of its arguments, as `kmm.models.segmenter` takes parts. The
            argument `loss`, or the list `losses`, of a loss that is made of others is such a part again. `None` takes
            the task's own.
        task: "referring" or "semantic".
        class_weights: weights of the classes, of a referring task those of background and target. Every loss that
            takes `class_weights`, or `positive_weight`, and has none of its own gets them.
        must_weigh: refuse a loss that takes no such weights.

    Returns:
        The loss.

    Raises:
        ValueError: if there is no such loss, it is one for the other task, does not take the arguments, or the weights.

    Example:

    >>> make_loss(["BinaryFocal", {"gamma": 1.5}], "referring", class_weights=[0.5, 5.0]).positive_weight
    10.0
    """
    offered = {}
    if class_weights is not None and task == "semantic":
        offered["class_weights"] = class_weights
    elif class_weights is not None:
        if not min(class_weights) > 0:
            raise ValueError(
                "A referring data set must hold both targets and background to be weighed. Received: class weights "
                f"{class_weights}. Use --class-weights none."
            )
        offered["positive_weight"] = class_weights[1] / class_weights[0]
    loss = _make(part or DEFAULTS[task], offered)
    if getattr(loss, "binary", None) is (task == "semantic"):
        suits = [
            name for name in losses.__all__ if getattr(getattr(losses, name), "binary", None) is (task != "semantic")
        ]
        raise ValueError(
            f"The loss must suit the task {task!r}. Received: {part!r}. Use one of {suits}, or BoundaryWeighted or "
            "CombinedLoss of them."
        )
    if must_weigh and not _is_weighed(loss, "class_weights" if task == "semantic" else "positive_weight"):
        raise ValueError(
            f"The loss must take weights of classes to be weighed. Received: {part!r}, which does not. "
            "Use --class-weights none, or another loss, such as the focal one."
        )
    return loss


def _make(part, offered):
    """The loss, its inner ones made first."""
    name, arguments = part if isinstance(part, (list, tuple)) and len(part) == 2 else (part, {})
    if isinstance(arguments, dict):
        arguments = dict(arguments)
        if "loss" in arguments:
            arguments["loss"] = _make(arguments["loss"], offered)
        if "losses" in arguments:
            arguments["losses"] = [_make(one, offered) for one in arguments["losses"]]
    return make_part((name, arguments), losses, **offered)


def _is_weighed(loss, argument):
    inner = [*getattr(loss, "losses", ()), *([loss.loss] if hasattr(loss, "loss") else ())]
    return hasattr(loss, argument) or any(_is_weighed(one, argument) for one in inner)
