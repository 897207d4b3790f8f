import numpy as np
import pytest

from kmm.serving.server.check_inputs import check_inputs, check_shapes
from kmm.serving.server.request_error import RequestError
from tests.cases.served_echo import ECHO, echo_inputs, signature


def test_rows_are_counted():
    assert check_inputs(ECHO, echo_inputs("a", "b", "c"), max_rows=3) == 3


def test_one_row_may_stand_for_all():
    inputs = {**echo_inputs("a", "b", "c"), "numbers": np.ones((1, 2), "float32")}
    assert check_inputs(ECHO, inputs, max_rows=3) == 3


def test_bytes_need_not_be_text():
    assert check_inputs(signature({"x_bytes": ("string", ())}, {}), {"x_bytes": np.array([b"\xff"], object)}, 5) == 1


NUMBERS = np.zeros((2, 2), "float32")
TEXTS = np.array([b"a", b"b"], object)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({}, r"0!=2. Sent extra: {}. Missing but required: {numbers,text}"),
        ({"text": TEXTS}, r"Missing but required: {numbers}"),
        ({"text": TEXTS, "numbers": NUMBERS, "x": TEXTS}, r"Sent extra: {x}. Missing but required: {}"),
        ({"text": TEXTS, "numbers": NUMBERS.astype("float64")}, "'numbers' must be float32. Received: float64"),
        ({"text": NUMBERS, "numbers": NUMBERS}, "'text' must be string. Received: float32"),
        ({"text": TEXTS, "numbers": TEXTS}, "'numbers' must be float32. Received: string"),
        ({"text": TEXTS, "numbers": np.float32(1) * np.ones(())}, "'numbers' must be float32|must have a batch axis"),
        ({"text": TEXTS, "numbers": np.zeros((), "float32")}, "'numbers' must have a batch axis"),
        ({"text": TEXTS, "numbers": NUMBERS[0]}, r"must have the shape \(batch, 2\). Received: \(2,\)"),
        ({"text": TEXTS, "numbers": NUMBERS[:, :1]}, r"must have the shape \(batch, 2\). Received: \(2, 1\)"),
        ({"text": TEXTS, "numbers": np.zeros((3, 2), "float32")}, "same number of rows. Received: numbers: 3, text: 2"),
        ({"text": TEXTS[:0], "numbers": NUMBERS[:0]}, "1 to 4 rows. Received: 0 rows"),
        (echo_inputs(*"abcde"), "1 to 4 rows. Received: 5 rows"),
        ({"text": np.array([b"a", b"\xff"], object), "numbers": NUMBERS}, "must be UTF-8 text. Received in row 1"),
        ({"text": TEXTS, "numbers": NUMBERS * np.nan}, "must hold finite numbers"),
    ],
)
def test_other_inputs_are_refused(inputs, words):
    with pytest.raises(RequestError, match=words) as caught:
        check_inputs(ECHO, inputs, max_rows=4)
    assert caught.value.code == "INVALID_ARGUMENT"


def test_shapes_are_checked_without_values():
    kinds = {"text": ("string", (4,)), "numbers": ("float32", (1, 2))}
    assert check_shapes(ECHO, kinds, max_rows=4) == 4
    with pytest.raises(RequestError, match="1 to 3 rows. Received: 4 rows"):
        check_shapes(ECHO, kinds, max_rows=3)
