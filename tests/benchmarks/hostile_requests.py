"""Requests that nobody should send, for `soak_serving.py`: what each gets, and what it may get."""

import base64
import contextlib
import http.client
import io
import json
import random
import re
import socket
import struct
import urllib.parse
import zlib

import grpc
import numpy as np
from PIL import Image
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2
from tensorflow_serving.apis import predict_pb2

SECONDS = 60
REFUSED, ROW, SERVED = "4[0-9][0-9]", "row [A-Z_]+", "served"
REFUSED_GRPC = "INVALID_ARGUMENT|NOT_FOUND|RESOURCE_EXHAUSTED|FAILED_PRECONDITION|UNIMPLEMENTED|OUT_OF_RANGE"
BIG = 100 * 2**20


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
        self.channel = grpc.insecure_channel(
            grpc_url.removeprefix("grpc://"),
            options=[("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)],
        )
        jpeg = self._jpeg(photograph)
        side = int(card["max_pixels"] ** 0.5)
        self.files = {
            "half a JPEG": jpeg[: len(jpeg) // 2],
            "a JPEG's first 30 bytes": jpeg[:30],
            "JPEG with random bytes inside": self._damaged(jpeg),
            "JPEG with random EXIF data": self._with_exif(jpeg, random.Random(2).randbytes(3000)),
            "JPEG with EXIF data that point far away": self._with_exif(
                jpeg,
                b"II*\0" + struct.pack("<I", 8) + b"\xff\xff" + struct.pack("<HHII", 0x112, 3, 2**32 - 1, 2**32 - 1),
            ),
            "JPEG header of 65,500 x 65,500": self._resized_jpeg(jpeg, 65500),
            "PNG header of 60,000 x 60,000": self._png_header(60000, 60000),
            "PNG header of 2 x 2**31 - 1": self._png_header(2, 2**31 - 1),
            "half a PNG": self._png(300, 200)[:400],
            "PNG that inflates beyond its size": self._png_with_text(2**28),
            "PNG with a wrong checksum": self._wrong_checksum(self._png(40, 30)),
            "GIF": b"GIF89a" + bytes(500),
            "BMP": b"BM" + bytes(500),
            "no bytes": b"",
            "random bytes": random.Random(0).randbytes(50_000),
        }
        bomb = self._flat_png(side, side)
        self.kinds = {
            **{f"file: {kind}": self._asker(content) for kind, content in self.files.items()},
            "file: flat PNG just under the limit": self._asker(bomb),
            "file over gRPC: PNG header of 60,000 x 60,000": lambda: self._ask_grpc(self._png_header(60000, 60000)),
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
            "file: JPEG with EXIF data that point far away", "file: PNG that inflates beyond its size",
            "file: PNG with a wrong checksum", "file: flat PNG just under the limit", "prompt of bad UTF-8 in base64",
            "prompt of 1 MB",
        ):  # fmt: skip
            self.allowed[kind] += f"|{SERVED}"
        for kind in self.kinds:
            if "gRPC" in kind:
                self.allowed[kind] = f"{REFUSED_GRPC}|{ROW}"
            if kind.startswith("connection") or "100 MB" in kind or kind in ("header of 1 MB", "no HTTP"):
                self.allowed[kind] += "|closed"
        # gRPC's own word for bytes that are no message of the right type.
        self.allowed["gRPC: random bytes"] += "|INTERNAL"
        self.slow = {kind for kind in self.kinds if kind.startswith("connection")}
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

    def _lie(self, dims, dtype):
        request = self._request()
        for name in ("image_bytes", "threshold", *(("prompt",) if self.with_words else ())):
            request.inputs[name].CopyFrom(tensor_pb2.TensorProto(dtype=dtype, tensor_shape=_shape(dims)))
        return request.SerializeToString()

    # Files

    @staticmethod
    def _jpeg(photograph):
        buffer = io.BytesIO()
        with Image.open(io.BytesIO(photograph)) as picture:
            picture.convert("RGB").save(buffer, "JPEG", quality=90)
        return buffer.getvalue()

    @staticmethod
    def _damaged(jpeg):
        middle = len(jpeg) // 2
        return jpeg[:middle] + random.Random(1).randbytes(200) + jpeg[middle + 200 :]

    @staticmethod
    def _with_exif(jpeg, content):
        content = b"Exif\0\0" + content
        return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(content)) + content + jpeg[2:]

    @staticmethod
    def _resized_jpeg(jpeg, side):
        place = re.search(rb"\xff[\xc0-\xc2]\x00\x11\x08", jpeg).end()
        return jpeg[:place] + struct.pack(">HH", side, side) + jpeg[place + 4 :]

    @staticmethod
    def _png_header(width, height):
        chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))]
        chunks += [(b"IDAT", zlib.compress(bytes(2**20))), (b"IEND", b"")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)

    @staticmethod
    def _png(width, height):
        buffer = io.BytesIO()
        pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), "uint8")
        Image.fromarray(pixels).save(buffer, "PNG")
        return buffer.getvalue()

    @staticmethod
    def _flat_png(width, height):
        """A picture of one color: some hundred KB that become hundreds of MB."""
        row, packer, packed = bytes(1 + width), zlib.compressobj(9), []
        packed += [packer.compress(row) for _ in range(height)]
        chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))]
        chunks += [(b"IDAT", b"".join([*packed, packer.flush()])), (b"IEND", b"")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)

    def _png_with_text(self, length):
        """A small picture with a compressed text that would fill this many bytes."""
        packer = zlib.compressobj(9)
        packed = b"".join(packer.compress(bytes(2**20)) for _ in range(length >> 20)) + packer.flush()
        png = self._png(30, 20)
        return png[:33] + _chunk(b"zTXt", b"comment\0\0" + packed) + png[33:]

    @staticmethod
    def _wrong_checksum(png):
        place = png.rindex(b"IDAT") - 4
        length = struct.unpack(">I", png[place : place + 4])[0]
        end = place + 8 + length
        return png[:end] + bytes(4) + png[end + 4 :]


def _chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _shape(dims):
    return tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=dim) for dim in dims])
