import pytest

from kmm.cli.output_path import output_file, output_folder


def test_what_is_made(tmp_path):
    assert output_file(tmp_path / "new" / "scores.json").parent.is_dir()
    assert output_folder(tmp_path / "a" / "b").is_dir() and output_folder(tmp_path).is_dir(), "there already"


def test_errors(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="must be a JSON file. Received: .*, which is a folder"):
        output_file(tmp_path)
    with pytest.raises(ValueError, match="named like a picture"):
        output_file(tmp_path / "scores.PNG")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ValueError, match="file is in the way. Choose another --output"):
            output_folder(path)
    with pytest.raises(ValueError, match="must not be a file"):
        output_file(tmp_path / "file" / "scores.json")
