"""A result that nobody sees when wrong data went into it."""

import math

from keras import ops


def checked_value(value, num_invalid, message):
    """The value, if nothing invalid was met.

    Otherwise an error is raised, or, inside a compiled function, where nothing can be raised, the value is nan.

    Args:
        value: a float tensor.
        num_invalid: how much was invalid, of a shape that broadcasts with the value's; above 0 means something was.
        message: text of the error; `{count}` in it is how much was invalid in all.

    Returns:
        The value, of the same shape and dtype.

    Raises:
        ValueError: something was invalid.

    Example:

    >>> from keras import ops
    >>> float(checked_value(ops.array(0.5), ops.array(0), "Labels must be classes. Received: {count} others."))
    0.5
    """
    is_invalid = num_invalid > 0
    if hasattr(is_invalid, "numpy") and is_invalid.numpy().any():  # inside a compiled function it has no value yet
        raise ValueError(message.format(count=f"{float(ops.sum(ops.cast(num_invalid, 'float64'))):g}"))
    return ops.where(is_invalid, ops.cast(math.nan, value.dtype), value)
