"""Requests and answers of the REST interface of TensorFlow Serving, as a client writes and reads them."""

import base64
import json

import numpy as np

DTYPES = {
    "DT_BOOL": "bool",
    "DT_DOUBLE": "float64",
    "DT_FLOAT": "float32",
    "DT_HALF": "float16",
    "DT_INT8": "int8",
    "DT_INT16": "int16",
    "DT_INT32": "int32",
    "DT_INT64": "int64",
    "DT_STRING": "string",
    "DT_UINT8": "uint8",
    "DT_UINT16": "uint16",
    "DT_UINT32": "uint32",
    "DT_UINT64": "uint64",
}
"""TensorFlow's names of number types, and NumPy's; strings are bytes."""


def predict_body(signature_name, inputs):
    """The body of a `:predict` request in the column format.

    Bytes travel as base64, a file that is repeated is encoded once. Nothing else is escaped or copied twice.

    Args:
        signature_name: name of the signature.
        inputs: dict from names to arrays, or lists of `bytes` and `str`.

    Returns:
        bytes.

    Raises:
        ValueError: a number is not finite; JSON has no such number.

    Example:

    >>> predict_body("segment", {"prompt": ["car"], "threshold": np.zeros(1, "float32")})
    b'{"signature_name":"segment","inputs":{"prompt":["car"],"threshold":[0]}}'
    """
    encoded = {}
    pieces = [b'{"signature_name":', json.dumps(signature_name).encode(), b',"inputs":{']
    for number, (name, value) in enumerate(inputs.items()):
        pieces += [b"," if number else b"", json.dumps(name).encode(), b":"]
        if isinstance(value, np.ndarray) and value.dtype != object:
            pieces.append(_numbers(name, value))
            continue
        pieces.append(b"[")
        for index, item in enumerate(value):
            pieces += [b"," if index else b"", _text(item, encoded)]
        pieces.append(b"]")
    return b"".join((*pieces, b"}}"))


def _numbers(name, array):
    if array.dtype.kind != "f":
        return json.dumps(array.tolist(), separators=(",", ":")).encode()
    if not np.isfinite(array).all():
        raise ValueError(
            f"Numbers must be finite to travel as JSON. Received: {name} with nan or infinity. Use gRPC, or mend them."
        )
    # One format for the whole array: five times as fast as `json`, half as long, and every number is read as it was.
    template = "%.9g" if array.dtype.itemsize <= 4 else "%.17g"
    for size in reversed(array.shape):
        template = f"[{','.join([template] * size)}]"
    return (template % tuple(array.ravel().tolist())).encode()


def _text(item, encoded):
    if isinstance(item, str):
        return json.dumps(item, ensure_ascii=False).encode("utf-8", "replace")
    if item not in encoded:
        encoded[item] = b'{"b64":"' + base64.b64encode(item) + b'"}'
    return encoded[item]


def read_outputs(answer, output_names):
    """The arrays in an answer in the column format.

    Args:
        answer: the parsed body.
        output_names: names of all outputs of the signature; with one output only, its values come without a name.

    Returns:
        dict from names to arrays: numbers as JSON has them, strings as object arrays of `bytes`.

    Raises:
        ValueError: it is no such answer.

    Example:

    >>> read_outputs({"outputs": {"score": [0.5], "status": ["OK"]}}, ["score", "status"])
    {'score': array([0.5]), 'status': array([b'OK'], dtype=object)}
    """
    outputs = answer.get("outputs") if isinstance(answer, dict) else None
    if len(output_names) == 1 and outputs is not None:
        outputs = {output_names[0]: outputs}
    if not isinstance(outputs, dict):
        raise ValueError(f"An answer must hold `outputs`. Received: {str(answer)[:80]}. Is this a model server?")
    return {name: _array(value) for name, value in outputs.items()}


def _array(value):
    first = value[0] if isinstance(value, list) and value else None
    if isinstance(first, (str, dict)):
        array = np.empty(len(value), dtype=object)
        for index, item in enumerate(value):
            array[index] = base64.b64decode(item["b64"]) if isinstance(item, dict) else item.encode()
        return array
    return np.asarray(value)


def read_metadata(answer):
    """What a model takes and gives, from the body of a `/metadata` answer.

    Returns:
        dict with `version` (int) and `signatures`: dict from each name to a dict with `inputs` and `outputs`, in which
        each name has a dict of `dtype`, as in NumPy or "string", and `shape`, a tuple with `None` for any size, itself
        `None` for any rank.

    Raises:
        ValueError: it is no such answer.
    """
    try:
        stored = answer["metadata"]["signature_def"]["signature_def"]
        signatures = {
            name: {
                end: {tensor: _spec(info) for tensor, info in signature.get(end, {}).items()}
                for end in ("inputs", "outputs")
            }
            for name, signature in stored.items()
            if name != "__saved_model_init_op"
        }
        return {"version": int(answer["model_spec"]["version"]), "signatures": signatures}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            f"An answer must hold the model's metadata. Received: {str(answer)[:80]}. Is this a model server?"
        ) from error


def _spec(info):
    shape = info.get("tensor_shape", {})
    sizes = tuple(int(dim["size"]) for dim in shape.get("dim", ()))
    dims = None if shape.get("unknown_rank") else tuple(None if size < 0 else size for size in sizes)
    return {"dtype": DTYPES.get(info["dtype"], info["dtype"]), "shape": dims}


def read_status(answer):
    """The states of a model's versions, from the body of a status answer.

    Returns:
        list of dicts with `version` (int), `state` ("AVAILABLE", "LOADING", "END", ...), `error_code` and
        `error_message`.

    Raises:
        ValueError: it is no such answer.

    Example:

    >>> read_status({"model_version_status": [{"version": "1", "state": "AVAILABLE", "status": {}}]})
    [{'version': 1, 'state': 'AVAILABLE', 'error_code': 'OK', 'error_message': ''}]
    """
    try:
        return [
            {
                "version": int(entry["version"]),
                "state": entry["state"],
                "error_code": entry.get("status", {}).get("error_code", "OK"),
                "error_message": entry.get("status", {}).get("error_message", ""),
            }
            for entry in answer["model_version_status"]
        ]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            f"An answer must hold the versions' states. Received: {str(answer)[:80]}. Is this a model server?"
        ) from error
