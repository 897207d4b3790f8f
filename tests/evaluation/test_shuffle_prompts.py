import hypothesis
import numpy as np
from hypothesis import strategies

from kmm.evaluation.shuffle_prompts import shuffle_prompts, target_ids

WORDS = strategies.sampled_from("abc")
PROMPTS = strategies.integers(1, 4).flatmap(
    lambda count: strategies.lists(strategies.tuples(*[WORDS] * count), min_size=1, max_size=5)
)


@hypothesis.given(PROMPTS)
def test_within_pictures(prompts):
    targets = [tuple(words == "c" for words in own) for own in prompts]  # "a" and "b" ask for the same
    shuffled = shuffle_prompts(prompts, targets)
    if len({words for own in prompts for words in own}) == 1:
        assert shuffled is None
        return
    assert [len(texts) for texts in shuffled] == [len(texts) for texts in prompts]
    for own, other in zip(prompts, shuffled, strict=True):
        if len(set(own)) > 1:
            assert set(other) <= set(own) and all(a != b for a, b in zip(own, other, strict=True))
            assert "c" not in own or all((a == "c") != (b == "c") for a, b in zip(own, other, strict=True))
        else:
            assert other in prompts and other != own


def test_another_target_comes_before_other_words():
    prompts = [("car", "the car", "tree", "red car"), ("sky", "the sky", "sky", "sky")]
    targets = [(0, 0, 2, 0), (0, 0, 0, 0)]
    assert shuffle_prompts(prompts, targets) == [
        ("tree", "tree", "red car", "tree"),
        ("the sky", "sky", "the sky", "the sky"),
    ]


def test_whole_descriptions_come_from_half_the_data_set_away():
    assert shuffle_prompts([("a", "b"), ("c", "d"), ("e", "f")]) == [("c", "d"), ("e", "f"), ("a", "b")]
    drive = [(f"frame {index}",) for index in range(7)]
    assert shuffle_prompts(drive) == drive[3:] + drive[:3]


def test_the_same_words_are_passed_over():
    assert shuffle_prompts([("a",), ("b",), ("a",), ("c",)]) == [("c",), ("c",), ("b",), ("b",)]


def test_no_other_words():
    assert shuffle_prompts([("a", "b")]) is None and shuffle_prompts([("a",), ("a",)]) is None
    assert shuffle_prompts([("a", "a")], targets=[(0, 0)]) is None
    assert shuffle_prompts([("a", "b")], targets=[(0, 0)]) == [("b", "a")]


def test_target_ids():
    masks = np.zeros((5, 2, 2), "uint8")
    masks[1, 0] = masks[3, 0] = 1
    masks[3, 1, 1] = 255  # does not tell it from the second
    masks[4] = 1
    assert target_ids(masks) == (0, 1, 0, 1, 4)
