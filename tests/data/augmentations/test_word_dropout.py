import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import tensorflow as tf

from kmm.data.augmentations import WordDropout

WORDS = ("the", "cup", "LEFT", "red", "two", "not", "behind", "jug,", "largest", "é", "holding")


def drop(prompts, index=0, **arguments):
    example = {"prompts": tf.constant([prompt.encode() for prompt in prompts])}
    changed = WordDropout(**arguments)(example, tf.constant([4, index], "int64"))["prompts"]
    return [prompt.decode() for prompt in changed.numpy()]


@pytest.mark.parametrize(
    "prompt, kept",
    [
        ("the red cup on the left", "red on left"),
        ("a man without a hat", "without"),
        ("Both DARK jugs behind  the 2nd   fork", "Both DARK behind 2nd"),
        ("the cup that isn't blue", "isn't blue"),
        ("the bottom-left cup above it", "bottom-left above"),
        ("  cup ", "cup"),
        ("", ""),
        ("   ", "   "),
    ],
)
def test_keeps_the_words_that_decide(prompt, kept):
    found = drop([prompt], probability=1.0)[0]
    assert found.strip() == kept.strip()


@hypothesis.given(
    st.lists(st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join), min_size=1, max_size=3), st.booleans()
)
@hypothesis.settings(max_examples=60, deadline=None)
def test_words_stay_in_order_and_no_prompt_becomes_empty(prompts, keep_meaning):
    for index, probability in enumerate((0.0, 0.5, 1.0)):
        changed = drop(prompts, index, probability=probability, keep_meaning=keep_meaning)
        for old, new in zip(prompts, changed, strict=True):
            rest = iter(old.split())
            assert all(word in rest for word in new.split())
            assert bool(old.split()) == bool(new.split())
            assert probability or old == new
            if keep_meaning:
                decisive = {"LEFT", "red", "two", "not", "behind", "largest"}
                assert [w for w in old.split() if w in decisive] == [w for w in new.split() if w in decisive]


def test_drops_the_share_wanted_and_any_word_where_allowed():
    words = ["w" + str(number) for number in range(20)]
    counts = [
        len(drop([" ".join(words)], index, probability=0.15, keep_meaning=False)[0].split()) for index in range(100)
    ]
    assert np.mean(counts) == pytest.approx(17, abs=0.5) and len(set(counts)) > 3
    survivors = {drop(["left red cup"], index, probability=1.0, keep_meaning=False)[0] for index in range(30)}
    assert survivors == {"left", "red", "cup"}


def test_prompts_are_drawn_apart():
    prompts = drop(["one cup that holds milk and tea"] * 6, probability=0.5)
    assert len(set(prompts)) > 2


def test_refuses_what_is_no_probability():
    with pytest.raises(ValueError, match=r"lies in \[0, 1\]. Received: probability=1.5"):
        WordDropout(1.5)
