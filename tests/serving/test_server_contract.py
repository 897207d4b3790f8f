"""What clients may expect of a model server: `kmm serve` by default, and TensorFlow Serving where it is at hand.

- `KMM_TF_SERVING=/usr/bin/tensorflow_model_server pytest tests/serving/test_server_contract.py` starts that program;
  `KMM_TF_SERVING_FLAGS` holds further flags, for instance `--enable_batching`.
- `KMM_TF_SERVING_REST=http://127.0.0.1:8501 KMM_TF_SERVING_GRPC=grpc://127.0.0.1:8500` with
  `KMM_TF_SERVING_FOLDER=/models/kmm` asks a server that runs already, for instance in a container. The folder, as these
  tests see it, is the base path of the model `kmm`, with the version policy `all {}` and the labels `stable: 1` and
  `canary: 2`. It is filled if it is empty; start the server with `--allow_version_labels_for_unavailable_models`.
"""

import asyncio
import base64
import concurrent.futures
import contextlib
import http.client
import io
import json
import os
import pathlib
import shlex
import shutil
import socket
import struct
import subprocess
import sys
import urllib.parse
import zlib

import grpc
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import json_format
from PIL import Image
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from kmm.export import SavedModelSession
from kmm.serving import AsyncClient, Client, ModelServer, ServingError

PROMPTS = ["the red car", "left", ""]
LABELS = {"stable": 1, "canary": 2}


@pytest.fixture(scope="module")
def versions(tiny_export, tmp_path_factory):
    """A folder with the versions 1 and 2. Only TensorFlow Serving gets warm-up requests: they take time."""
    given = os.environ.get("KMM_TF_SERVING_FOLDER")
    folder = pathlib.Path(given) if given else tmp_path_factory.mktemp("contract") / "kmm"
    for number in (1, 2):
        if not (folder / str(number)).exists():
            part = folder / f"unfinished-{number}"
            shutil.copytree(tiny_export / "1", part)
            if number == 2 or not {"KMM_TF_SERVING", "KMM_TF_SERVING_REST"} & set(os.environ):
                shutil.rmtree(part / "assets.extra")
            part.rename(folder / str(number))
    return folder


@pytest.fixture(scope="module")
def urls(versions, tmp_path_factory):
    """Addresses of the server under test: REST and gRPC."""
    if "KMM_TF_SERVING_REST" in os.environ:
        yield os.environ["KMM_TF_SERVING_REST"], os.environ["KMM_TF_SERVING_GRPC"]
    elif "KMM_TF_SERVING" in os.environ:
        with tensorflow_serving(versions, tmp_path_factory.mktemp("tensorflow_serving")) as started:
            yield started
    else:
        with ModelServer(versions, rest_port=0, grpc_port=0, versions="all", labels=LABELS) as server:
            yield server.rest_url, server.grpc_url


@contextlib.contextmanager
def tensorflow_serving(versions, folder):
    labels = "".join(f'version_labels {{ key: "{label}" value: {number} }} ' for label, number in LABELS.items())
    config = folder / "models.config"
    config.write_text(
        f'model_config_list {{ config {{ name: "kmm" base_path: "{versions}" model_platform: "tensorflow" '
        f"model_version_policy {{ all {{}} }} {labels}}} }}"
    )
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        rest_port, grpc_port = first.getsockname()[1], second.getsockname()[1]
    command = [
        os.environ["KMM_TF_SERVING"],
        f"--rest_api_port={rest_port}",
        f"--port={grpc_port}",
        f"--model_config_file={config}",
        "--allow_version_labels_for_unavailable_models=true",
        *shlex.split(os.environ.get("KMM_TF_SERVING_FLAGS", "")),
    ]
    with (folder / "log.txt").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            yield f"http://127.0.0.1:{rest_port}", f"grpc://127.0.0.1:{grpc_port}"
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="module")
def ready(urls):
    """The addresses, once both versions answer."""
    for number in (1, 2):
        with Client(urls[0], version=number) as client:
            client.wait_until_ready(120)
    with Client(urls[1]) as client:
        client.wait_until_ready(120)
    return urls


