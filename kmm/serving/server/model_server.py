"""A server of one model, in a thread."""

import asyncio
import contextlib
import threading


class ModelServer:
    """Answers requests with an export over REST and gRPC, with the interface of TensorFlow Serving.

    It is for development, tests and use inside a program; in production run TensorFlow Serving, which answers the same
    requests with the same folder. `kmm serve` and `kmm.serving.serve` run one until they are told to stop; as a context
    manager it runs in a thread of this process.

    Versions are loaded as they appear in the folder, and the old one is unloaded when the new one answers. A version
    that cannot be loaded, whose checksums differ or whose warm-up requests fail is refused; the old one goes on
    answering. Requests that wait for a worker are merged. Nothing is encrypted and nobody is asked for a password.

    Args:
        model: folder of all versions of an export, or of one version.
        name: name of the model in addresses.
        host: address to listen on; "0.0.0.0" for all of this machine.
        rest_port, grpc_port: ports; 0 takes a free one.
        versions: "latest", "all", or a list of numbers: which versions are loaded.
        labels: dict from labels to numbers of versions, which are loaded too; clients may ask for a label.
        max_batch_size: the most rows of one run of the model.
        workers: how many runs there are at a time.
        max_queued: the most rows that wait; more are refused.
        max_queued_mib: MiB of requests that are held at a time; more are refused.
        max_body_mib: MiB of the longest request.
        max_rows: the most rows of a request.
        request_seconds: how long a request may wait and run.
        threads: threads of TensorFlow; 0 takes one for each core.
        poll_seconds: how often the folder is read.
        drain_seconds: how long requests in progress may take when the server is stopped.

    Raises:
        ValueError: an argument is out of its range.
        FileNotFoundError: on start, there is no such folder.
        OSError: on start, a port is taken.
        RuntimeError: it is started twice.
        ImportError: on start, the extra `serving` is not installed.

    Example:

    >>> server = ModelServer("exports/street", rest_port=0, grpc_port=0)
    >>> server.name, server.rest_url
    ('kmm', '')
    """

    def __init__(
        self,
        model,
        name="kmm",
        host="127.0.0.1",
        rest_port=8501,
        grpc_port=8500,
        versions="latest",
        labels=None,
        max_batch_size=32,
        workers=2,
        max_queued=1024,
        max_queued_mib=256,
        max_body_mib=64,
        max_rows=256,
        request_seconds=60.0,
        threads=0,
        poll_seconds=1.0,
        drain_seconds=30.0,
    ):
        self.model = model
        self.name = name
        self.host = host
        self.rest_port = rest_port
        self.grpc_port = grpc_port
        self.versions = versions
        self.labels = dict(labels or {})
        self.max_batch_size = max_batch_size
        self.workers = workers
        self.max_queued = max_queued
        self.max_queued_mib = max_queued_mib
        self.max_body_mib = max_body_mib
        self.max_rows = max_rows
        self.request_seconds = request_seconds
        self.threads = threads
        self.poll_seconds = poll_seconds
        self.drain_seconds = drain_seconds
        self._check()
        self._thread = self._loop = self._stop = self._error = None
        self._started = threading.Event()
        self._running = None

    @property
    def rest_url(self):
        """Where it answers over HTTP, as in "http://127.0.0.1:8501"; empty while it does not run."""
        return f"http://{self._address(self._running.rest_port)}" if self._running else ""

    @property
    def grpc_url(self):
        """Where it answers over gRPC, as in "grpc://127.0.0.1:8500"; empty while it does not run."""
        return f"grpc://{self._address(self._running.grpc_port)}" if self._running else ""

    @property
    def loaded_versions(self):
        """The numbers of the versions that answer, rising."""
        return self._running.versions.available if self._running else []

    def start(self):
        """Starts the server in a thread; returns it when it listens and the folder was read once."""
        if self._thread is not None and self._thread.is_alive():
            raise RuntimeError(
                f"a server must be stopped before it is started again. Received: it runs, {self.rest_url}"
            )
        self._started.clear()
        self._error = None
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run_in_thread()), name="kmm-server", daemon=True
        )
        self._thread.start()
        self._started.wait()
        if self._error is not None:
            self._join()
        return self

    def stop(self):
        """Finishes what is in progress and ends the thread; does nothing where none runs.

        Raises:
            Exception: what has ended the server before, or goes wrong now.
        """
        if self._thread is None:
            return
        with contextlib.suppress(RuntimeError):  # the loop has ended by itself
            self._loop.call_soon_threadsafe(self._stop.set)
        self._join()

    def _join(self):
        self._thread.join()
        self._thread = None
        error, self._error = self._error, None
        if error is not None:
            raise error

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception):
        self.stop()

    async def run(self, stop, on_start=lambda: None):
        """Runs the server in the current event loop.

        Args:
            stop: `asyncio.Event` that ends it.
            on_start: function that is called when it listens and the folder was read once.

        Returns:
            True if all requests were finished in time and nothing runs any more.
        """
        try:
            from kmm.serving.server.running_server import RunningServer
        except ImportError as error:
            raise ImportError(f'a server needs more packages: pip install "kmm[serving]" ({error})') from error
        running = RunningServer(self)
        await running.start()
        self._running = running
        waiting = [asyncio.ensure_future(event.wait()) for event in (running.versions.updated, stop)]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            on_start()
            await waiting[1]
        finally:
            for task in waiting:
                task.cancel()
            self._running = None
            finished = await running.stop()
        return finished

    async def _run_in_thread(self):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            await self.run(self._stop, self._started.set)
        except Exception as error:
            self._error = error
        finally:
            self._started.set()

    def _address(self, port):
        return f"[{self.host}]:{port}" if ":" in self.host else f"{self.host}:{port}"

    def _check(self):
        for argument in ("rest_port", "grpc_port"):
            if not 0 <= getattr(self, argument) <= 65535:
                raise ValueError(f"{argument} must be 0 to 65535. Received: {argument}={getattr(self, argument)}.")
        for argument in ("max_batch_size", "workers", "max_queued", "max_queued_mib", "max_body_mib", "max_rows"):
            if getattr(self, argument) < 1:
                raise ValueError(f"{argument} must be at least 1. Received: {argument}={getattr(self, argument)}.")
        if self.request_seconds <= 0:
            raise ValueError(f"request_seconds must be above 0. Received: request_seconds={self.request_seconds}.")
        for argument in ("poll_seconds", "drain_seconds", "threads"):
            if getattr(self, argument) < 0:
                raise ValueError(f"{argument} must not be negative. Received: {argument}={getattr(self, argument)}.")
        if not self.name or set(self.name) & set("/:"):
            raise ValueError(f"name must have a letter, and no slash or colon. Received: name={self.name!r}.")
        numbers = [] if self.versions in ("latest", "all") else self.versions
        if isinstance(numbers, str) or not all(isinstance(number, int) for number in numbers):
            raise ValueError(
                f"versions must be 'latest', 'all' or a list of numbers. Received: versions={self.versions!r}."
            )
        if not all(isinstance(number, int) and label for label, number in self.labels.items()):
            raise ValueError(f"labels must map words to numbers of versions. Received: labels={self.labels}.")
