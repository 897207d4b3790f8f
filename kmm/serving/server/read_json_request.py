"""Requests for predictions as JSON, in the format of TensorFlow Serving."""

import binascii
import itertools

import numpy as np
import orjson
import tensorflow as tf

from kmm.serving.server.request_error import RequestError

MOST_VALUES = 1_000_000
MOST_LISTS = 250_000
"""How many values and lists a body may hold; as Python objects they take some tens of MB."""

_MOST_AXES = 8
_JSON_TYPES = {"O": {str, dict}, "f": {int, float}, "i": {int}, "u": {int}, "b": {bool}}
"""The kinds of JSON values that make an array of a kind."""


def read_json_request(body, signature_of, max_rows):
    """Reads the body of a request.

    `{"signature_name": ..., "instances": [...]}` lists rows, `{"signature_name": ..., "inputs": {...}}` columns. Bytes
    are `{"b64": "..."}`.

    Args:
        body: `bytes`.
        signature_of: function from the name of a signature to its `SignatureDef`; raises what is to be answered.
        max_rows: the most rows of a request.

    Returns:
        name of the signature; dict from the names of the inputs to arrays; whether the rows were listed one by one.

    Raises:
        RequestError: `INVALID_ARGUMENT`.
    """
    if len(body) > MOST_LISTS and _is_flood(body):
        raise _refuse(f"The body holds more than {MOST_VALUES} values or {MOST_LISTS} lists; send them over gRPC.")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _refuse(f"JSON Parse error: {error}") from None
    if not isinstance(document, dict):
        raise _refuse(f"JSON Value: {_short(document)} Is not object")
    name = document.get("signature_name", "serving_default")
    if not isinstance(name, str):
        raise _refuse("'signature_name' key must be a string value.")
    infos = signature_of(name or "serving_default").inputs
    by_row = "instances" in document
    if by_row == ("inputs" in document):
        raise _refuse(
            "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist"
            if by_row
            else "Missing 'inputs' or 'instances' key"
        )
    columns = (
        _rows_to_columns(document["instances"], infos, max_rows) if by_row else _columns(document["inputs"], infos)
    )
    inputs = {name: _to_array(name, values, infos[name], max_rows) for name, values in columns.items()}
    return name or "serving_default", inputs, by_row


def _is_flood(body):
    return body.count(b",") > MOST_VALUES or body.count(b"[") + body.count(b"{") > MOST_LISTS


def _rows_to_columns(rows, infos, max_rows):
    if not isinstance(rows, list) or not rows:
        raise _refuse("Expecting 'instances' to be a list with at least one value")
    _check_rows(rows, max_rows)
    if not _is_named(rows[0]):
        if len(infos) > 1:
            raise _refuse("instances is a plain list, but expecting list of objects as multiple input tensors required")
        if any(_is_named(row) for row in rows):
            raise _refuse("Expecting value/list but got object in the 'instances' list")
        return {next(iter(infos)): rows}
    names = set(infos)
    for index, row in enumerate(rows):
        if not _is_named(row) or set(row) != names:
            raise _refuse(
                f"Failed to process element: {index} of 'instances' list. JSON object: {_short(row)} "
                f"keys must be equal to: {','.join(sorted(names))}"
            )
    return {name: [row[name] for row in rows] for name in names}


def _columns(columns, infos):
    if not _is_named(columns):
        if len(infos) > 1:
            raise _refuse("inputs is a plain value/list, but expecting an object as multiple input tensors required")
        return {next(iter(infos)): columns}
    missing, extra = set(infos) - set(columns), set(columns) - set(infos)
    if missing:
        raise _refuse(f"Missing named input: {min(missing)} in 'inputs' object.")
    if extra:
        raise _refuse(f"JSON object: does not have named input: {_short(min(extra))}")
    return columns


def _check_rows(rows, max_rows):
    if len(rows) > max_rows:
        raise _refuse(f"A request must have 1 to {max_rows} rows. Received: {len(rows)} rows. Send several requests.")


def _is_named(value):
    return isinstance(value, dict) and not _is_base64(value)


def _is_base64(value):
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def _to_array(name, values, info, max_rows):
    dtype = tf.dtypes.as_dtype(info.dtype)
    if not isinstance(values, list):
        raise _refuse(f"Input {name!r} must have a batch axis. Received: JSON Value: {_short(values)}")
    _check_rows(values, max_rows)
    shape, values = _flatten(name, values)
    plain = np.dtype(dtype.as_numpy_dtype)
    if not set(map(type, values)) <= _JSON_TYPES.get(plain.kind, set()):
        raise _refuse(f"Input {name!r}: JSON Value: {_short(values)} is not of expected type: {dtype.name}")
    if dtype == tf.string:
        array = np.empty(len(values), object)
        array[:] = [_to_bytes(name, value) for value in values]
        return array.reshape(shape)
    try:
        array = np.array(values, np.int64 if dtype.is_integer else plain)
    except OverflowError:
        array = np.array([np.iinfo(np.int64).max])
    if dtype.is_integer and array.size and not dtype.min <= array.min() <= array.max() <= dtype.max:
        raise _refuse(f"Input {name!r} must hold values of {dtype.name}. Received: JSON Value: {_short(values)}")
    return array.astype(plain).reshape(shape)


def _flatten(name, values):
    """The shape of nested lists and a list of all that is in them."""
    shape = [len(values)]
    while values and set(map(type, values)) == {list}:
        sizes = set(map(len, values))
        if len(sizes) > 1 or len(shape) == _MOST_AXES:
            raise _refuse(f"Input {name!r}: lists of one level must have one length. Received: {sorted(sizes)[:5]}")
        shape.append(sizes.pop())
        values = list(itertools.chain.from_iterable(values))
    return shape, values


def _to_bytes(name, value):
    if isinstance(value, str):
        return value.encode("utf-8")
    if not _is_base64(value):
        raise _refuse(f"Input {name!r}: JSON Value: {_short(value)} is not of expected type: string")
    try:
        return binascii.a2b_base64(value["b64"], strict_mode=True)
    except ValueError:
        raise _refuse(f"Input {name!r}: Unable to base64 decode") from None


def _short(value):
    """A value as in an error message: no more than its beginning."""
    text = repr(value[:3] if isinstance(value, (list, str)) else list(value)[:3] if isinstance(value, dict) else value)
    return text if len(text) <= 80 else text[:80] + "..."


def _refuse(message):
    return RequestError("INVALID_ARGUMENT", message)
