"""Answers to predictions as JSON, in the format of TensorFlow Serving."""

import base64

import orjson

from kmm.serving.server.request_error import RequestError

MOST_VALUES = 20_000_000
"""How many numbers an answer may hold."""


def json_size(outputs):
    """About how many bytes the answer has."""
    return sum(
        sum(map(len, array.ravel())) if array.dtype == object else 3 * array.nbytes for array in outputs.values()
    )


def write_json_answer(outputs, by_row):
    """Writes outputs as the body of an answer.

    Strings of outputs whose name ends in `_bytes` become `{"b64": "..."}`; NaN and infinite numbers become `null`.

    Args:
        outputs: dict from names to arrays; strings as object arrays of `bytes`.
        by_row: whether to write `{"predictions": [...]}`, a list of rows, instead of `{"outputs": ...}`. Of a single
            output the values stand alone, without its name.

    Returns:
        `bytes`.

    Raises:
        RequestError: `INVALID_ARGUMENT`: there are more numbers than `MOST_VALUES`; or rows are asked for, and an
            output has none or another number of them.

    Example:

    >>> import numpy as np
    >>> outputs = {"score": np.array([0.5, 1], "float32"), "present": np.array([0, 1], "uint8")}
    >>> write_json_answer(outputs, by_row=True).decode()
    '{"predictions":[{"score":0.5,"present":0},{"score":1.0,"present":1}]}'
    >>> write_json_answer({"status": np.array([b"OK", b"OK"], object)}, by_row=False).decode()
    '{"outputs":["OK","OK"]}'
    """
    if sum(array.size for array in outputs.values()) > MOST_VALUES:
        raise RequestError(
            "INVALID_ARGUMENT", f"The answer has more than {MOST_VALUES} values; send fewer rows, or ask over gRPC."
        )
    outputs = {name: _texts(array, name) if array.dtype == object else array for name, array in outputs.items()}
    if not by_row:
        return _dump({"outputs": outputs if len(outputs) > 1 else next(iter(outputs.values()))})
    flat = [name for name, values in outputs.items() if not isinstance(values, list) and not values.ndim]
    if flat:
        raise RequestError("INVALID_ARGUMENT", f"Output {flat[0]!r} has no batch axis; ask with 'inputs'.")
    if len({len(values) for values in outputs.values()}) > 1:
        sizes = ", ".join(f"{name}: {len(values)}" for name, values in sorted(outputs.items()))
        raise RequestError("INVALID_ARGUMENT", f"Outputs have inconsistent batch sizes ({sizes}); ask with 'inputs'.")
    if len(outputs) == 1:
        return _dump({"predictions": list(next(iter(outputs.values())))})
    return _dump({"predictions": [dict(zip(outputs, row, strict=True)) for row in zip(*outputs.values(), strict=True)]})


def _texts(array, name):
    """Strings as nested lists of what JSON holds."""
    if array.ndim > 1:
        return [_texts(row, name) for row in array]
    if name.endswith("_bytes"):
        return [{"b64": base64.b64encode(text).decode("ascii")} for text in array]
    return [text.decode("utf-8", "replace") for text in array]


def _dump(document):
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
