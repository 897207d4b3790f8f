"""A connection that keeps a deadline."""

import io
import socket
import time


class TimedSocket:
    """A socket for `http.client`, all of whose waiting ends at one moment, however slowly bytes come and go.

    A socket's own timeout starts anew with every byte, so that a server which sends one now and then is never given up.

    Args:
        connected: `socket.socket`.
        deadline: moment on the clock `time.monotonic()`; may be set anew.

    Raises:
        TimeoutError: any method, once the deadline has passed.

    Example:

    >>> ours, theirs = socket.socketpair()
    >>> timed = TimedSocket(ours, time.monotonic() + 5.0)
    >>> timed.sendall(b"hello")
    >>> theirs.recv(10)
    b'hello'
    >>> timed.close(), theirs.close()
    (None, None)
    """

    def __init__(self, connected, deadline):
        self._socket, self.deadline = connected, deadline

    @classmethod
    def connect(cls, host, port, deadline, context=None):
        """Connects to a server; of a host with several addresses, to the first that answers.

        The name of a host is looked up by the operating system, which has a limit of its own.

        Args:
            host: name or address.
            port: number.
            deadline: see the class.
            context: `ssl.SSLContext`; `None` for no encryption.

        Raises:
            OSError: nothing answers there.
            TimeoutError: nothing answered in time.
        """
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for index, (family, kind, protocol, _, address) in enumerate(addresses):
            left = len(addresses) - index
            connected = socket.socket(family, kind, protocol)
            try:
                connected.settimeout(_seconds_until(deadline) / left)
                connected.connect(address)
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if context is not None:
                    connected.settimeout(_seconds_until(deadline))
                    connected = context.wrap_socket(connected, server_hostname=host)
                return cls(connected, deadline)
            except OSError:
                connected.close()
                if left == 1:
                    raise
            except BaseException:
                connected.close()
                raise
        raise OSError(f"{host} has no address")

    def sendall(self, content):
        """Sends bytes."""
        view, sent = memoryview(content), 0
        while sent < len(view):
            self._socket.settimeout(_seconds_until(self.deadline))
            sent += self._socket.send(view[sent:])

    def makefile(self, mode):
        """A buffered file to read from."""
        return io.BufferedReader(_TimedFile(self, self._socket.makefile(mode, buffering=0)))

    def close(self):
        """Closes the socket, once its files are closed."""
        self._socket.close()


class _TimedFile(io.RawIOBase):
    def __init__(self, timed, file):
        super().__init__()
        self._timed, self._file = timed, file

    def readable(self):
        return True

    def readinto(self, buffer):
        self._timed._socket.settimeout(_seconds_until(self._timed.deadline))
        return self._file.readinto(buffer)

    def close(self):
        if not self.closed:
            self._file.close()
        super().close()


def _seconds_until(deadline):
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("the deadline has passed")
    return seconds