@pytest.fixture(scope="module")
def session(versions):
    with SavedModelSession(versions / "2") as session:
        yield session


@pytest.fixture(scope="module", params=["rest", "grpc"])
def client(request, ready):
    with Client(ready[request.param == "grpc"]) as client:
        yield client


@pytest.fixture(scope="module")
def rest(ready):
    """A function that asks over HTTP, with nothing of kmm: method, path and body in, status and document out."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(ready[0]).netloc, timeout=60)

    def ask(method, path, body=None):
        connection.request(method, path, body if body is None or isinstance(body, bytes) else json.dumps(body))
        response = connection.getresponse()
        # TensorFlow Serving writes \' for quotes in errors, which is no JSON.
        return response.status, json.loads(response.read().replace(b"\\'", b"'"))

    yield ask
    connection.close()


@pytest.fixture(scope="module")
def channel(ready):
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(urllib.parse.urlsplit(ready[1]).netloc, options) as channel:
        yield channel


@pytest.fixture(scope="module")
def predictions(channel):
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


def b64(content):
    return {"b64": base64.b64encode(content).decode()}


def predict_request(inputs, signature_name="serving_default", name="kmm", output_filter=(), **spec):
    request = predict_pb2.PredictRequest(output_filter=output_filter)
    request.model_spec.name, request.model_spec.signature_name = name, signature_name
    if "version" in spec:
        request.model_spec.version.value = spec["version"]
    if "label" in spec:
        request.model_spec.version_label = spec["label"]
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


@pytest.fixture(scope="module")
def expected(session, photographs):
    """What the bare session says to each photograph with the prompt at its place."""
    return session.run({"image_bytes": photographs, "prompt": [prompt.encode() for prompt in PROMPTS]})


# The REST interface of TensorFlow Serving


def test_rest_status(rest):
    def entry(number):
        status = {"error_code": "OK", "error_message": ""}
        return {"version": str(number), "state": "AVAILABLE", "status": status}

    code, document = rest("GET", "/v1/models/kmm")
    assert code == 200 and list(document) == ["model_version_status"]
    assert sorted(document["model_version_status"], key=lambda entry: entry["version"]) == [entry(1), entry(2)]
    assert rest("GET", "/v1/models/kmm/versions/1") == (200, {"model_version_status": [entry(1)]})
    code, document = rest("GET", "/v1/models/kmm/labels/stable")  # TensorFlow Serving tells the states of all versions
    assert code == 200 and entry(1) in document["model_version_status"]


def test_rest_metadata(rest, session):
    for path, version in (("", "2"), ("/versions/1", "1"), ("/labels/stable", "1"), ("/labels/canary", "2")):
        code, document = rest("GET", f"/v1/models/kmm{path}/metadata")
        assert code == 200
        assert document["model_spec"] == {"name": "kmm", "signature_name": "", "version": version}
        stored = document["metadata"]["signature_def"]["signature_def"]
        assert {"serving_default", "segment", "predict_tensors"} <= set(stored)
        for name, signature in stored.items():
            proto = json_format.ParseDict(signature, type(session.signatures[name])())
            assert ends(proto) == ends(session.signatures[name])


def ends(signature):
    """Names, dtypes and shapes of a signature's inputs and outputs."""
    return [
        {name: (info.dtype, [dim.size for dim in info.tensor_shape.dim]) for name, info in tensors.items()}
        for tensors in (signature.inputs, signature.outputs)
    ]


@pytest.mark.parametrize("path", ["", "/versions/1", "/labels/stable", "/labels/canary"])
def test_rest_rows(rest, photographs, expected, path):
    instances = [{"image_bytes": b64(photographs[i]), "prompt": PROMPTS[i]} for i in range(3)]
    code, document = rest("POST", f"/v1/models/kmm{path}:predict", {"instances": instances})
    assert code == 200 and list(document) == ["predictions"] and len(document["predictions"]) == 3
    for index, row in enumerate(document["predictions"]):
        assert sorted(row) == ["mask", "mask_png_bytes", "present", "score", "status"]
        assert np.array_equal(row["mask"], expected["mask"][index])
        assert row["mask_png_bytes"] == b64(expected["mask_png_bytes"][index])
        assert row["score"] == pytest.approx(float(expected["score"][index]), abs=1e-4)
        assert row["present"] == expected["present"][index] and row["status"] == "OK"


