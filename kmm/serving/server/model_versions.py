"""The versions of a model: which are there, which are loaded, and which one answers."""

import asyncio
import concurrent.futures
import ctypes
import logging
import pathlib

from kmm.serving.server.request_error import RequestError
from kmm.serving.server.served_version import ServedVersion
from kmm.serving.version_folders import find_versions, fingerprint

_LOG = logging.getLogger(__name__)
_MOST_ATTEMPTS = 10
_MOST_RETRIES = 5
_MOST_ENDED = 20


class ModelVersions:
    """Watches the folder of a model, loads the versions that are wanted, and unloads the others.

    A new version is loaded in a thread while the old one answers, and the old one is unloaded when the new one is
    available and its own last request is answered. A version that cannot be loaded is refused: what was loaded before
    goes on answering, or the newest version below it is loaded. It is tried again when its files change and rest, ten
    times at most; unchanged files are tried again five times, in case that something else was wrong.

    It belongs to one event loop.

    Args:
        folder: folder with a folder for each version, named by its number; or the folder of one version itself.
        load: function from the folder of a version to a session.
        name: name of the model, for messages.
        policy: "latest" for the newest version, "all", or a list of numbers.
        labels: dict from labels to numbers of versions; these are loaded too.
        poll_seconds: how often the folder is read.
        retry_seconds: after how long a version whose files have not changed is tried again.

    Raises:
        FileNotFoundError: there is no such folder.
    """

    def __init__(self, folder, load, name="kmm", policy="latest", labels=None, poll_seconds=1.0, retry_seconds=60.0):
        self.folder = pathlib.Path(folder)
        if not self.folder.is_dir():
            raise FileNotFoundError(f"the folder of the versions must exist. Received: {str(folder)!r}.")
        self.name = name
        self.policy = policy
        self.labels = dict(labels or {})
        self.versions = {}
        self.updated = asyncio.Event()
        self._load = load
        self._poll_seconds = poll_seconds
        self._retry_seconds = retry_seconds
        self._missing_labels = set()
        self._thread = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="kmm-loader")
        self._refused = {}
        self._tasks = set()
        self._folder_error = ""

    def find(self, number=None, label=None):
        """The version that answers: the newest one, or the one with a number or a label.

        Raises:
            RequestError: `UNAVAILABLE` while it is not loaded yet, `NOT_FOUND` or `INVALID_ARGUMENT` if unknown.
        """
        if label is not None:
            number = self.number_of_label(label)
        if number is None:
            if self.available:
                return self.versions[self.available[-1]]
            raise RequestError("UNAVAILABLE", f"No version of model {self.name} is loaded yet; see its status.")
        version = self.versions.get(number)
        if version is None or version.state in ("UNLOADING", "END"):
            raise RequestError("NOT_FOUND", f"Servable not found for request: Specific({self.name}, {number})")
        if version.state != "AVAILABLE":
            raise RequestError("UNAVAILABLE", f"Version {number} of model {self.name} is loading; try again later.")
        return version

    def number_of_label(self, label):
        """The number that a label stands for.

        Raises:
            RequestError: `INVALID_ARGUMENT`: no such label.
        """
        if label not in self.labels:
            raise RequestError("INVALID_ARGUMENT", f"Unrecognized servable version label: {label}")
        return self.labels[label]

    @property
    def available(self):
        """The numbers of the versions that answer, rising."""
        return sorted(version.number for version in self.versions.values() if version.state == "AVAILABLE")

    async def watch(self):
        """Keeps the versions up to date until it is cancelled, and sets `updated` after the first time."""
        while True:
            try:
                await self.update()
            except Exception:
                _LOG.exception("the versions in %s could not be updated", self.folder)
            self.updated.set()
            await asyncio.sleep(self._poll_seconds)

    async def update(self):
        """Reads the folder once, loads what is missing, and retires what is not wanted any more."""
        found = await self._in_thread(self._read_folder)
        if found is None:
            return
        for number in set(self._refused) - set(found):
            del self._refused[number], self.versions[number]
        self._warn_of_labels(found)
        wanted, waits = set(), False
        for group in self._wanted_groups(sorted(found)):
            for number in group:
                if number in self.versions and self.versions[number].state == "UNLOADING":
                    waits = True
                    break
                if await self._is_loaded(number, found[number]):
                    wanted.add(number)
                    break
        for number in self.available:
            if wanted and not waits and number not in wanted:
                self._retire(self.versions[number])

    async def close(self, seconds=10.0):
        """Closes all sessions, after those who use them; waits so many seconds at most.

        Returns:
            True if all are closed and nothing is being loaded.
        """
        for number in self.available:
            self._retire(self.versions[number])
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        self._thread.shutdown(wait=False)
        return all(version.state in ("START", "END") for version in self.versions.values())

    def _read_folder(self):
        try:
            found = find_versions(self.folder)
        except OSError as error:
            if str(error) != self._folder_error:
                _LOG.error("the folder cannot be read, what is loaded goes on answering: %s", error)
            self._folder_error = str(error)
            return None
        self._folder_error = ""
        return found

    def _wanted_groups(self, numbers):
        """Lists of numbers; of each list the first one that can be loaded is wanted."""
        if self.policy == "latest":
            groups = [numbers[::-1]]
        elif self.policy == "all":
            groups = [[number] for number in numbers]
        else:
            groups = [[number] for number in self.policy if number in numbers]
        return groups + [[number] for number in set(self.labels.values()) & set(numbers)]

    def _warn_of_labels(self, found):
        missing = {label for label, number in self.labels.items() if number not in found}
        for label in sorted(missing - self._missing_labels):
            _LOG.warning("label %r stands for version %d, which is not in the folder", label, self.labels[label])
        self._missing_labels = missing

    async def _is_loaded(self, number, path):
        version = self.versions.get(number)
        if version is not None and version.state == "AVAILABLE":
            return True
        refused = self._refused.get(number)
        if refused is not None:
            files = await self._in_thread(fingerprint, path)
            rests, refused.files = files == refused.files, files
            changed = files != refused.tried
            if not rests or not (refused.may_be_changed() if changed else refused.may_be_retried()):
                return False
            refused.count(changed)
        return await self._load_version(number, path)

    async def _load_version(self, number, path):
        version = self.versions[number] = ServedVersion(number, path)
        version.state = "LOADING"
        _LOG.info("loading version %d from %s", number, path)
        files = await self._in_thread(fingerprint, path)
        try:
            version.session = await self._in_thread(self._load, path)
        except Exception as error:
            failure = RequestError.from_session(error)
            version.state, version.error_code, version.error_message = "END", failure.code, str(failure)
            refused = self._refused.setdefault(number, _Refused())
            refused.tried = refused.files = files
            refused.next_retry = asyncio.get_running_loop().time() + self._retry_seconds
            _LOG.error("version %d cannot be loaded and is refused: %s", number, failure)
            return False
        self._refused.pop(number, None)
        version.state = "AVAILABLE"
        _LOG.info("version %d is available", number)
        return True

    def _retire(self, version):
        _LOG.info("unloading version %d", version.number)
        version.state = "UNLOADING"
        version.on_unused = lambda: self._start(self._unload(version))
        if not version.users:
            version.on_unused()

    async def _unload(self, version):
        if version.users or version.session is None:
            return  # somebody came back, and calls again at the end; or it is done already
        version.on_unused = lambda: None
        session, version.session = version.session, None
        try:
            await self._in_thread(session.close)
        except Exception:
            _LOG.exception("version %d could not be closed in order", version.number)
        del session
        await self._in_thread(_give_memory_back)
        version.state = "END"
        ended = [number for number, other in self.versions.items() if other.state == "END"]
        for number in sorted(set(ended) - set(self._refused))[:-_MOST_ENDED]:
            del self.versions[number]
        _LOG.info("version %d is unloaded", version.number)

    def _start(self, coroutine):
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _in_thread(self, function, *arguments):
        return asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)


class _Refused:
    """What is known of a version that could not be loaded."""

    def __init__(self):
        self.attempts, self.retries, self.next_retry = 1, 0, 0.0
        self.tried = self.files = ()

    def may_be_changed(self):
        """Whether changed files are worth another attempt."""
        return self.attempts < _MOST_ATTEMPTS

    def may_be_retried(self):
        """Whether it is time for another attempt with the same files."""
        return self.retries < _MOST_RETRIES and asyncio.get_running_loop().time() >= self.next_retry

    def count(self, changed):
        """Counts an attempt."""
        if changed:
            self.attempts, self.retries = self.attempts + 1, 0
        else:
            self.retries += 1


def _give_memory_back():
    """Lets the C library return what an unloaded model held, where it can."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError):
        return
