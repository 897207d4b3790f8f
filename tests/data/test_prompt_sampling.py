import collections
import types

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kmm.data.prompt_sampling import draw_prompts

NUMBERS_OF_WORDINGS = st.lists(st.integers(1, 4), min_size=1, max_size=5)


def targets_with(numbers, kinds=("class",)):
    return [
        types.SimpleNamespace(texts=tuple(f"{i}/{k}" for k in range(number)), kind=kinds[i % len(kinds)])
        for i, number in enumerate(numbers)
    ]


@settings(max_examples=60, deadline=None)
@given(NUMBERS_OF_WORDINGS, st.integers(1, 15), st.integers(0, 99), st.booleans())
def test_nothing_is_repeated_while_there_is_something_else(numbers, num_prompts, seed, with_shares):
    targets = targets_with(numbers, kinds=("class", "size"))
    shares = {"class": 0.9, "size": 0.1} if with_shares else None
    drawn = draw_prompts(targets, np.random.default_rng(seed), num_prompts, shares)
    assert len(drawn) == num_prompts
    assert all(text in targets[index].texts for index, text in drawn)
    assert len({index for index, _ in drawn}) == min(num_prompts, len(targets))
    assert len({text for _, text in drawn}) == min(num_prompts, sum(numbers))


def test_the_draw_depends_on_the_generator_alone():
    targets = targets_with([2, 1, 3])
    one, again, other = (draw_prompts(targets, np.random.default_rng(seed), 4) for seed in (1, 1, 2))
    assert one == again != other


def test_kinds_are_drawn_by_their_shares():
    targets = targets_with([1] * 8, kinds=("class", "size"))
    counts = collections.Counter()
    for seed in range(2000):
        ((index, _),) = draw_prompts(targets, np.random.default_rng(seed), 1, {"class": 3.0, "size": 1.0, "other": 5.0})
        counts[targets[index].kind] += 1
    assert abs(counts["class"] / 2000 - 0.75) < 0.03
    without = collections.Counter(draw_prompts(targets, np.random.default_rng(seed), 1)[0][0] for seed in range(2000))
    assert min(without.values()) > 200


def test_a_kind_of_share_zero_comes_last():
    targets = targets_with([1, 1, 1, 1], kinds=("class", "size"))
    for seed in range(20):
        drawn = draw_prompts(targets, np.random.default_rng(seed), 3, {"class": 1.0, "size": 0.0})
        assert [targets[index].kind for index, _ in drawn] == ["class", "class", "size"]


def test_no_prompts():
    assert draw_prompts([], np.random.default_rng(0), 0) == []
