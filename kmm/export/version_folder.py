"""Numbered folders, as model servers read them."""

import contextlib
import errno
import os
import pathlib
import shutil
import socket
import uuid

CANNOT_FLUSH = (errno.EACCES, errno.EBADF, errno.EINVAL, errno.ENOTSUP)
"""What systems answer that open no folders, or have nothing to flush; a full or broken disk answers otherwise."""


def write_next_version(directory, write, check=None):
    """Lets `write` fill a new folder and shows it under the next free version number only when it is complete.

    A server watches `directory` and loads a number as soon as it appears. So the files are first written beside the
    others, inside a folder whose name is no number, brought to the disk, and renamed in one step: whenever the process
    is killed or the power fails, a number stands for a whole version. Nothing is ever overwritten: of two writers at a
    time, the later one takes the number after. A failure leaves nothing behind; what a killed process of this computer
    left behind is removed by the next writer.

    Args:
        directory: folder of all versions of one model; made where missing.
        write: function that gets the path of a folder that does not exist yet, and fills it.
        check: function that gets the path of the filled folder before anyone else sees it; what it raises is a
            failure. `None` for no check.

    Returns:
        path of the new folder, `directory/<number>`, counted from 1.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     write_next_version(directory, os.mkdir).name, write_next_version(directory, os.mkdir).name
    ('1', '2')
    """
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    with unfinished_folder(directory) as unfinished:
        content = unfinished / "version"
        write(content)
        if check is not None:
            check(content)
        for folder, _, files in os.walk(content):
            for file in files:
                _flush(os.path.join(folder, file))
            _flush(folder)
        while True:
            version = directory / str(1 + max(_versions(directory), default=0))
            try:
                os.rename(content, version)
                break
            except OSError:
                if not version.exists():
                    raise
    _flush(directory)
    return version


def _versions(directory):
    return [int(path.name) for path in directory.iterdir() if path.name.isascii() and path.name.isdigit()]


def _own_prefix():
    """How unfinished folders of this computer begin: a lock says nothing about the processes of another."""
    name = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in socket.gethostname())
    return f"unfinished-{name}-"


@contextlib.contextmanager
def unfinished_folder(directory):
    """A new folder that is locked while this process lives, and removed at the end; what dead processes left goes too.

    Args:
        directory: path of the folder to make it in.
    """
    for leftover in directory.glob(f"{_own_prefix()}*"):
        _remove_if_dead(leftover)
    while True:
        unfinished = directory / f"{_own_prefix()}{os.getpid()}-{uuid.uuid4().hex}"
        unfinished.mkdir()
        lock = _lock(unfinished, wait=True)
        if unfinished.exists():
            break
        _unlock(lock)  # another writer took the folder for a leftover before it was locked
    try:
        yield unfinished
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        _unlock(lock)


def _remove_if_dead(unfinished):
    lock = _lock(unfinished, wait=False)
    if lock is not None:
        shutil.rmtree(unfinished, ignore_errors=True)
        _unlock(lock)


def _lock(folder, wait):
    """A descriptor that holds the lock on a folder; the system drops it with the process. `None` if there is none."""
    descriptor = None
    try:
        import fcntl  # only where there are such locks

        descriptor = os.open(folder, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        return descriptor
    except (ImportError, OSError):
        _unlock(descriptor)
        return None


def _unlock(descriptor):
    if descriptor is not None:
        os.close(descriptor)


def _flush(path):
    """Brings a file, or a folder's list of files, to the disk where the file system can do that."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in CANNOT_FLUSH:
            raise
