"""A request that a server did not answer as hoped."""

_REMEDIES = {
    "DEADLINE_EXCEEDED": "Give a longer timeout, or ask for less in one request.",
    "INVALID_ARGUMENT": "Compare the request with the model's `metadata()`.",
    "NOT_FOUND": "Compare model, version and label with what the server has loaded.",
    "RESOURCE_EXHAUSTED": "The server takes no more at the moment: send fewer requests at a time, or smaller ones.",
    "UNAVAILABLE": "Check that the server runs at this address and has loaded the model; see `wait_until_ready`.",
    "UNIMPLEMENTED": "Ask for what the server offers.",
}


class ServingError(RuntimeError):
    """A server refused a request, failed, or could not be reached.

    Args:
        code: name of the gRPC status, over REST too: "INVALID_ARGUMENT", "NOT_FOUND", "UNAVAILABLE", ...
        text: what the server, or the network, said.
        server: address of the server and the model.
        http_status: status of the HTTP answer; `None` over gRPC, or where there was no answer.
        temporary: whether the same request may succeed a moment later.
        retry_after: seconds after which the server wants to be asked again; `None` where it did not say.

    Example:

    >>> error = ServingError("NOT_FOUND", "Servable not found", "http://127.0.0.1:8501 (model 'kmm')")
    >>> error.code, error.temporary
    ('NOT_FOUND', False)
    """

    def __init__(self, code, text, server, http_status=None, temporary=False, retry_after=None):
        shown = code if http_status is None else f"{code} (HTTP {http_status})"
        text = text.strip().rstrip(".") or "no further text"
        remedy = _REMEDIES.get(code, "See the log of the server.")
        super().__init__(f"The server must answer the request. Received: {shown} from {server}: {text}. {remedy}")
        self.code, self.text, self.server = code, text, server
        self.http_status, self.temporary, self.retry_after = http_status, temporary, retry_after
