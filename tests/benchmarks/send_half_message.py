"""A gRPC call that stops halfway, for `hostile_requests.py`."""

import socket
import struct


def send_half_message(host, port, seconds):
    """Speaks HTTP/2 by hand: announces a message of 1 MB, sends half of a frame's worth of it, and waits."""
    headers = {
        ":method": "POST", ":scheme": "http", ":path": "/tensorflow.serving.PredictionService/Predict",
        ":authority": "x", "te": "trailers", "content-type": "application/grpc",
    }  # fmt: skip
    block = b"".join(
        b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        for name, value in headers.items()
    )
    message = b"\0" + struct.pack(">I", 2**20) + bytes(8000)
    with socket.create_connection((host, port), timeout=seconds) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(4, 0, 0, b""))
        connection.sendall(_frame(1, 4, 1, block) + _frame(0, 0, 1, message))
        with connection.makefile("rb") as frames:
            while len(head := frames.read(9)) == 9:
                frames.read(int.from_bytes(head[:3], "big"))
                if head[8] == 1 and (head[3] == 3 or head[4] & 1):  # reset, or the end of the stream
                    break
    return "closed"


def _frame(kind, flags, stream, content):
    return struct.pack(">I", len(content))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + content
