import pytest

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
