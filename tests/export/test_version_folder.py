import errno
import os
import signal
import socket
import subprocess
import sys

import pytest

from kmm.export import version_folder
from kmm.export.version_folder import write_next_version


def write(path):
    path.mkdir()
    (path / "saved_model.pb").write_text("complete")


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def test_numbers_follow_the_highest(tmp_path):
    directory = tmp_path / "models" / "cars"
    assert write_next_version(directory, write) == directory / "1"
    assert write_next_version(directory, write) == directory / "2"
    for other in ("9", "notes", "unfinished-1", "007x"):
        (directory / other).mkdir()
    assert write_next_version(directory, write) == directory / "10"
    assert (directory / "10" / "saved_model.pb").read_text() == "complete"
    assert not list((directory / "9").iterdir())


def test_numeric_only_when_complete(tmp_path):
    write_next_version(tmp_path, write)
    seen = []

    def watched(path):
        path.mkdir()
        seen.append(names(tmp_path))
        write(path / "variables")
        seen.append(names(tmp_path))

    write_next_version(tmp_path, watched)
    assert len(seen) == 2
    for moment in seen:
        assert len(moment) == 2 and [name for name in moment if name.isdigit()] == ["1"]
    assert names(tmp_path) == ["1", "2"]


def test_failure_leaves_nothing(tmp_path):
    def fail(path):
        write(path)
        raise OSError("disk is full")

    with pytest.raises(OSError, match="disk is full"):
        write_next_version(tmp_path, fail)
    assert names(tmp_path) == []


def test_two_writers_never_overwrite_each_other(tmp_path):
    def slow(path):
        write(path)
        write_next_version(tmp_path, write)

    assert write_next_version(tmp_path, slow).name == "2"
    assert names(tmp_path) == ["1", "2"]


def test_a_number_taken_in_the_last_moment_is_not_overwritten(tmp_path, monkeypatch):
    taken = []

    def versions(directory):
        if not taken:
            taken.append(write_next_version.__name__)
            write(directory / "1")
            return []
        return [1]

    monkeypatch.setattr("kmm.export.version_folder._versions", versions)
    assert write_next_version(tmp_path, write).name == "2"
    assert names(tmp_path) == ["1", "2"]


def test_check_sees_the_whole_folder_before_anyone_else(tmp_path):
    seen = []

    def check(path):
        seen.append((path / "saved_model.pb").read_text())
        assert not [name for name in names(tmp_path) if name.isdigit()]

    assert write_next_version(tmp_path, write, check) == tmp_path / "1"
    assert seen == ["complete"]


def test_a_version_that_fails_its_check_leaves_nothing(tmp_path):
    def check(path):
        raise ValueError("masks differ")

    with pytest.raises(ValueError, match="masks differ"):
        write_next_version(tmp_path, write, check)
    assert names(tmp_path) == []


def test_everything_is_on_the_disk_before_the_number_appears(tmp_path, monkeypatch):
    flushed = []

    def flush(path):
        versions = [name for name in names(tmp_path) if name.isdigit()]
        flushed.append((os.path.basename(path), versions))

    monkeypatch.setattr(version_folder, "_flush", flush)

    def nested(path):
        write(path)
        write(path / "variables")

    write_next_version(tmp_path, nested)
    *before, last = flushed
    assert sorted(before) == [(name, []) for name in ("saved_model.pb", "saved_model.pb", "variables", "version")]
    assert last == (tmp_path.name, ["1"])


@pytest.mark.parametrize(("code", "fails"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_a_disk_that_fails_is_no_success(tmp_path, monkeypatch, code, fails):
    def fsync(descriptor):
        raise OSError(code, "of the disk")

    monkeypatch.setattr(os, "fsync", fsync)
    if fails:
        with pytest.raises(OSError, match="of the disk"):
            write_next_version(tmp_path, write)
    else:
        write_next_version(tmp_path, write)
    assert names(tmp_path) == ([] if fails else ["1"])


WRITER = """
import runpy, sys, time
module = runpy.run_path(sys.argv[1])  # by itself: `import kmm` takes seconds

def write(path):
    path.mkdir()
    (path / "part").write_text("x")
    print("writing", flush=True)
    time.sleep(60)

module["write_next_version"](sys.argv[2], write)
"""


def test_only_what_dead_writers_left_is_removed(tmp_path):
    others = {"unfinished-1", f"unfinished-other{socket.gethostname()}-1-x", "notes"}
    for other in others:
        (tmp_path / other).mkdir()
    command = [sys.executable, "-c", WRITER, version_folder.__file__, tmp_path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "writing\n"
            write_next_version(tmp_path, write)
            (alive,) = set(names(tmp_path)) - others - {"1"}
            assert (tmp_path / alive / "version" / "part").exists()
        finally:
            process.send_signal(signal.SIGKILL)
        process.wait(10)
    assert alive in names(tmp_path)
    write_next_version(tmp_path, write)
    assert set(names(tmp_path)) == others | {"1", "2"}


def test_a_folder_that_was_taken_for_a_leftover_is_made_again(tmp_path, monkeypatch):
    lock, calls = version_folder._lock, []

    def locked_too_late(folder, wait):
        calls.append(folder)
        if len(calls) == 1:
            version_folder.shutil.rmtree(folder)
        return lock(folder, wait)

    monkeypatch.setattr(version_folder, "_lock", locked_too_late)
    assert write_next_version(tmp_path, write).name == "1"
    assert len(set(calls)) == 2 and names(tmp_path) == ["1"]


def test_without_locks_nothing_is_removed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    leftover = tmp_path / f"{version_folder._own_prefix()}1-x"
    leftover.mkdir()
    assert write_next_version(tmp_path, write).name == "1"
    assert names(tmp_path) == ["1", leftover.name]
