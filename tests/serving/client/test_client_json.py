import json

import numpy as np
import pytest

from kmm.serving.client.client_json import predict_body, read_metadata, read_outputs, read_status


def test_body():
    inputs = {
        "image_bytes": [b"\x89PNG\xff", b"", b"\x89PNG\xff"],
        "prompt": ['the "red" car\n', "Straße \u65e5", "\ud83d"],
        "threshold": np.array([0.5, -1.0, 0.25], "float32"),
        "token_ids": np.arange(6, dtype="int32").reshape(3, 2),
        "text": np.array([b"a", "b", b"c"], object),
    }
    body = json.loads(predict_body("segment", inputs))
    assert body == {
        "signature_name": "segment",
        "inputs": {
            "image_bytes": [{"b64": "iVBOR/8="}, {"b64": ""}, {"b64": "iVBOR/8="}],
            "prompt": ['the "red" car\n', "Straße \u65e5", "?"],
            "threshold": [0.5, -1.0, 0.25],
            "token_ids": [[0, 1], [2, 3], [4, 5]],
            "text": [{"b64": "YQ=="}, "b", {"b64": "Yw=="}],
        },
    }


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "uint8", "bool"])
def test_numbers_survive(dtype):
    values = 10 * np.random.default_rng(0).normal(size=(5, 4, 3))
    values = (values * 10.0 ** np.arange(-4, 1)[:, None, None]).astype(dtype)
    for array in (values, values[:, 0, 0], values[:0], values[0, 0, 0] + np.zeros((), dtype)):
        sent = json.loads(predict_body("ask", {"P2": np.asarray(array)}))["inputs"]["P2"]
        assert np.array_equal(np.asarray(sent, dtype).reshape(np.shape(array)), array)
    assert values.any()


def test_numbers_must_be_finite():
    with pytest.raises(ValueError, match="must be finite to travel as JSON. Received: P2 with nan"):
        predict_body("ask", {"P2": np.array([np.nan])})


def test_outputs():
    outputs = read_outputs(
        {"outputs": {"mask": [[1, 0]], "mask_png_bytes": [{"b64": "iVBOR/8="}], "status": ["OK"], "none": []}},
        ["mask", "mask_png_bytes", "status", "none"],
    )
    assert outputs["mask"].shape == (1, 2) and outputs["none"].shape == (0,)
    assert outputs["mask_png_bytes"].tolist() == [b"\x89PNG\xff"] and outputs["status"].tolist() == [b"OK"]


def test_a_single_output_comes_without_its_name():
    assert read_outputs({"outputs": [[0.5]]}, ["logits"])["logits"].tolist() == [[0.5]]
    assert read_outputs({"outputs": ["OK"]}, ["status"])["status"].tolist() == [b"OK"]


@pytest.mark.parametrize("answer", [None, [], {}, {"outputs": 3}, {"predictions": []}, {"outputs": None}])
def test_what_holds_no_outputs(answer):
    with pytest.raises(ValueError, match="An answer must hold `outputs`. Received:"):
        read_outputs(answer, ["a", "b"])


def test_metadata():
    stored = {
        "inputs": {
            "image_bytes": {"dtype": "DT_STRING", "tensor_shape": {"dim": [{"size": "-1"}], "unknown_rank": False}}
        },
        "outputs": {
            "mask": {"dtype": "DT_UINT8", "tensor_shape": {"dim": [{"size": "-1"}, {"size": "16"}, {"size": "24"}]}},
            "free": {"dtype": "DT_FLOAT", "tensor_shape": {"unknown_rank": True}},
            "odd": {"dtype": "DT_BFLOAT16", "tensor_shape": {"dim": []}},
        },
    }
    answer = {
        "model_spec": {"name": "kmm", "signature_name": "", "version": "3"},
        "metadata": {"signature_def": {"signature_def": {"segment": stored, "__saved_model_init_op": {}}}},
    }
    assert read_metadata(answer) == {
        "version": 3,
        "signatures": {
            "segment": {
                "inputs": {"image_bytes": {"dtype": "string", "shape": (None,)}},
                "outputs": {
                    "mask": {"dtype": "uint8", "shape": (None, 16, 24)},
                    "free": {"dtype": "float32", "shape": None},
                    "odd": {"dtype": "DT_BFLOAT16", "shape": ()},
                },
            }
        },
    }


@pytest.mark.parametrize("answer", [None, {}, {"metadata": {"signature_def": {}}}, {"metadata": []}])
def test_what_holds_no_metadata(answer):
    with pytest.raises(ValueError, match="must hold the model's metadata. Received:"):
        read_metadata(answer)


def test_status():
    entry = {"version": "2", "state": "END", "status": {"error_code": "INTERNAL", "error_message": "broken"}}
    assert read_status({"model_version_status": [entry]}) == [
        {"version": 2, "state": "END", "error_code": "INTERNAL", "error_message": "broken"}
    ]


@pytest.mark.parametrize("answer", [None, {}, {"model_version_status": [{}]}, {"model_version_status": 3}])
def test_what_holds_no_status(answer):
    with pytest.raises(ValueError, match="must hold the versions' states. Received:"):
        read_status(answer)
