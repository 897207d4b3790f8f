import json

import numpy as np
import pytest

from kmm.serving.server.read_json_request import MOST_LISTS, MOST_VALUES, read_json_request
from kmm.serving.server.request_error import RequestError
from tests.cases.served_echo import ECHO, signature

ONE = signature({"x_bytes": ("string", ())}, {})
KINDS = signature({"i": ("int32", ()), "u": ("uint8", (2,)), "b": ("bool", ()), "s": ("string", (2,))}, {})


def read(body, signature_def=ECHO, max_rows=4):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_json_request(body, lambda name: signature_def, max_rows)


def test_rows():
    rows = [{"text": "é", "numbers": [1, 2.5]}, {"text": {"b64": "/wA="}, "numbers": [3, 4]}]
    name, inputs, by_row = read({"signature_name": "other", "instances": rows})
    assert (name, by_row) == ("other", True)
    assert list(inputs["text"]) == ["é".encode(), b"\xff\x00"] and inputs["numbers"].dtype == np.float32
    np.testing.assert_array_equal(inputs["numbers"], [[1, 2.5], [3, 4]])


def test_columns():
    name, inputs, by_row = read({"inputs": {"text": ["a", "b"], "numbers": [[1, 2], [3, 4]]}})
    assert (name, by_row) == ("serving_default", False)
    assert list(inputs["text"]) == [b"a", b"b"] and inputs["numbers"].shape == (2, 2)


@pytest.mark.parametrize("body", [{"instances": ["a", {"b64": "Yg=="}]}, {"inputs": ["a", {"b64": "Yg=="}]}])
def test_a_single_input_needs_no_name(body):
    assert list(read(body, ONE)[1]["x_bytes"]) == [b"a", b"b"]


def test_an_empty_signature_name_is_the_default():
    assert read({"signature_name": "", "inputs": ["a"]}, ONE)[0] == "serving_default"


def test_kinds_of_numbers():
    inputs = read({"inputs": {"i": [-1, 2], "u": [[0, 255]] * 2, "b": [True, False], "s": [["a", "b"]] * 2}}, KINDS)[1]
    assert {name: array.dtype.name for name, array in inputs.items()} == {
        "i": "int32",
        "u": "uint8",
        "b": "bool",
        "s": "object",
    }
    assert inputs["s"].shape == (2, 2) and inputs["s"][1, 1] == b"b"


ROW = {"text": "a", "numbers": [1, 2]}
KIND = {"i": [1], "u": [[1, 2]], "b": [True], "s": [["a", "b"]]}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "JSON Parse error"),
        (b"{", "JSON Parse error"),
        (b'{"inputs": "\xff"}', "JSON Parse error"),
        (b'{"inputs": [NaN]}', "JSON Parse error"),
        (b"[" * 5000, "JSON Parse error"),
        ([1], r"JSON Value: \[1\] Is not object"),
        ({"signature_name": 5, "instances": [ROW]}, "'signature_name' key must be a string value"),
        ({}, "Missing 'inputs' or 'instances' key"),
        ({"inputs": ROW, "instances": [ROW]}, "only one of 'inputs' or 'instances'"),
        ({"instances": ROW}, "'instances' to be a list"),
        ({"instances": []}, "at least one value"),
        ({"instances": ["a"]}, "instances is a plain list, but expecting list of objects"),
        ({"instances": [ROW, {"text": "a"}]}, "process element: 1 .* keys must be equal to: numbers,text"),
        ({"instances": [ROW, 5]}, "process element: 1 .* JSON object: 5"),
        ({"instances": [ROW] * 5}, "1 to 4 rows. Received: 5 rows"),
        ({"inputs": "a"}, "inputs is a plain value/list, but expecting an object"),
        ({"inputs": {"text": ["a"]}}, "Missing named input: numbers in 'inputs' object"),
        ({"inputs": {"text": ["a"], "numbers": [[1, 2]], "x": [1]}}, "does not have named input: 'x'"),
        ({"inputs": {"text": "a", "numbers": [[1, 2]]}}, "'text' must have a batch axis. Received: JSON Value: 'a'"),
        ({"inputs": {"text": ["a"] * 5, "numbers": [[1, 2]]}}, "1 to 4 rows. Received: 5 rows"),
        ({"inputs": {"text": [1], "numbers": [[1, 2]]}}, r"JSON Value: \[1\] is not of expected type: string"),
        ({"inputs": {"text": [None], "numbers": [[1, 2]]}}, r"\[None\] is not of expected type: string"),
        ({"inputs": {"text": [{"b65": "aa"}], "numbers": [[1, 2]]}}, "is not of expected type: string"),
        ({"inputs": {"text": [{"b64": "a*="}], "numbers": [[1, 2]]}}, "Unable to base64 decode"),
        ({"inputs": {"text": [{"b64": "é"}], "numbers": [[1, 2]]}}, "Unable to base64 decode"),
        ({"inputs": {"text": ["a"], "numbers": [["1", 2]]}}, "is not of expected type: float32"),
        ({"inputs": {"text": ["a"], "numbers": [[None, 2]]}}, "is not of expected type: float32"),
        ({"inputs": {"text": ["a"], "numbers": [[True, 2]]}}, "is not of expected type: float32"),
        ({"inputs": {"text": ["a"], "numbers": [{"b64": "aa=="}]}}, "is not of expected type: float32"),
        ({"inputs": {"text": ["a"], "numbers": [[1, 2], [3]]}}, r"one length. Received: \[1, 2\]"),
        ({"inputs": {"text": ["a"], "numbers": [[1, [2]]]}}, "is not of expected type: float32"),
        (b'{"inputs": {"text": ["a"], "numbers": ' + b"[" * 20 + b"1" + b"]" * 20 + b"}}", "must have one length"),
    ],
)
def test_other_bodies_are_refused(body, words):
    with pytest.raises(RequestError, match=words) as caught:
        read(body)
    assert caught.value.code == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"i": [1.5]}, "is not of expected type: int32"),
        ({"i": [2**31]}, "must hold values of int32"),
        ({"i": [2**64 - 1]}, "must hold values of int32"),
        ({"u": [[-1, 0]]}, "must hold values of uint8"),
        ({"b": [1]}, "is not of expected type: bool"),
    ],
)
def test_numbers_of_another_kind_are_refused(change, words):
    with pytest.raises(RequestError, match=words):
        read({"inputs": {**KIND, **change}}, KINDS)


def test_plain_rows_and_named_ones_do_not_mix():
    with pytest.raises(RequestError, match="Expecting value/list but got object"):
        read({"instances": ["a", {"x_bytes": "b"}]}, ONE)


@pytest.mark.parametrize("body", [b"," * (MOST_VALUES + 1), b"[" * (MOST_LISTS + 1)])
def test_a_flood_of_values_is_refused_before_it_is_parsed(body):
    with pytest.raises(RequestError, match="send them over gRPC"):
        read(body)


def test_long_values_are_cut_in_messages():
    with pytest.raises(RequestError, match=r"aaa\.\.\. is not of expected type: float32") as caught:
        read({"inputs": {"text": ["a"], "numbers": ["a" * 10**6]}})
    assert len(str(caught.value)) < 300


def test_what_the_signature_function_raises_goes_through():
    def unknown(name):
        raise RequestError("FAILED_PRECONDITION", f"no {name}")

    with pytest.raises(RequestError, match="no other"):
        read_json_request(b'{"signature_name": "other", "inputs": [1]}', unknown, 4)
