"""Comparing the inputs of a request with a signature."""

import numpy as np
import tensorflow as tf

from kmm.serving.server.request_error import RequestError


def check_inputs(signature, inputs, max_rows):
    """Refuses inputs that a signature does not take, before a session sees them.

    Besides what `check_shapes` says, strings must be UTF-8, but for names that end in `_bytes`, and numbers finite.

    Args:
        signature: `SignatureDef`.
        inputs: dict from names to arrays; strings as object arrays of `bytes`.
        max_rows: the most rows of a request.

    Returns:
        number of rows.

    Raises:
        RequestError: `INVALID_ARGUMENT`.
    """
    kinds = {
        name: ("string" if array.dtype == object else array.dtype.name, array.shape) for name, array in inputs.items()
    }
    rows = check_shapes(signature, kinds, max_rows)
    for name, array in inputs.items():
        _check_values(name, array)
    return rows


def check_shapes(signature, kinds, max_rows):
    """Refuses names, dtypes and shapes that a signature does not take; the values need not be read for it.

    Every input needs a batch axis. All have the same number of rows, but for inputs of one row that stand for all
    rows; whether a signature takes those, its graph decides.

    Args:
        signature: `SignatureDef`.
        kinds: dict from names to pairs of the dtype's name and the shape.
        max_rows: the most rows of a request.

    Returns:
        number of rows.

    Raises:
        RequestError: `INVALID_ARGUMENT`.
    """
    if set(kinds) != set(signature.inputs):
        extra, missing = set(kinds) - set(signature.inputs), set(signature.inputs) - set(kinds)
        raise _refuse(
            f"input size does not match signature: {len(kinds)}!={len(signature.inputs)}. "
            f"Sent extra: {_names(extra)}. Missing but required: {_names(missing)}."
        )
    for name, (dtype, shape) in kinds.items():
        _check_kind(name, dtype, shape, signature.inputs[name])
    counts = {name: shape[0] for name, (_, shape) in sorted(kinds.items())}
    rows = max(counts.values())
    if any(count not in (1, rows) for count in counts.values()):
        sizes = ", ".join(f"{name}: {count}" for name, count in counts.items())
        raise _refuse(f"All inputs must have the same number of rows. Received: {sizes}.")
    if not 0 < rows <= max_rows:
        raise _refuse(f"A request must have 1 to {max_rows} rows. Received: {rows} rows. Send several requests.")
    return rows


def _check_kind(name, dtype, shape, info):
    expected = tf.dtypes.as_dtype(info.dtype)
    if dtype != expected.name:
        raise _refuse(f"Input {name!r} must be {expected.name}. Received: {dtype}.")
    if not shape:
        raise _refuse(f"Input {name!r} must have a batch axis. Received: a single value.")
    if not info.tensor_shape.unknown_rank:
        sizes = [dim.size for dim in info.tensor_shape.dim]
        fits = len(sizes) == len(shape) and all(
            size in (-1, given) for size, given in zip(sizes[1:], shape[1:], strict=True)
        )
        if not fits:
            wanted = ", ".join("batch" if axis == 0 else str(size) for axis, size in enumerate(sizes))
            raise _refuse(f"Input {name!r} must have the shape ({wanted}). Received: {tuple(shape)}.")


def _check_values(name, array):
    if array.dtype == object:
        if name.endswith("_bytes"):
            return
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
