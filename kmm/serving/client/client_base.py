"""What clients share, whether they block or are awaited."""

from kmm.serving.client.attempts import Attempts
from kmm.serving.client.model_address import ModelAddress
from kmm.serving.client.request_plans import RequestPlans

MAX_ROWS, MAX_BYTES = 32, 16 * 2**20
"""Of one request; more are split. TensorFlow Serving itself has no limit, `kmm serve` has higher ones."""


class ClientBase:
    """Whom a client asks, what it plans to ask, and how long it tries; `Client` describes the arguments."""

    def __init__(
        self,
        url,
        model="kmm",
        version=None,
        label=None,
        timeout=30.0,
        retries=3,
        max_rows=MAX_ROWS,
        max_bytes=MAX_BYTES,
        headers=None,
    ):
        self._address = ModelAddress(url, model, version, label)
        self._plans = RequestPlans(self._address, max_rows, max_bytes)
        self._timeout, self._retries = check_limits(timeout, retries)
        self._headers = dict(headers or {})
        self._over_grpc = self._address.scheme.startswith("grpc")
        self._transport = self._prepare()

    def _prepare(self):
        """The transport, or `None` where it is made with the first request."""
        raise NotImplementedError(f"{type(self).__name__} must say how it reaches a server.")

    def __repr__(self):
        return f"{type(self).__name__}('{self._address}')"

    def _attempts(self, step):
        """The tries of one step of a plan, which may have limits of its own."""
        return Attempts(
            self._timeout if step.timeout is None else step.timeout,
            self._retries if step.retries is None else step.retries,
            step.codes,
        )


def check_limits(timeout, retries):
    """Returns both, if they make sense.

    Raises:
        ValueError: `timeout` is not positive, or `retries` is no number from 0.
    """
    if not 0 < timeout < float("inf"):
        raise ValueError(f"timeout must be positive seconds. Received: timeout={timeout}. The usual one is 30.")
    if not isinstance(retries, int) or retries < 0:
        raise ValueError(f"retries must be an integer from 0. Received: retries={retries!r}. The usual one is 3.")
    return timeout, retries
