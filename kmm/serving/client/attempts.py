"""When a request is sent again."""

import random
import time

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Seconds; each pause is twice as long as the one before, and up to a half shorter or longer by chance."""


class Attempts:
    """The time and the tries that one request has.

    Args:
        timeout: seconds that all tries and the pauses between them may take together.
        retries: how many times the request is sent again.
        codes: names of errors after which it is sent again beside the temporary ones.

    Example:

    >>> 0 < Attempts(timeout=30.0, retries=3).seconds_left() <= 30
    True
    """

    def __init__(self, timeout, retries, codes=()):
        self._end = time.monotonic() + timeout
        self._retries, self._codes, self._tries = retries, codes, 0

    def seconds_left(self):
        """Seconds until the deadline; a little above 0 after it."""
        return max(1e-3, self._end - time.monotonic())

    def pause_after(self, error):
        """The seconds to wait before the next try.

        Args:
            error: `ServingError` of the last try.

        Raises:
            ServingError: the same, if another try is pointless, not allowed, or would come too late.
        """
        self._tries += 1
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self._tries - 1, 10)) * random.uniform(0.5, 1.5)
        pause += error.retry_after or 0.0  # chance stays, or all clients would come back at one moment
        pointless = not error.temporary and error.code not in self._codes
        if pointless or self._tries > self._retries or time.monotonic() + pause >= self._end:
            raise error
        return pause
