"""One request of a plan."""

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class RequestStep:
    """What a client is to ask next; see `RequestPlans`.

    Attributes:
        call: function of a transport and the seconds it has; returns what the transport's method returns.
        check: function of the result that may raise `ServingError`, after which the request may be sent again.
        timeout: seconds for all tries; `None` for the client's.
        retries: how many times it is sent again; `None` for the client's.
        codes: names of errors after which it is sent again beside the temporary ones.

    Example:

    >>> RequestStep(lambda transport, seconds: transport.status(seconds)).codes
    ()
    """

    call: Callable
    check: Callable = lambda result: None
    timeout: float | None = None
    retries: float | None = None
    codes: tuple[str, ...] = ()
