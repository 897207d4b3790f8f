"""Why a request is not answered."""

HTTP_STATUS = {
    "CANCELLED": 499,
    "UNKNOWN": 500,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DATA_LOSS": 500,
    "UNAUTHENTICATED": 401,
}
"""The HTTP status of each code, in the order of the codes' numbers from 1, as TensorFlow Serving translates them."""

_LONGEST_MESSAGE = 600


class RequestError(Exception):
    """A request that is refused or failed, with the code and the message that its sender gets.

    Args:
        code: name of a gRPC status code, a key of `HTTP_STATUS`.
        message: one or two sentences; what is longer than 600 characters is cut.
        http_status: the HTTP status; 0 takes the one that belongs to the code.

    Example:

    >>> error = RequestError("NOT_FOUND", "Could not find version 9 of model kmm")
    >>> error.code, error.http_status, str(error)
    ('NOT_FOUND', 404, 'Could not find version 9 of model kmm')
    """

    def __init__(self, code, message, http_status=0):
        self.code = code
        self.http_status = http_status or HTTP_STATUS[code]
        super().__init__(message if len(message) <= _LONGEST_MESSAGE else message[: _LONGEST_MESSAGE - 3] + "...")

    @classmethod
    def from_session(cls, error):
        """The `RequestError` for what a session raised, a `tf.errors.OpError` or a `ValueError`."""
        number = getattr(error, "error_code", 3)
        codes = list(HTTP_STATUS)
        message = getattr(error, "message", None) or str(error)
        lines = [line for line in message.splitlines() if line.strip() and not line.startswith(("\t", " "))]
        return cls(codes[number - 1] if 0 < number <= len(codes) else "UNKNOWN", " ".join(lines) or repr(error))
