import numpy as np
import pytest
import tensorflow as tf

from kmm.data.augmentations.word_map import CUT, WordMap, any_word, holds

SWAP = {"day": "night", "night": "day", "dusk": None}


def exchange(words, *prompts):
    new, sure = words(tf.constant([prompt.encode() for prompt in prompts]))
    return [prompt.decode() for prompt in new.numpy()], sure.numpy().tolist()


@pytest.mark.parametrize(
    "text, expected",
    [
        ("day and night", "night and day"),
        ("Day, DAY day-night's", "Night, NIGHT night-day's"),
        ("daylight midday day_1 1day éday dayé", "daylight midday day_1 1day éday dayé"),
        ("день day 夜", "день night 夜"),
        ("", ""),
        ("  day\tday\nday  ", "  night\tnight\nnight  "),
        ("dusky", "dusky"),
    ],
)
def test_exchanges_whole_words_in_three_cases(text, expected):
    assert exchange(WordMap(SWAP), text) == ([expected], [True])


@pytest.mark.parametrize("text", ["dusk", "Day and DUSK", "dAY", "dayLight dUSK", "day \x01", "\x02", "a\x08"])
def test_is_not_sure_of_words_without_counterpart_odd_cases_and_marks(text):
    assert exchange(WordMap(SWAP), text) == ([text], [False])


def test_prompts_are_sure_one_by_one():
    assert exchange(WordMap(SWAP), "day", "dusk", "", "night") == (
        ["night", "dusk", "", "day"],
        [True, False, True, True],
    )


def test_marks_make_other_words_and_hide_words():
    marks = ((r"\bpolar (day)", "polar \\1\x02"), (r"\b(d)(ay off)", rf"\1{CUT}\2"))
    words = WordMap({**SWAP, "day\x02": "winter"}, marks)
    assert exchange(words, "polar day", "the day off", "a day") == (
        ["polar winter", "the day off", "a night"],
        [True] * 3,
    )
    assert exchange(WordMap(SWAP, marks), "polar day") == (["polar day"], [False]), "a mark that no word takes up"


def test_unsure_patterns():
    words = WordMap(SWAP, unsure=any_word("maybe"), unsure_alone=any_word("again"))
    texts = ["day maybe", "day again", "again", "MAYBE", "maybes"]
    new, sure = exchange(words, *texts)
    assert sure == [False, True, False, False, True] and new == ["day maybe", "night again", *texts[2:]]


def test_bytes_that_are_no_text_are_kept_and_seen_through():
    words = WordMap(SWAP, unsure=any_word("maybe"))
    new, sure = words(tf.constant([b"\xff day \xfe", b"\xff maybe \xff"]))
    assert new.numpy().tolist() == [b"\xff night \xfe", b"\xff maybe \xff"] and sure.numpy().tolist() == [True, False]


def test_is_the_same_in_a_dataset_and_knows_its_shape():
    words = WordMap(SWAP)
    dataset = tf.data.Dataset.from_tensor_slices(tf.constant([["day", "dusk"], ["night", ""]])).map(words)
    assert dataset.element_spec[0].shape == (2,)
    assert [new.numpy().tolist() for new, _ in dataset] == [[b"night", b"dusk"], [b"day", b""]]


def test_texts_takes_any_shape():
    assert WordMap(SWAP).texts(b"day").numpy() == b"night"
    np.testing.assert_array_equal(WordMap(SWAP).texts([["day", "dusk"]]), [[b"night", b"dusk"]])


def test_holds_whole_words_in_any_case():
    texts = tf.constant(["a DAY", "daylight", "to-day", "", "x\nday"])
    assert holds(texts, any_word("day", "night")).numpy().tolist() == [True, False, True, False, True]
