"""Comparing the inputs of a request with a signature."""

import numpy as np
import tensorflow as tf

from kmm.serving.request_error import RequestError


def check_inputs(signature, inputs, max_rows):
    """Refuses inputs that a signature does not take, before a session sees them.

    Every input needs a batch axis. All have the same number of rows, but for inputs of one row that stand for all
    rows; whether a signature takes those, its graph decides. Strings must be UTF-8, but for names that end in `_bytes`.

    Args:
        signature: `SignatureDef`.
        inputs: dict from names to arrays; strings as object arrays of `bytes`.
        max_rows: the most rows of a request.

    Returns:
        number of rows.

    Raises:
        RequestError: `INVALID_ARGUMENT`.
    """
    if set(inputs) != set(signature.inputs):
        extra, missing = set(inputs) - set(signature.inputs), set(signature.inputs) - set(inputs)
        raise _refuse(
            f"input size does not match signature: {len(inputs)}!={len(signature.inputs)}. "
            f"Sent extra: {_names(extra)}. Missing but required: {_names(missing)}."
        )
    for name, array in inputs.items():
        _check_input(name, array, signature.inputs[name])
    rows = max(len(array) for array in inputs.values())
    if any(len(array) not in (1, rows) for array in inputs.values()):
        sizes = ", ".join(f"{name}: {len(array)}" for name, array in sorted(inputs.items()))
        raise _refuse(f"All inputs must have the same number of rows. Received: {sizes}.")
    if not 0 < rows <= max_rows:
        raise _refuse(f"A request must have 1 to {max_rows} rows. Received: {rows} rows. Send several requests.")
    return rows


def _check_input(name, array, info):
    expected = tf.dtypes.as_dtype(info.dtype)
    is_string = expected == tf.string
    found = "string" if array.dtype == object else array.dtype.name
    if found != expected.name:
        raise _refuse(f"Input {name!r} must be {expected.name}. Received: {found}.")
    if array.ndim == 0:
        raise _refuse(f"Input {name!r} must have a batch axis. Received: a single value.")
    if not info.tensor_shape.unknown_rank:
        sizes = [dim.size for dim in info.tensor_shape.dim]
        fits = len(sizes) == array.ndim and all(
            size in (-1, given) for size, given in zip(sizes[1:], array.shape[1:], strict=True)
        )
        if not fits:
            wanted = ", ".join("batch" if axis == 0 else str(size) for axis, size in enumerate(sizes))
            raise _refuse(f"Input {name!r} must have the shape ({wanted}). Received: {array.shape}.")
    if is_string and not name.endswith("_bytes"):
        for row, text in enumerate(array.ravel()):
            try:
                text.decode("utf-8")
            except UnicodeDecodeError as error:
                raise _refuse(f"Input {name!r} must be UTF-8 text. Received in row {row}: {error.reason}.") from None
    elif np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
        raise _refuse(f"Input {name!r} must hold finite numbers. Received: NaN or infinite values.")


def _names(names):
    return "{" + ",".join(sorted(name[:80] for name in names)[:10]) + "}"


def _refuse(message):
    return RequestError("INVALID_ARGUMENT", message)
