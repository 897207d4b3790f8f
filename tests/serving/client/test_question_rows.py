import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmm.serving.client.question_rows import check_threshold, question_rows, split_rows


def test_one_row_for_each_prompt():
    images, prompts, counts = question_rows([(b"a", ["x", "y"]), (b"b", "ü"), (b"c", ("",))], takes_words=True)
    assert images == [b"a", b"a", b"b", b"c"] and prompts == [b"x", b"y", "ü".encode(), b""] and counts == [2, 1, 1]
    assert images[0] is images[1]


def test_models_without_words():
    assert question_rows([(b"a", None), (b"b", None)], takes_words=False) == ([b"a", b"b"], [b"", b""], [1, 1])


def test_halves_of_characters_are_replaced():
    assert question_rows([(b"a", "car \ud83d")], takes_words=True)[1] == [b"car ?"]


@pytest.mark.parametrize(
    ("prompts", "takes_words", "error", "message"),
    [
        (["car"], False, ValueError, r"must read words. Received: prompts=\['car'\]"),
        (None, True, ValueError, "there must be a prompt. Received: prompts=None"),
        ([], True, ValueError, r"there must be a prompt. Received: prompts=\[\]"),
        ([b"car"], True, TypeError, "A prompt must be a string. Received: b'car'"),
    ],
)
def test_errors(prompts, takes_words, error, message):
    with pytest.raises(error, match=message):
        question_rows([(b"a", prompts)], takes_words)


@given(st.lists(st.integers(0, 50)), st.integers(1, 5), st.integers(1, 60))
def test_slices_cover_all_rows_within_the_limits(sizes, max_rows, max_bytes):
    slices = split_rows(sizes, max_rows, max_bytes)
    assert [size for rows in slices for size in sizes[rows]] == sizes
    for rows in slices:
        part = sizes[rows]
        assert 1 <= len(part) <= max_rows and (sum(part) <= max_bytes or len(part) == 1)


def test_threshold():
    for threshold in (None, 0.5, 0.001):
        check_threshold(threshold)
    for threshold in (0.0, 1.0, -1, float("nan")):
        with pytest.raises(ValueError, match=f"threshold must lie between 0 and 1. Received: threshold={threshold}"):
            check_threshold(threshold)
