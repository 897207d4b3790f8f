"""One version of a served model."""

import contextlib


class ServedVersion:
    """A numbered version: its folder, its state and, while it is loaded, its session.

    It belongs to one event loop, so nothing is locked. Whoever runs the session does so inside `use()`; the session is
    closed when the version is retired and its last user has gone.

    Args:
        number: the version.
        path: its folder.

    Attributes:
        state: "START", "LOADING", "AVAILABLE", "UNLOADING" or "END", the states of TensorFlow Serving.
        error_code, error_message: "OK" and "", or why loading failed.
        session: `SavedModelSession`, or anything with `run`, `signatures` and `close`; `None` while not loaded.
        on_unused: function that is called when the last user has gone.

    Example:

    >>> version = ServedVersion(3, "exports/3")
    >>> with version.use():
    ...     version.users
    1
    >>> version.users, version.state
    (0, 'START')
    """

    def __init__(self, number, path):
        self.number = number
        self.path = path
        self.state = "START"
        self.error_code, self.error_message = "OK", ""
        self.session = None
        self.users = 0
        self.on_unused = lambda: None

    @contextlib.contextmanager
    def use(self):
        """A context in which the session stays open."""
        self.users += 1
        try:
            yield self
        finally:
            self.users -= 1
            if not self.users:
                self.on_unused()

    def status(self):
        """The version's entry in the answer to a question about the model's status, as a dict for JSON."""
        status = {"error_code": self.error_code, "error_message": self.error_message}
        return {"version": str(self.number), "state": self.state, "status": status}
