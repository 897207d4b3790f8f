"""Arrays as `TensorProto` messages and back."""

import math

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from kmm.serving.server.request_error import RequestError

_FIELDS = {
    types_pb2.DT_FLOAT: "float_val",
    types_pb2.DT_DOUBLE: "double_val",
    types_pb2.DT_INT32: "int_val",
    types_pb2.DT_UINT8: "int_val",
    types_pb2.DT_INT16: "int_val",
    types_pb2.DT_INT8: "int_val",
    types_pb2.DT_INT64: "int64_val",
    types_pb2.DT_BOOL: "bool_val",
    types_pb2.DT_STRING: "string_val",
}
_MOST_AXES = 8
_MOST_VALUES = 1 << 31
_MOST_FILLED = 1 << 20
"""How many values may stand for others in one request."""


def proto_kind(name, proto):
    """The name of the dtype and the shape that a `TensorProto` from a stranger states; its values are not read.

    Raises:
        RequestError: `INVALID_ARGUMENT`: a dtype or shape that no input has.
    """
    if proto.dtype not in _FIELDS:
        raise _refuse(name, f"its dtype {_dtype_name(proto.dtype)} is not served")
    if len(proto.tensor_shape.dim) > _MOST_AXES:
        raise _refuse(name, f"its shape may have {_MOST_AXES} axes")
    shape = tuple(dim.size for dim in proto.tensor_shape.dim)
    if proto.tensor_shape.unknown_rank or min(shape, default=0) < 0:
        raise _refuse(name, "its shape must be known")
    if math.prod(max(size, 1) for size in shape) > _MOST_VALUES:
        raise _refuse(name, f"its shape {list(shape)} is of too many values")
    return tf.dtypes.as_dtype(proto.dtype).name, shape


def arrays_from_protos(protos):
    """The arrays of the inputs of one request, a dict from names to `TensorProto`; see `array_from_proto`."""
    arrays, left = {}, _MOST_FILLED
    for name, proto in protos.items():
        arrays[name] = array_from_proto(name, proto, left)
        if not proto.tensor_content and len(getattr(proto, _FIELDS[proto.dtype])) < arrays[name].size:
            left -= arrays[name].size
    return arrays


def array_from_proto(name, proto, most_filled=_MOST_FILLED):
    """The array of a `TensorProto` from a stranger.

    A message may state a shape and fewer numbers than that; the last one then stands for the others. Here this is only
    allowed up to some values, since such a message of some bytes could claim all memory, and never for strings.

    Args:
        name: the input's name, for the error.
        proto: `TensorProto`.
        most_filled: the most values of an array that is filled so.

    Returns:
        array; strings as an object array of `bytes`.

    Raises:
        RequestError: `INVALID_ARGUMENT`: an unknown dtype or shape, or values that do not fit the shape.
    """
    kind, shape = proto_kind(name, proto)
    count = math.prod(shape)
    is_string = kind == "string"
    dtype = np.dtype(object if is_string else kind)
    if proto.tensor_content:
        if is_string or len(proto.tensor_content) != count * dtype.itemsize:
            raise _refuse(name, f"its {len(proto.tensor_content)} bytes do not fit the shape {list(shape)}")
        return np.frombuffer(proto.tensor_content, dtype).reshape(shape)
    values = getattr(proto, _FIELDS[proto.dtype])
    if len(values) != count and (is_string or not 0 < len(values) < count <= most_filled):
        raise _refuse(name, f"its {len(values)} values do not fit the shape {list(shape)}")
    array = np.empty(count, dtype)
    try:
        array[: len(values)] = np.fromiter(values, dtype, len(values))
    except OverflowError:
        raise _refuse(name, f"a value does not fit {_dtype_name(proto.dtype)}") from None
    if len(values) < count:
        array[len(values) :] = values[-1]
    return array.reshape(shape)


def array_to_proto(array):
    """The `TensorProto` of an array; numbers travel as raw bytes.

    Example:

    >>> proto = array_to_proto(np.arange(6, dtype="float32").reshape(2, 3))
    >>> array_from_proto("x", proto).shape
    (2, 3)
    """
    string = array.dtype == object
    proto = tensor_pb2.TensorProto(
        dtype=types_pb2.DT_STRING if string else tf.dtypes.as_dtype(array.dtype).as_datatype_enum
    )
    for size in array.shape:
        proto.tensor_shape.dim.add().size = size
    if string:
        proto.string_val.extend(array.ravel())
    else:
        proto.tensor_content = array.tobytes()
    return proto


def _dtype_name(number):
    return types_pb2.DataType.Name(number) if number in types_pb2.DataType.values() else str(number)


def _refuse(name, why):
    return RequestError("INVALID_ARGUMENT", f"Input {name[:80]!r} is no tensor that is served: {why}.")