def test_rest_columns(rest, photographs, expected):
    inputs = {"image_bytes": [b64(photograph) for photograph in photographs], "prompt": PROMPTS}
    code, document = rest("POST", "/v1/models/kmm:predict", {"signature_name": "serving_default", "inputs": inputs})
    assert code == 200 and list(document) == ["outputs"]
    outputs = document["outputs"]
    assert np.array_equal(outputs["mask"], expected["mask"])
    assert outputs["mask_png_bytes"] == [b64(png) for png in expected["mask_png_bytes"]]
    assert outputs["status"] == ["OK"] * 3 and outputs["present"] == expected["present"].tolist()
    np.testing.assert_allclose(outputs["score"], expected["score"], atol=1e-4)


def test_rest_single_outputs_come_without_a_name(rest, session):
    inputs = {
        "images": np.random.default_rng(0).uniform(0, 255, (2, 16, 16, 3)).astype("float32"),
        "token_ids": np.ones((2, 4), "int32"),
        "padding_mask": np.ones((2, 4), "uint8"),
    }
    logits = session.run(inputs, "predict_tensors")["logits"]
    columns = {name: value.tolist() for name, value in inputs.items()}
    rows = [{name: value[i] for name, value in columns.items()} for i in range(2)]
    body = {"signature_name": "predict_tensors"}
    code, document = rest("POST", "/v1/models/kmm:predict", body | {"inputs": columns})
    assert code == 200
    np.testing.assert_allclose(document["outputs"], logits, atol=1e-3)
    code, document = rest("POST", "/v1/models/kmm:predict", body | {"instances": rows})
    assert code == 200
    np.testing.assert_allclose(document["predictions"], logits, atol=1e-3)


def test_rest_single_inputs_come_without_a_name(rest):
    code, document = rest("POST", "/v1/models/kmm:predict", {"signature_name": "encode_text", "instances": PROMPTS})
    assert code == 200 and len(document["predictions"]) == 3
    assert sorted(document["predictions"][0]) == ["padding_mask", "pooled", "sequence"]


GOOD = {"image_bytes": b64(b"x"), "prompt": "car"}
BAD_BODIES = {
    "no JSON": b"{",
    "a list": [],
    "empty": b"",
    "nothing to predict": {"signature_name": "serving_default"},
    "rows and columns": {"instances": [GOOD], "inputs": {"image_bytes": [b64(b"x")], "prompt": ["car"]}},
    "no rows": {"instances": []},
    "unknown signature": {"signature_name": "nothing", "instances": [GOOD]},
    "signature of another type": {"signature_name": 3, "instances": [GOOD]},
    "missing input": {"instances": [{"prompt": "car"}]},
    "unknown input": {"instances": [GOOD | {"color": "red"}]},
    "rows that differ": {"instances": [GOOD, {"prompt": "car"}]},
    "wrong type": {"instances": [GOOD | {"prompt": 3}]},
    "wrong rank": {"instances": [GOOD | {"prompt": ["car"]}]},
    "wrong base64": {"instances": [GOOD | {"image_bytes": {"b64": "*"}}]},
    "unequal columns": {"inputs": {"image_bytes": [b64(b"x")] * 2, "prompt": ["car"]}},
    "text for numbers": {
        "signature_name": "segment",
        "inputs": {"image_bytes": [b64(b"x")], "prompt": ["car"], "threshold": ["high"]},
    },
    "other shape": {
        "signature_name": "predict_tensors",
        "inputs": {"images": [[[[0, 0, 0]]]], "token_ids": [[1] * 4], "padding_mask": [[1] * 4]},
    },
}


@pytest.mark.parametrize("kind", BAD_BODIES)
def test_rest_bad_bodies(rest, kind):
    code, document = rest("POST", "/v1/models/kmm:predict", BAD_BODIES[kind])
    assert code == 400 and list(document) == ["error"] and document["error"]


