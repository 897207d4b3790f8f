import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from kmm.serving.server.request_error import RequestError
from kmm.serving.server.tensor_protos import array_from_proto, array_to_proto, arrays_from_protos, proto_kind

ARRAYS = [
    np.arange(6, dtype="float32").reshape(2, 3),
    np.array([[1, 255]], "uint8"),
    np.array([-5, 2**31 - 1], "int32"),
    np.array([-(2**60)], "int64"),
    np.array([True, False]),
    np.array([b"", b"\x00\xff\x00", "é".encode()], object),
    np.zeros((0, 3), "float32"),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}{array.shape}")
def test_arrays_survive(array):
    np.testing.assert_array_equal(tf.make_ndarray(array_to_proto(array)), array)
    for proto in (array_to_proto(array), tf.make_tensor_proto(array)):
        found = array_from_proto("x", proto)
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)


def test_values_in_typed_fields():
    """As a client in another language may send them."""
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_UINT8, int_val=[1, 2, 3, 4])
    proto.tensor_shape.dim.add().size = 2
    proto.tensor_shape.dim.add().size = 2
    np.testing.assert_array_equal(array_from_proto("x", proto), np.array([[1, 2], [3, 4]], "uint8"))


def test_the_last_value_stands_for_missing_ones():
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, float_val=[1, 2])
    proto.tensor_shape.dim.add().size = 4
    np.testing.assert_array_equal(array_from_proto("x", proto), np.array([1, 2, 2, 2], "float32"))


def proto(dtype, sizes, **values):
    message = tensor_pb2.TensorProto(dtype=dtype, **values)
    for size in sizes:
        message.tensor_shape.dim.add().size = size
    return message


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (proto(types_pb2.DT_FLOAT, [2**20 + 1], float_val=[1]), "1 values do not fit the shape"),
        (proto(types_pb2.DT_STRING, [256], string_val=[b"x" * 99]), "1 values do not fit the shape"),
        (proto(types_pb2.DT_FLOAT, [1] * 65, float_val=[1]), "its shape may have 8 axes"),
        (proto(types_pb2.DT_FLOAT, [0, 2**62, 2**62]), "is of too many values"),
        (proto(types_pb2.DT_FLOAT, [10**6, 10**6], float_val=[1]), "is of too many values"),
        (proto(types_pb2.DT_FLOAT, [2], float_val=[1, 2, 3]), "3 values do not fit the shape"),
        (proto(types_pb2.DT_FLOAT, [2]), "0 values do not fit the shape"),
        (proto(types_pb2.DT_FLOAT, [-1], float_val=[1]), "its shape must be known"),
        (proto(types_pb2.DT_FLOAT, [2], tensor_content=b"123"), "its 3 bytes do not fit the shape"),
        (proto(types_pb2.DT_STRING, [1], tensor_content=b"123"), "its 3 bytes do not fit the shape"),
        (proto(types_pb2.DT_UINT8, [1], int_val=[256]), "a value does not fit DT_UINT8"),
        (proto(types_pb2.DT_VARIANT, [1]), "its dtype DT_VARIANT is not served"),
        (proto(types_pb2.DT_INVALID, [1]), "its dtype DT_INVALID is not served"),
    ],
)
def test_what_is_no_tensor_is_refused(message, words):
    with pytest.raises(RequestError, match=words) as caught:
        array_from_proto("x", message)
    assert caught.value.code == "INVALID_ARGUMENT"


def test_an_unknown_rank_is_refused():
    message = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, float_val=[1])
    message.tensor_shape.unknown_rank = True
    with pytest.raises(RequestError, match="its shape must be known"):
        array_from_proto("x", message)


def test_what_one_request_may_leave_out_is_bounded():
    filled = proto(types_pb2.DT_DOUBLE, [2**19], double_val=[0])
    assert len(arrays_from_protos({"a": filled, "b": filled})) == 2
    with pytest.raises(RequestError, match="1 values do not fit the shape"):
        arrays_from_protos({"a": filled, "b": filled, "c": filled})


def test_the_kind_is_known_without_the_values():
    assert proto_kind("x", proto(types_pb2.DT_FLOAT, [2**20, 3])) == ("float32", (2**20, 3))
