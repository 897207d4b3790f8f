import pytest

from kmm.data.files.file_place import file_place


@pytest.mark.parametrize(
    "error, kind",
    [
        (ValueError("wrong"), ValueError),
        (TypeError("wrong"), ValueError),
        (FileNotFoundError("wrong"), FileNotFoundError),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "wrong"), ValueError),
    ],
)
def test_errors_name_the_place(error, kind):
    with pytest.raises(kind, match="^train.jsonl:17: .*wrong") as caught:
        with file_place("train.jsonl:17"):
            raise error
    assert type(caught.value) is kind and caught.value.__cause__ is error


def test_the_innermost_place_is_named():
    with pytest.raises(ValueError, match="^b.json:3: wrong$"):
        with file_place("a.jsonl"), file_place("b.json:3"):
            raise ValueError("wrong")


def test_other_errors_pass():
    with pytest.raises(KeyError, match="wrong"):
        with file_place("train.jsonl:17"):
            raise KeyError("wrong")
