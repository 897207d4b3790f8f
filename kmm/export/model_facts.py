"""What every export must know of a model, and checks first."""

from kmm import feature_keys
from kmm.preprocessing.mask_outputs import segmentation_logits

MOST_CLASSES = 256
"""A mask stores class ids as uint8."""


def num_classes_of(model):
    """Number of classes of a model's masks.

    Raises:
        ValueError: it gives no segmentation masks, or more classes than a mask can hold.

    Example:

    >>> import keras
    >>> images = keras.Input((16, 16, 3))
    >>> num_classes_of(keras.Model(images, keras.layers.Conv2D(5, 1)(images)))
    5
    """
    shape = segmentation_logits(model.output).shape
    if len(shape) != 4:
        raise ValueError(
            "The masks must have the shape (batch, height, width, classes). "
            f"Received: {tuple(shape)}. Give it a segmentation head."
        )
    if shape[-1] > MOST_CLASSES:
        raise ValueError(
            f"A mask stores class ids as uint8, so there must be at most {MOST_CLASSES} classes. "
            f"Received: num_classes={shape[-1]}. Merge classes."
        )
    return shape[-1]


def check_class_names(class_names, num_classes):
    """Refuses names of another number of classes; none is fine."""
    if class_names and len(class_names) != num_classes:
        raise ValueError(
            f"class_names must name each of the {num_classes} classes. Received: {len(class_names)} names. "
            "Give them in the order of their ids, or none."
        )


def check_threshold(threshold):
    """Refuses a threshold that is no probability."""
    if not 0.0 < threshold < 1.0:
        raise ValueError(f"threshold must lie between 0 and 1. Received: threshold={threshold}. The usual one is 0.5.")


def describe_tokenizer(tokenizer):
    """Class and configuration of a tokenizer as plain data, `None` for a model without words."""
    return None if tokenizer is None else {"class_name": type(tokenizer).__name__, "config": tokenizer.get_config()}


def other_outputs(outputs):
    """A model's outputs beside the masks, by their names."""
    named = dict(outputs) if isinstance(outputs, dict) else {}
    named.pop(feature_keys.SEGMENTATION_MASKS, None)
    return named


def check_names(names, reserved):
    """Refuses outputs or inputs of a model with the names of the export's own."""
    taken = sorted(set(names) & set(reserved))
    if taken:
        raise ValueError(
            f"An export has inputs and outputs of its own, named {sorted(reserved)}. Received: a model with {taken}. "
            "Rename these heads or inputs."
        )
