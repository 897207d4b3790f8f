import numpy as np
import pytest

from kmm.data import check_source, skip_bad
from kmm.data.file_source import FileSource
from kmm.data.files.bad_entry import BadEntry
from kmm.data.files.file_entry import FileEntry
from kmm.data.files.file_phrase import FilePhrase
from kmm.data.files.tfds_records import png_bytes


@pytest.fixture
def source():
    good = FileEntry("a.jsonl:1", png_bytes(np.zeros((4, 6), np.uint8)), (FilePhrase(("a dog",), None, "absent"),))
    return FileSource("mine", {"train": [good, BadEntry("a.jsonl:2", "It is blank.")]})


def test_it_raises_when_it_is_read(source):
    assert source.where("train", 1) == "a.jsonl:2" and source.prompts("train") == ["a dog"]
    for read in (lambda: source.example("train", 1), source.check, lambda: source.check_example("train", 1)):
        with pytest.raises(ValueError, match="^a.jsonl:2: It is blank.$"):
            read()


def test_it_is_listed_and_left_out(source):
    (problem,) = check_source(source).problems
    assert (problem["where"], problem["message"]) == ("a.jsonl:2", "It is blank.")
    kept = skip_bad(source, max_bad=0.5)
    assert kept.num_examples("train") == 1 and kept.skipped == [("a.jsonl:2", "It is blank.")]
