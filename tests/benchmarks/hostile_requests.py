"""Requests that nobody should send, for `soak_serving.py`: what each gets, and what it may get."""

import base64
import contextlib
import http.client
import json
import random
import re
import socket
import threading
import urllib.parse

import grpc
import hostile_files
import numpy as np
from send_half_message import send_half_message
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2
from tensorflow_serving.apis import predict_pb2

SECONDS = 60
REFUSED, ROW, SERVED = "4[0-9][0-9]", "row [A-Z_]+", "served"
REFUSED_GRPC = "INVALID_ARGUMENT|NOT_FOUND|RESOURCE_EXHAUSTED|FAILED_PRECONDITION|UNIMPLEMENTED|OUT_OF_RANGE"
BIG = 100 * 2**20
MANY = 16
"""How many bombs one request has."""


class HostileRequests:
    """Sends hostile requests to one server.

    `kinds` maps the name of each kind to a function that sends one and returns what came back: a status such as "400",
    "row NOT_AN_IMAGE" for an answer with that status in its row, "served" for an answer without complaint, the name of
    a gRPC code, or "closed" for a connection that the server ended.
    """

    def __init__(self, rest, grpc_url, name, photograph, card):
        self.address = urllib.parse.urlsplit(rest)
        self.path = f"/v1/models/{name}:predict"
        self.name, self.photograph, self.with_words = name, photograph, card["reads_words"]
        host, _, port = grpc_url.removeprefix("grpc://").rpartition(":")
        self.channel = grpc.insecure_channel(
            grpc_url.removeprefix("grpc://"),
            options=[("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)],
        )
        jpeg = hostile_files.jpeg(photograph)
        side = int(card["max_pixels"] ** 0.5)
        self.files = {
            "half a JPEG": jpeg[: len(jpeg) // 2],
            "a JPEG's first 30 bytes": jpeg[:30],
            "JPEG with random bytes inside": hostile_files.damaged(jpeg),
            "JPEG with random EXIF data": hostile_files.with_exif(jpeg, random.Random(2).randbytes(3000)),
            "JPEG with EXIF data that point far away": hostile_files.with_exif(
                jpeg,
                hostile_files.exif(0x112, 3, 2**32 - 1, 2**32 - 1, entries=2**16 - 1),
            ),
            "JPEG with EXIF data that turn in a circle": hostile_files.with_exif(
                jpeg, hostile_files.exif(0x8769, 4, 1, 8, following=8)
            ),
            "JPEG with EXIF orientation 60,000": hostile_files.with_exif(jpeg, hostile_files.exif(0x112, 3, 1, 60_000)),
            "JPEG with cut EXIF data": hostile_files.with_exif(jpeg, b"II*\0\x08"),
            "JPEG header of 65,500 x 65,500": hostile_files.resized_jpeg(jpeg, 65500),
            "PNG header of 60,000 x 60,000": hostile_files.png_header(60000, 60000),
            "PNG header of 2 x 2**31 - 1": hostile_files.png_header(2, 2**31 - 1),
            "half a PNG": hostile_files.png(300, 200)[:400],
            "PNG that inflates beyond its size": hostile_files.png_with_text(2**28),
            "PNG with a wrong checksum": hostile_files.wrong_checksum(hostile_files.png(40, 30)),
            "GIF": b"GIF89a" + bytes(500),
            "BMP": b"BM" + bytes(500),
            "no bytes": b"",
            "random bytes": random.Random(0).randbytes(50_000),
        }
        bomb = hostile_files.flat_png(side, side)
        self.kinds = {
            **{f"file: {kind}": self._asker(content) for kind, content in self.files.items()},
            "file: flat PNG just under the limit": self._asker(bomb),
            "many different flat PNGs just under the limit": lambda: self._post(
                self._bodies([bomb + bytes([number]) for number in range(MANY)])
            ),
            "file over gRPC: PNG header of 60,000 x 60,000": lambda: self._ask_grpc(
                self.files["PNG header of 60,000 x 60,000"]
            ),
            "file over gRPC: half a JPEG": lambda: self._ask_grpc(jpeg[: len(jpeg) // 2]),
            "body of 100 MB": lambda: self._post(b"{" + bytes(BIG)),
            "body of 100 MB in chunks": lambda: self._post_chunks(encode_chunked=True),
            "body of 100 MB that are no chunks": lambda: self._post_chunks(encode_chunked=False),
            "gRPC message of 100 MB": lambda: self._call(bytes(BIG)),
            "body: no JSON": lambda: self._post(b"segment, please"),
            "body: bad UTF-8": lambda: self._post(self._body(jpeg, prompt="???").replace(b"???", b"\xff\xfe\xc0")),
            "body: 100,000 brackets": lambda: self._post(b"[" * 100_000),
            "body: a list": lambda: self._post(b"[1, 2]"),
            "body: nothing": lambda: self._post(b""),
            "body: NaN": lambda: self._post(b'{"signature_name":"predict_tensors","instances":[{"images":NaN}]}'),
            "body: cut": lambda: self._post(self._body(jpeg)[:-20]),
            "prompt of bad UTF-8 in base64": lambda: self._post(self._body(jpeg, prompt={"b64": "//7A"})),
            "prompt of 1 MB": lambda: self._post(self._body(jpeg, prompt="red " * 2**18)),
            "prompt: a number": lambda: self._post(self._body(jpeg, prompt=3)),
            "wrong base64": lambda: self._post(self._body(jpeg, image_bytes={"b64": "!!!"})),
            "image_bytes: a number": lambda: self._post(self._body(jpeg, image_bytes=7)),
            "threshold: a word": lambda: self._post(self._body(jpeg, threshold="high")),
            "threshold: 1e999": lambda: self._post(self._body(jpeg).replace(b"0.5", b"1e999")),
            "another input": lambda: self._post(self._body(jpeg, nonsense=1)),
            "a missing input": lambda: self._post(b'{"signature_name":"segment","instances":[{"threshold":0.5}]}'),
            "no rows": lambda: self._post(b'{"signature_name":"segment","instances":[]}'),
            "unequal columns": lambda: self._post(self._unequal(jpeg)),
            "10,000 prompts": lambda: self._post(self._many(b"no picture", 10_000)),
            "10,000 prompts over gRPC": lambda: self._ask_grpc(b"no picture", rows=10_000),
            "another signature": lambda: self._post(b'{"signature_name":"train","instances":[{"x":1}]}'),
            "another model": lambda: self._post(self._body(jpeg), "/v1/models/nobody:predict"),
            "another version": lambda: self._post(self._body(jpeg), f"/v1/models/{name}/versions/987654:predict"),
            "another path": lambda: self._post(b"{}", "/v1/models/../../etc/passwd"),
            "another method": lambda: self._post(b"{}", method="DELETE"),
            "header of 1 MB": lambda: self._post(b"{}", headers={"X-Long": "x" * 2**20}),
            "no HTTP": lambda: self._raw(b"\x16\x03\x01\x02\x00hello\r\n\r\n"),
            "gRPC: random bytes": lambda: self._call(random.randbytes(2000)),
            "gRPC: nothing": lambda: self._call(b""),
            "gRPC: a shape that lies": lambda: self._call(self._lie([2**40], types_pb2.DT_STRING)),
            "gRPC: a negative shape": lambda: self._call(self._lie([-5], types_pb2.DT_STRING)),
            "gRPC: 2**62 numbers": lambda: self._call(self._lie([2**31, 2**31], types_pb2.DT_FLOAT)),
            "gRPC: 65 axes": lambda: self._call(self._lie([1] * 65, types_pb2.DT_FLOAT, float_val=[1])),
            "gRPC: 0 x 2**62 x 2**62": lambda: self._call(self._lie([0, 2**62, 2**62], types_pb2.DT_FLOAT)),
            "gRPC: one string of 20 MB for 256 rows": lambda: self._call(
                self._lie([256], types_pb2.DT_STRING, string_val=[bytes(20 * 2**20)])
            ),
            "gRPC: one string of 20 MB for 2**20 rows": lambda: self._call(
                self._lie([2**20], types_pb2.DT_STRING, string_val=[b"a" * (20 * 2**20)])
            ),
            "gRPC: 2**20 numbers from one": lambda: self._call(self._lie([2**20], types_pb2.DT_FLOAT, float_val=[0])),
            "gRPC: 20,000 inputs of 2**20 numbers": lambda: self._call(self._many_inputs(20_000)),
            "gRPC: headers, then silence": self._silent_call,
            "gRPC: half a message, then silence": lambda: send_half_message(host, int(port), 2 * SECONDS),
            "gRPC: another dtype": lambda: self._call(self._lie([1], types_pb2.DT_INT32)),
            "gRPC: another method": lambda: self._call(b"", "/tensorflow.serving.PredictionService/Train"),
            "connection that stops in the header": lambda: self._half_open(b"POST / HTTP/1.1\r\nHost: x\r\n"),
            "connection that stops in the body": lambda: self._half_open(
                f"POST {self.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n{{".encode()
            ),
        }  # fmt: skip
        self.allowed = {kind: f"{REFUSED}|{ROW}" for kind in self.kinds}
        # Damage that the decoders do not see, words that the tokenizer cleans, and an odd picture, are served.
        for kind in (
            "file: JPEG with random bytes inside", "file: JPEG with random EXIF data",
            "file: JPEG with EXIF data that point far away", "file: JPEG with EXIF data that turn in a circle",
            "file: JPEG with EXIF orientation 60,000", "file: JPEG with cut EXIF data",
            "many different flat PNGs just under the limit", "file: PNG that inflates beyond its size",
            "file: PNG with a wrong checksum", "file: flat PNG just under the limit", "prompt of bad UTF-8 in base64",
            "prompt of 1 MB",
        ):  # fmt: skip
            self.allowed[kind] += f"|{SERVED}"
        for kind in self.kinds:
            if "gRPC" in kind:
                self.allowed[kind] = f"{REFUSED_GRPC}|{ROW}"
            if kind.startswith("connection") or "100 MB" in kind or kind in ("header of 1 MB", "no HTTP"):
                self.allowed[kind] += "|closed"
            if "silence" in kind:
                self.allowed[kind] = "DEADLINE_EXCEEDED|closed"
        self.allowed["many different flat PNGs just under the limit"] += "|504"
        self.slow = {kind for kind in self.kinds if kind.startswith("connection") or "silence" in kind}
        if not self.with_words:
            self.kinds = {kind: send for kind, send in self.kinds.items() if "prompt" not in kind}

    def send(self, kind):
        """Sends one, and returns what came back and whether it may be so."""
        try:
            outcome = self.kinds[kind]()
        except grpc.RpcError as error:
            outcome = error.code().name
        except TimeoutError:
            outcome = "no answer in time"
        except (OSError, http.client.HTTPException) as error:
            closed = isinstance(error, (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected))
            outcome = "closed" if closed else f"{type(error).__name__}: {error}"
        return outcome, re.fullmatch(self.allowed[kind], outcome) is not None

    # Over REST

    def _asker(self, content):
        return lambda: self._post(self._body(content))

    def _row(self, content, **changes):
        row = {"image_bytes": {"b64": base64.b64encode(content).decode()}, "threshold": 0.5}
        return {**row, **({"prompt": "the red car"} if self.with_words else {}), **changes}

    def _body(self, content, **changes):
        return json.dumps({"signature_name": "segment", "instances": [self._row(content, **changes)]}).encode()

    def _many(self, content, rows):
        return json.dumps({"signature_name": "segment", "instances": [self._row(content)] * rows}).encode()

    def _bodies(self, contents):
        rows = [self._row(content) for content in contents]
        return json.dumps({"signature_name": "segment", "instances": rows}).encode()

    def _unequal(self, content):
        columns = {name: [value] for name, value in self._row(content).items()}
        return json.dumps({"signature_name": "segment", "inputs": {**columns, "threshold": [0.5] * 3}}).encode()

    def _post(self, body, path=None, method="POST", headers=(), encode_chunked=False):
        connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=SECONDS)
        with contextlib.closing(connection):
            try:
                connection.request(method, path or self.path, body, dict(headers), encode_chunked=encode_chunked)
            except (BrokenPipeError, ConnectionResetError):
                pass  # the server may answer before it has read all
            response = connection.getresponse()
            return self._outcome(response.status, response.read()) if response.status == 200 else str(response.status)

    def _post_chunks(self, encode_chunked):
        chunks = (bytes(2**20) for _ in range(BIG >> 20))
        return self._post(chunks, headers={"Transfer-Encoding": "chunked"}, encode_chunked=encode_chunked)

    @staticmethod
    def _outcome(status, content):
        if status != 200:
            return str(status)
        rows = json.loads(content)["predictions"]
        codes = [row["status"].partition(":")[0] for row in rows if row["status"] != "OK"]
        return f"row {codes[0]}" if codes else SERVED

    def _raw(self, content):
        with socket.create_connection((self.address.hostname, self.address.port), timeout=SECONDS) as connection:
            connection.sendall(content)
            return self._read(connection)

    def _half_open(self, content):
        """Says a part and waits until the server has had enough."""
        with socket.create_connection((self.address.hostname, self.address.port), timeout=SECONDS) as connection:
            connection.sendall(content)
            connection.settimeout(2 * SECONDS)
            return self._read(connection)

    @staticmethod
    def _read(connection):
        answer = connection.recv(4096)
        found = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
        return found[1].decode() if found else "closed"

    # Over gRPC

    def _call(self, message, method="/tensorflow.serving.PredictionService/Predict"):
        answer = self.channel.unary_unary(method, request_serializer=None, response_deserializer=None)(
            message, timeout=SECONDS
        )
        tensor = predict_pb2.PredictResponse.FromString(answer).outputs["status"]
        codes = [status.decode().partition(":")[0] for status in tensor.string_val if status != b"OK"]
        return f"row {codes[0]}" if codes else SERVED

    def _request(self):
        request = predict_pb2.PredictRequest()
        request.model_spec.name, request.model_spec.signature_name = self.name, "segment"
        return request

    def _ask_grpc(self, content, rows=1):
        request = self._request()
        values = {"image_bytes": [content] * rows, "prompt": [b"the red car"] * rows}
        for name, strings in values.items():
            if name == "prompt" and not self.with_words:
                continue
            request.inputs[name].CopyFrom(
                tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, tensor_shape=_shape([rows]), string_val=strings)
            )
        thresholds = tensor_pb2.TensorProto(
            dtype=types_pb2.DT_FLOAT, tensor_shape=_shape([rows]), tensor_content=np.zeros(rows, "float32").tobytes()
        )
        request.inputs["threshold"].CopyFrom(thresholds)
        return self._call(request.SerializeToString())

    def _lie(self, dims, dtype, **values):
        request = self._request()
        for name in ("image_bytes", "threshold", *(("prompt",) if self.with_words else ())):
            request.inputs[name].CopyFrom(tensor_pb2.TensorProto(dtype=dtype, tensor_shape=_shape(dims), **values))
        return request.SerializeToString()

    def _many_inputs(self, count):
        """A megabyte that claims 8 MiB for each of its inputs."""
        request = self._request()
        tensor = tensor_pb2.TensorProto(dtype=types_pb2.DT_DOUBLE, tensor_shape=_shape([2**20]), double_val=[0])
        for number in range(count):
            request.inputs[f"x{number}"].CopyFrom(tensor)
        return request.SerializeToString()

    def _silent_call(self):
        """Opens a call and sends no message."""
        end = threading.Event()

        def nothing():
            end.wait(2 * SECONDS)
            yield from ()

        method = "/tensorflow.serving.PredictionService/Predict"
        try:
            self.channel.stream_unary(method)(nothing(), timeout=2 * SECONDS)
        finally:
            end.set()
        return SERVED


def _shape(dims):
    return tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=dim) for dim in dims])
