import os

import pytest

from kmm.serving.version_folders import find_versions, fingerprint


def test_only_folders_with_plain_numbers_count(tmp_path):
    for name in ("1", "20", "03", "0", "-1", "unfinished-4", "5.5", "²", "9" * 30):
        (tmp_path / name).mkdir()
    (tmp_path / "7").write_text("a file")
    assert find_versions(tmp_path) == {1: tmp_path / "1", 20: tmp_path / "20"}


@pytest.mark.parametrize(("name", "number"), [("12", 12), ("street", 1)])
def test_a_folder_can_be_a_version_itself(tmp_path, name, number):
    (tmp_path / name).mkdir()
    (tmp_path / name / "saved_model.pb").write_bytes(b"")
    assert find_versions(tmp_path / name) == {number: tmp_path / name}


def test_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        find_versions(tmp_path / "nowhere")


def test_a_fingerprint_changes_with_the_files(tmp_path):
    (tmp_path / "deep").mkdir()
    file = tmp_path / "deep" / "a"
    file.write_bytes(b"1")
    before = fingerprint(tmp_path)
    assert fingerprint(tmp_path) == before
    os.utime(file, ns=(0, 0))
    assert fingerprint(tmp_path) != before
    assert fingerprint(tmp_path / "nowhere") == ()
