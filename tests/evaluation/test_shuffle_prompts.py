import hypothesis
from hypothesis import strategies

from kmm.evaluation.shuffle_prompts import shuffle_prompts

WORDS = strategies.sampled_from("abc")
PROMPTS = strategies.integers(1, 4).flatmap(
    lambda count: strategies.lists(strategies.tuples(*[WORDS] * count), min_size=1, max_size=5)
)


@hypothesis.given(PROMPTS)
def test_within_pictures(prompts):
    shuffled = shuffle_prompts(prompts, within_pictures=True)
    assert [len(texts) for texts in shuffled] == [len(texts) for texts in prompts]
    for picture, (own, other) in enumerate(zip(prompts, shuffled, strict=True)):
        if len(set(own)) > 1:
            assert set(other) <= set(own) and all(a != b for a, b in zip(own, other, strict=True))
        else:
            assert other == prompts[(picture + 1) % len(prompts)]


def test_whole_descriptions_come_from_the_next_picture():
    assert shuffle_prompts([("a", "b"), ("c", "d"), ("e", "f")], False) == [("c", "d"), ("e", "f"), ("a", "b")]