@pytest.mark.parametrize("name", ["no", "kmm/versions/9"])
def test_rest_unknown_models_and_versions(rest, name):
    for method, end in (("GET", ""), ("GET", "/metadata"), ("POST", ":predict")):
        code, document = rest(method, f"/v1/models/{name}{end}", {"instances": [GOOD]} if method == "POST" else None)
        assert code == 404 and document["error"], (method, end)


def test_rest_unknown_label(rest):
    code, document = rest("POST", "/v1/models/kmm/labels/none:predict", {"instances": [GOOD]})
    assert code in (400, 404) and "none" in document["error"]


# Its gRPC interface


def test_grpc_predict(predictions, photographs, expected):
    inputs = {"image_bytes": photographs, "prompt": PROMPTS}
    for spec, version in (({}, 2), ({"version": 1}, 1), ({"label": "stable"}, 1), ({"label": "canary"}, 2)):
        response = predictions.Predict(predict_request(inputs, **spec), timeout=60)
        assert response.model_spec.name == "kmm" and response.model_spec.version.value == version
        outputs = {name: tf.make_ndarray(proto) for name, proto in response.outputs.items()}
        assert sorted(outputs) == sorted(expected)
        for name, value in outputs.items():
            assert value.dtype == expected[name].dtype and value.shape == expected[name].shape
            if name == "score":
                np.testing.assert_allclose(value, expected[name], atol=1e-4)
            else:
                assert np.array_equal(value, expected[name])


def test_grpc_output_filter(predictions):
    request = predict_request({"prompt": PROMPTS}, "encode_text", output_filter=["pooled", "padding_mask"])
    assert sorted(predictions.Predict(request, timeout=60).outputs) == ["padding_mask", "pooled"]


ROW = {"image_bytes": [b"x"], "prompt": ["car"]}
BAD_REQUESTS = {
    "unknown model": (predict_request(ROW, name="no"), "NOT_FOUND"),
    "unknown version": (predict_request(ROW, version=9), "NOT_FOUND"),
    "unknown label": (predict_request(ROW, label="none"), "INVALID_ARGUMENT NOT_FOUND"),
    "unknown signature": (predict_request(ROW, "nothing"), "INVALID_ARGUMENT FAILED_PRECONDITION"),
    "unknown output": (predict_request(ROW, output_filter=["color"]), "INVALID_ARGUMENT"),
    "missing input": (predict_request({"prompt": ["car"]}), "INVALID_ARGUMENT"),
    "unknown input": (predict_request(ROW | {"color": ["red"]}), "INVALID_ARGUMENT"),
    "wrong type": (predict_request(ROW | {"prompt": [3]}), "INVALID_ARGUMENT"),
    "wrong rank": (predict_request(ROW | {"prompt": [["car"]]}), "INVALID_ARGUMENT"),
    "scalars": (predict_request({"image_bytes": b"x", "prompt": "car"}), "INVALID_ARGUMENT"),
    "unequal rows": (predict_request(ROW | {"prompt": ["car", "car"]}), "INVALID_ARGUMENT"),
}


@pytest.mark.parametrize("kind", BAD_REQUESTS)
def test_grpc_bad_requests(predictions, kind):
    request, codes = BAD_REQUESTS[kind]
    with pytest.raises(grpc.RpcError) as caught:
        predictions.Predict(request, timeout=60)
    assert caught.value.code().name in codes.split() and caught.value.details()


def test_grpc_metadata(predictions, session):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "kmm"
    response = predictions.GetModelMetadata(request, timeout=60)
    assert response.model_spec.name == "kmm" and response.model_spec.version.value == 2
    stored = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(stored)
    for name, signature in stored.signature_def.items():
        assert ends(signature) == ends(session.signatures[name])


def test_grpc_status(channel):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "kmm"
    stub = model_service_pb2_grpc.ModelServiceStub(channel)
    states = stub.GetModelStatus(request, timeout=60).model_version_status
    assert sorted((entry.version, entry.state, entry.status.error_code) for entry in states) == [(1, 30, 0), (2, 30, 0)]
    request.model_spec.name = "no"
    with pytest.raises(grpc.RpcError) as caught:
        stub.GetModelStatus(request, timeout=60)
    assert caught.value.code().name == "NOT_FOUND"


