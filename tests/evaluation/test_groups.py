import numpy as np
import pytest

from kmm.evaluation.groups import groups_of


def named(groups):
    return {name: np.flatnonzero(chosen).tolist() for name, chosen in groups}


def test_kinds(scores_of):
    assert named(groups_of(scores_of("abc", kinds=("z", "a", "z")), "kind")) == {"a": [1], "z": [0, 2]}


def test_lengths(scores_of):
    prompts = ["", "car", "the car", "the red  car", "a b c d", "a b c d e", "a b c d e f g", "a b c d e f g h"]
    assert named(groups_of(scores_of(prompts), "length")) == {
        "no words": [0], "1 to 2 words": [1, 2], "3 to 4 words": [3, 4], "5 to 7 words": [5, 6], "8 words and more": [7]
    }  # fmt: skip


def test_sizes(scores_of):
    scores = scores_of("abcde", areas=[0, 1, 2, 9.5, 10])
    assert named(groups_of(scores, "size")) == {
        "small (below 2 %)": [1], "medium (2 % to 10 %)": [2, 3], "large (from 10 %)": [4], "no target": [0]
    }  # fmt: skip
    assert list(named(groups_of(scores, "size", size_limits=(0.5, 0.75)))) == ["small (below 50 %)", "no target"]


def test_held_out_pairs(scores_of):
    prompts = [
        "the Red  triangle",
        "two red triangles",
        "the red star",
        "blue triangle",
        "a green car",
        "red blue star",
    ]
    scores = scores_of([*prompts, "red triangle", "the redtriangle"], areas=[9] * 6 + [0, 9])
    groups = named(groups_of(scores, "held_out", held_out=["red triangle", "blue star"]))
    assert groups == {"held out": [0, 1, 5], "seen": [2, 3]}


def test_held_out_words(scores_of):
    groups = named(groups_of(scores_of(["a bus", "the buses", "busy", "a car"]), "held_out", held_out=["bus"]))
    assert groups == {"held out": [0, 1], "seen": [2, 3]}
    assert named(groups_of(scores_of(["a bus"]), "held_out", held_out=["a bus"])) == {"held out": [0]}


@pytest.mark.parametrize("held_out", [(), "red car", [""]])
def test_nothing_held_out(held_out, scores_of):
    with pytest.raises(ValueError, match="phrases of at least one word. Received: held_out="):
        groups_of(scores_of("ab"), "held_out", held_out)


@pytest.mark.parametrize("by", ["size", "held_out"])
def test_what_only_phrases_have(by, scores_of):
    with pytest.raises(ValueError, match=f"Only a phrase has a target.* Received: by='{by}' for the task 'semantic'"):
        groups_of(scores_of("ab", task="semantic"), by, ["sky"])


def test_other_errors(scores_of):
    with pytest.raises(ValueError, match="Samples are divided by one of .* Received: by='colour'"):
        groups_of(scores_of("ab"), "colour")
    for limits in ((0.1,), (0.2, 0.1), (0, 0.1), (0.1, 1)):
        with pytest.raises(ValueError, match="two rising shares of the picture.* Received: size_limits="):
            groups_of(scores_of("ab"), "size", size_limits=limits)
