"""Asking a model server over REST."""

import http.client
import json
import threading
import time

from kmm.serving.client import client_json
from kmm.serving.client.serving_error import ServingError
from kmm.serving.client.timed_socket import TimedSocket
from kmm.version import __version__

_CODES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    413: "RESOURCE_EXHAUSTED",
    429: "RESOURCE_EXHAUSTED",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_TEMPORARY = (429, 502, 503)
_READ_SIZE = 2**16


class RestTransport:
    """Speaks the REST interface of TensorFlow Serving, with the standard library alone.

    Connections stay open and are used again. Several threads may ask at a time; each has a connection of its own.
    Environment variables that name a proxy are not read, and redirections are not followed.

    Args:
        address: `ModelAddress` with the scheme `http` or `https`.
        headers: dict of further headers to send, for instance `Authorization`.

    Example:

    >>> from kmm.serving.client.model_address import ModelAddress
    >>> RestTransport(ModelAddress("http://127.0.0.1:8501", "kmm"), {}).close()
    """

    def __init__(self, address, headers):
        self._address, self._context = address, _encryption() if address.scheme == "https" else None
        self._headers = {"Accept": "application/json", "User-Agent": f"kmm/{__version__}", **headers}
        self._idle, self._lock, self._closed = [], threading.Lock(), False

    @property
    def server(self):
        """Address of the server and the model, for errors."""
        return str(self._address)

    def status(self, timeout):
        """See `client_json.read_status`."""
        return self._parsed(client_json.read_status, "GET", "", None, timeout)

    def metadata(self, timeout):
        """See `client_json.read_metadata`."""
        return self._parsed(client_json.read_metadata, "GET", "/metadata", None, timeout)

    def predict(self, signature_name, inputs, output_names, signature, timeout):
        """Runs a signature of the model.

        Args:
            signature_name: its name.
            inputs: dict from names to arrays, or lists of `bytes` and `str`.
            output_names: names of the wanted outputs; the server sends all, the others are dropped.
            signature: its entry in the metadata.
            timeout: seconds.

        Returns:
            dict from names to arrays; strings as object arrays of `bytes`.

        Raises:
            ServingError: the server did not answer as it should.
        """
        body = client_json.predict_body(signature_name, inputs)
        all_names = list(signature["outputs"])
        outputs = self._parsed(
            lambda answer: client_json.read_outputs(answer, all_names), "POST", ":predict", body, timeout
        )
        return {name: value for name, value in outputs.items() if name in output_names}

    def close(self):
        """Closes all idle connections; those in use are closed when their answer is there."""
        with self._lock:
            self._closed, idle, self._idle = True, self._idle, []
        for connection in idle:
            connection.close()

    def _parsed(self, read, method, path, body, timeout):
        status, headers, content = self._exchange(method, self._address.path + path, body, timeout)
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError):
            answer = None
        if status != 200:
            raise self._refusal(status, headers, content, answer)
        try:
            return read(answer)
        except (ValueError, TypeError, KeyError) as error:
            raise ServingError("INTERNAL", f"an unreadable answer: {error}", str(self._address), status) from error

    def _refusal(self, status, headers, content, answer):
        text = answer.get("error") if isinstance(answer, dict) else None
        if not isinstance(text, str):  # TensorFlow Serving writes \' for quotes, which is no JSON
            text = content[:2000].decode("utf-8", "replace").replace("\\'", "'").replace('\\"', '"')
            text = text.strip().removeprefix('{ "error": "').removesuffix('" }')
        code = _CODES.get(status, "INTERNAL" if status >= 500 else "FAILED_PRECONDITION")
        after = headers.get("Retry-After", "")
        wait = float(after) if after.isascii() and after.isdigit() else None
        return ServingError(code, text[:2000], str(self._address), status, status in _TEMPORARY, wait)

    def _exchange(self, method, path, body, timeout):
        """Sends one request and returns status, headers and body of the answer."""
        deadline = time.monotonic() + timeout
        while True:
            connection, is_fresh = self._take()
            try:
                result = self._ask(connection, method, path, body, deadline)
            except TimeoutError as error:
                connection.close()
                text = f"no answer within {timeout:.3g} seconds"
                raise ServingError("DEADLINE_EXCEEDED", text, str(self._address)) from error
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if is_fresh:
                    text = f"{type(error).__name__}: {error}"
                    raise ServingError("UNAVAILABLE", text, str(self._address), temporary=True) from error
                # The server has closed a connection that was idle: the next one is tried, the last one is new.
            except BaseException:
                connection.close()
                raise
            else:
                self._put_back(connection)
                return result

    def _ask(self, connection, method, path, body, deadline):
        if connection.sock is None:
            connection.sock = TimedSocket.connect(self._address.host, self._address.port, deadline, self._context)
        connection.sock.deadline = deadline
        headers = dict(self._headers) if body is None else {"Content-Type": "application/json", **self._headers}
        was_cut = False
        try:
            connection.request(method, path, body, headers)
        except (BrokenPipeError, ConnectionResetError):
            was_cut = True  # A server may refuse a body before it has read it; its answer then waits to be read.
        response = connection.getresponse()
        chunks = []
        while chunk := response.read1(_READ_SIZE):
            chunks.append(chunk)
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
        response.close()
        if was_cut:
            connection.close()
        return response.status, response.headers, b"".join(chunks)

    def _take(self):
        """A connection, and whether it is new."""
        with self._lock:
            if self._closed:
                raise ValueError("A closed client cannot ask. Received: a request after close(). Make a new client.")
            if self._idle:
                return self._idle.pop(), False
        if self._context is not None:
            return http.client.HTTPSConnection(self._address.host, self._address.port, context=self._context), True
        return http.client.HTTPConnection(self._address.host, self._address.port), True

    def _put_back(self, connection):
        with self._lock:
            if not self._closed and connection.sock is not None:
                self._idle.append(connection)
                return
        connection.close()


def _encryption():
    import ssl

    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