def test_grpc_other_tasks_are_refused(predictions):
    request = classification_pb2.ClassificationRequest()
    request.model_spec.name = "kmm"
    with pytest.raises(grpc.RpcError) as caught:
        predictions.Classify(request, timeout=60)
    assert caught.value.code().name in ("UNIMPLEMENTED", "INVALID_ARGUMENT", "FAILED_PRECONDITION")


# What kmm's client makes of it


def expected_masks(session, photograph, prompts, threshold=-1.0):
    """The masks at the photograph's own size and the scores, by the bare session."""
    outputs = session.run(
        {
            "image_bytes": [photograph] * len(prompts),
            "prompt": [prompt.encode() for prompt in prompts],
            "threshold": np.full(len(prompts), threshold, "float32"),
        },
        "segment",
    )
    masks = [tf.io.decode_png(png, channels=1)[..., 0].numpy() // 255 for png in outputs["mask_png_bytes"]]
    return np.stack(masks), outputs["score"]


def test_client_segments(client, session, photographs):
    for photograph in photographs:
        for threshold in (None, 0.8):
            answer = client.segment(photograph, PROMPTS, threshold)
            masks, scores = expected_masks(session, photograph, PROMPTS, threshold or -1.0)
            assert answer.masks.dtype == "uint8" and np.array_equal(answer.masks, masks)
            np.testing.assert_allclose(answer.scores, scores, atol=1e-4)
            assert answer.present.dtype == bool and answer.ok
    assert set(np.unique(client.segment(photographs[0], PROMPTS).masks)) == {0, 1}


def test_client_splits_requests(ready, photographs, session):
    for url in ready:
        with Client(url, max_rows=2) as client:
            answers = client.segment_many([(photograph, PROMPTS) for photograph in photographs])
        for photograph, answer in zip(photographs, answers, strict=True):
            assert np.array_equal(answer.masks, expected_masks(session, photograph, PROMPTS)[0])


@pytest.mark.parametrize("file_format", ["jpeg", "png"])
def test_photographs_are_turned_upright(client, photographs, tmp_path, file_format):
    upright = Image.open(io.BytesIO(photographs[0]))
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / f"turned.{file_format}"
    upright.rotate(90, expand=True).save(
        path, exif=exif, **({"quality": 100, "subsampling": 0} if file_format == "jpeg" else {})
    )
    masks = client.segment(path, "left").masks
    assert masks.shape == (1, 16, 24)
    assert np.mean(masks == client.segment(np.asarray(upright), "left").masks) > (
        0.95 if file_format == "jpeg" else 0.999
    )


def bomb(width, height):
    """A PNG file of some bytes whose header announces a large picture."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def test_bad_pictures_do_not_harm_their_neighbors(client, photographs, session):
    bad = [b"", b"GIF89a", photographs[1][:300], bomb(60000, 60000)]
    answers = client.segment_many([(photograph, "left") for photograph in [photographs[0], *bad, photographs[2]]])
    codes = [answer.statuses[0].partition(":")[0] for answer in answers]
    assert codes == ["OK", "NO_IMAGE", "NOT_AN_IMAGE", "DAMAGED", "TOO_MANY_PIXELS", "OK"]
    for answer, photograph in ((answers[0], photographs[0]), (answers[-1], photographs[2])):
        assert np.array_equal(answer.masks, expected_masks(session, photograph, ["left"])[0])
    for answer in answers[1:-1]:
        assert answer.masks.shape == (1, 0, 0) and answer.scores[0] == 0 and not answer.present[0] and not answer.ok
    with pytest.raises(ValueError, match="must be able to read the picture. Received: NOT_AN_IMAGE"):
        client.segment(b"GIF89a", "left")
    with pytest.raises(ValueError, match="must be able to read the picture. Received: NO_IMAGE"):
        client.encode_image(b"")


def test_client_encodes_once_and_asks_often(client, photographs, session):
    picture = client.encode_image(photographs[1])
    assert picture.image_size == (33, 50) and all(level.shape[0] == 1 for level in picture.features.values())
    prompts = PROMPTS * 7
    answer = client.ask(picture, prompts)
    assert answer.masks.shape == (21, 33, 50) and answer.ok
    expected = session.run({"image_bytes": [photographs[1]] * 3, "prompt": [p.encode() for p in PROMPTS]})
    np.testing.assert_allclose(answer.scores[:3], expected["score"], atol=1e-3)
    shares = expected["mask"].mean((1, 2))
    np.testing.assert_allclose(answer.masks[:3].mean((1, 2)), shares, atol=0.1)


def test_requests_at_the_same_time_do_not_mix(ready, photographs, session):
    expected = [expected_masks(session, photograph, PROMPTS) for photograph in photographs]

    def ask(number):
        index = number % 3
        with Client(ready[number % 2]) as client:
            answer = client.segment(photographs[index], PROMPTS)
            asked = client.ask(client.encode_image(photographs[index]), PROMPTS)
        assert np.array_equal(answer.masks, expected[index][0])
        np.testing.assert_allclose(asked.scores, expected[index][1], atol=1e-3)
        return True

    with concurrent.futures.ThreadPoolExecutor(6) as threads:
        assert all(threads.map(ask, range(24)))


def test_client_status_and_metadata(client, ready):
    assert client.wait_until_ready(10) == 2
    states = sorted(client.status(), key=lambda state: state["version"])
    assert [(state["version"], state["state"], state["error_code"]) for state in states] == [
        (1, "AVAILABLE", "OK"),
        (2, "AVAILABLE", "OK"),
    ]
    signature = client.metadata()["signatures"]["segment"]
    assert signature["inputs"]["threshold"] == {"dtype": "float32", "shape": (None,)}
    assert signature["outputs"]["mask_png_bytes"] == {"dtype": "string", "shape": (None,)}
    for url in ready:
        for choice, version in (({"version": 1}, 1), ({"label": "stable"}, 1), ({"label": "canary"}, 2)):
            with Client(url, **choice) as chosen:
                assert chosen.wait_until_ready(10) == chosen.metadata()["version"] == version


def test_client_predicts(client, session, photographs):
    inputs = {"image_bytes": photographs, "prompt": PROMPTS}
    outputs = client.predict(inputs)
    expected = session.run({"image_bytes": photographs, "prompt": [prompt.encode() for prompt in PROMPTS]})
    assert sorted(outputs) == sorted(expected)
    for name, value in outputs.items():
        assert value.dtype == expected[name].dtype and value.shape == expected[name].shape
    assert np.array_equal(outputs["mask"], expected["mask"])
    wanted = ["padding_mask", "pooled"]
    assert list(client.predict({"prompt": PROMPTS}, "encode_text", wanted)) == wanted


@pytest.mark.parametrize("choice", [{"model": "no"}, {"version": 9}])
def test_client_says_what_is_missing(ready, choice):
    for url in ready:
        with Client(url, **choice) as client, pytest.raises(ServingError, match="NOT_FOUND") as caught:
            client.segment(b"x", "left")
        assert caught.value.code == "NOT_FOUND"


def test_async_client(ready, photographs, session):
    async def ask(url):
        async with AsyncClient(url) as client:
            assert await client.wait_until_ready(10) == 2
            return await asyncio.gather(*(client.segment(photograph, PROMPTS) for photograph in photographs))

    for url in ready:
        for photograph, answer in zip(photographs, asyncio.run(ask(url)), strict=True):
            assert np.array_equal(answer.masks, expected_masks(session, photograph, PROMPTS)[0])


def test_client_without_tensorflow(ready, photographs, tmp_path):
    """Over REST the client needs neither TensorFlow nor Keras, nor any package of the extra `serving`."""
    (tmp_path / "photograph.png").write_bytes(photographs[0])
    program = """
import sys
for name in ("tensorflow", "keras", "grpc", "aiohttp", "orjson", "prometheus_client", "google", "matplotlib"):
    sys.modules[name] = None
import kmm
with kmm.serving.Client(sys.argv[1]) as client:
    answer = client.segment(sys.argv[2], ["the red car", "left"])
print(answer.masks.shape, answer.statuses)
"""
    command = [sys.executable, "-c", program, ready[0], str(tmp_path / "photograph.png")]
    root = pathlib.Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "(2, 16, 24) ('OK', 'OK')\n"
