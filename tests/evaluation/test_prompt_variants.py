import hypothesis
from hypothesis import strategies

from kmm.evaluation import prompt_variants

WORDS = strategies.sampled_from("abc")
PROMPTS = strategies.integers(1, 4).flatmap(
    lambda count: strategies.lists(strategies.tuples(*[WORDS] * count), min_size=1, max_size=5)
)


@hypothesis.given(PROMPTS)
def test_words_of_other_pictures(prompts):
    others = prompt_variants.prompts_of_other_pictures(prompts)
    for picture, (own, other) in enumerate(zip(prompts, others, strict=True)):
        elsewhere = {text for k, texts in enumerate(prompts) if k != picture for text in texts}
        for text, new in zip(own, other, strict=True):
            assert new in elsewhere - {text} if elsewhere - {text} else new == text


def test_other_pictures_are_half_the_split_away():
    prompts = [(f"{picture} a", f"{picture} b") for picture in range(4)]
    assert prompt_variants.prompts_of_other_pictures(prompts) == tuple(prompts[2:] + prompts[:2])


@hypothesis.given(PROMPTS)
def test_words_of_other_objects(prompts):
    targets = [tuple(text == "c" for text in own) for own in prompts]  # "a" and "b" name the same
    others = prompt_variants.prompts_of_other_objects(prompts, targets)
    for own, other in zip(prompts, others, strict=True):
        for text, new in zip(own, other, strict=True):
            different = [k for k in own if (k == "c") != (text == "c")]
            assert new in different if different else new == text


def test_sides():
    prompts = (("the cup on the left", "a cup"), ("the Right-hand cup", "the second cup, left alone"))
    swapped = prompt_variants.prompts_with_sides_swapped(prompts)
    assert swapped == (("the cup on the right", "a cup"), ("the Left-hand cup", "the second cup, left alone"))
    assert prompt_variants.prompts_with_sides_swapped(swapped) == prompts


def test_every_word_has_its_turn():
    prompts = (("the red cup", "jug"), ("", "two  cups"))
    turns = [prompt_variants.prompts_without_a_word(prompts, turn, max_words=3) for turn in range(3)]
    assert [texts for texts, _ in turns] == [
        (("red cup", ""), ("", "cups")),
        (("the cup", "jug"), ("", "two")),
        (("the red", "jug"), ("", "two  cups")),
    ]
    assert [words for _, words in turns] == [
        (("the", "jug"), (None, "two")),
        (("red", None), (None, "cups")),
        (("cup", None), (None, None)),
    ]


def test_long_prompts_are_sampled_evenly():
    words = [str(number) for number in range(10)]
    prompts = ((" ".join(words),),) * 5
    dropped = [prompt_variants.prompts_without_a_word(prompts, turn, max_words=3)[1] for turn in range(3)]
    assert [own[0] for own in dropped] == [("0",), ("3",), ("6",)]
    assert {own[picture][0] for own in dropped for picture in range(5)} == set(words)
    text, word = (value[4][0] for value in prompt_variants.prompts_without_a_word(prompts, 1, max_words=3))
    assert word not in text.split() and len(text.split()) == 9
