import json

import numpy as np
import pytest

import kmm.serving.server.write_json_answer as module
from kmm.serving.server.request_error import RequestError
from kmm.serving.server.write_json_answer import json_size, write_json_answer

OUTPUTS = {
    "mask": np.array([[[0, 1]], [[1, 1]]], "uint8"),
    "png_bytes": np.array([b"\xff", b""], object),
    "score": np.array([0.1, np.nan], "float32"),
    "status": np.array([b"OK", b"\xff"], object),
}


def test_rows():
    assert json.loads(write_json_answer(OUTPUTS, by_row=True))["predictions"] == [
        {"mask": [[0, 1]], "png_bytes": {"b64": "/w=="}, "score": 0.1, "status": "OK"},
        {"mask": [[1, 1]], "png_bytes": {"b64": ""}, "score": None, "status": "\ufffd"},
    ]


def test_columns():
    found = json.loads(write_json_answer(OUTPUTS, by_row=False))["outputs"]
    assert found["mask"] == [[[0, 1]], [[1, 1]]] and found["png_bytes"] == [{"b64": "/w=="}, {"b64": ""}]


@pytest.mark.parametrize(("by_row", "key"), [(True, "predictions"), (False, "outputs")])
def test_a_single_output_has_no_name(by_row, key):
    for name, values in (("score", [0.5, 1.0]), ("mask", [[1, 2], [3, 4]])):
        assert json.loads(write_json_answer({name: np.array(values)}, by_row)) == {key: values}
    texts = np.array([[b"a", b"b"]], object)
    assert json.loads(write_json_answer({"x_bytes": texts}, by_row)) == {key: [[{"b64": "YQ=="}, {"b64": "Yg=="}]]}


def test_an_output_without_rows():
    assert write_json_answer({"a": np.float32(1) * np.ones(())}, by_row=False) == b'{"outputs":1.0}'
    with pytest.raises(RequestError, match="Output 'a' has no batch axis; ask with 'inputs'"):
        write_json_answer({"a": np.ones(()), "b": np.zeros(1)}, by_row=True)


def test_rows_of_different_numbers_are_refused():
    with pytest.raises(RequestError, match="inconsistent batch sizes .a: 2, b: 1."):
        write_json_answer({"a": np.zeros(2), "b": np.zeros(1)}, by_row=True)


def test_too_many_numbers_are_refused(monkeypatch):
    monkeypatch.setattr(module, "MOST_VALUES", 5)
    with pytest.raises(RequestError, match="more than 5 values; send fewer rows, or ask over gRPC") as caught:
        write_json_answer({"mask": np.zeros((2, 3), "uint8")}, by_row=True)
    assert caught.value.http_status == 400


def test_the_size_is_about_that_of_the_answer():
    outputs = {"mask": np.full((2, 300), 255, "uint8"), "a_bytes": np.array([b"x" * 500], object)}
    assert 0.5 < json_size(outputs) / len(write_json_answer(outputs, by_row=False)) < 2
