"""Arrays as `TensorProto` messages and back."""

import math

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from kmm.serving.request_error import RequestError

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
_MOST_REPEATED = 1 << 20


def array_from_proto(name, proto):
    """The array of a `TensorProto` from a stranger.

    A message may state a shape and fewer values than that; the last one then stands for the others. Here this is only
    allowed up to a million values, since such a message of some bytes could claim all memory.

    Args:
        name: the input's name, for the error.
        proto: `TensorProto`.

    Returns:
        array; strings as an object array of `bytes`.

    Raises:
        RequestError: `INVALID_ARGUMENT`: an unknown dtype or shape, or values that do not fit the shape.
    """
    if proto.dtype not in _FIELDS:
        raise _refuse(name, f"its dtype {_dtype_name(proto.dtype)} is not served")
    shape = [dim.size for dim in proto.tensor_shape.dim]
    if proto.tensor_shape.unknown_rank or min(shape, default=0) < 0:
        raise _refuse(name, "its shape must be known")
    count = math.prod(shape)
    dtype = np.dtype(object if proto.dtype == types_pb2.DT_STRING else tf.dtypes.as_dtype(proto.dtype).as_numpy_dtype)
    if proto.tensor_content:
        if dtype.hasobject or len(proto.tensor_content) != count * dtype.itemsize:
            raise _refuse(name, f"its {len(proto.tensor_content)} bytes do not fit the shape {shape}")
        return np.frombuffer(proto.tensor_content, dtype).reshape(shape)
    values = getattr(proto, _FIELDS[proto.dtype])
    if len(values) != count and not (0 < len(values) < count <= _MOST_REPEATED):
        raise _refuse(name, f"its {len(values)} values do not fit the shape {shape}")
    array = np.empty(count, dtype)
    try:
        array[: len(values)] = list(values)
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
