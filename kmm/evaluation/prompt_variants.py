"""Other words for the prompts of a split, each a question to the model that asks them.

All functions take prompts for each picture, nested, and give others in the same nesting. A prompt that stays as it is
has no other words of that kind.
"""

import tensorflow as tf

from kmm.data.augmentations.side_words import SIDES


def blank_prompts(prompts):
    """No words at all.

    >>> blank_prompts([("a cup", "a jug")])
    (('', ''),)
    """
    return tuple(tuple("" for _ in own) for own in prompts)


def prompts_of_other_pictures(prompts):
    """The words of the picture half the split away, or of the next one after it that has other words.

    >>> prompts_of_other_pictures([("a cup", "a jug"), ("a jug", "a cup"), ("a cup", "a cup")])
    (('a jug', 'a cup'), ('a cup', 'a jug'), ('a jug', 'a jug'))
    """
    count = len(prompts)

    def other(picture, place):
        for step in range(count):
            words = prompts[(picture + count // 2 + step) % count]
            for text in (*words[place:], *words[:place]) if words is not prompts[picture] else ():
                if text != prompts[picture][place]:
                    return text
        return prompts[picture][place]

    return tuple(tuple(other(picture, place) for place in range(len(own))) for picture, own in enumerate(prompts))


def prompts_of_other_objects(prompts, targets):
    """The next words of the same picture that name something else.

    Args:
        prompts: for each picture its prompts.
        targets: for each picture the ids of its prompts' masks, as `kmm.evaluation.SampleCollector` has them.

    >>> prompts_of_other_objects([("a cup", "the cup", "a jug"), ("a pot", "the pot", "a pot")], [(0, 0, 2), (0, 0, 0)])
    (('a jug', 'a jug', 'a cup'), ('a pot', 'the pot', 'a pot'))
    """

    def other(own, ids, place):
        around = (*range(place + 1, len(own)), *range(place))
        found = (own[k] for k in around if ids[k] != ids[place] and own[k] != own[place])
        return next(found, own[place])

    return tuple(
        tuple(other(own, ids, place) for place in range(len(own))) for own, ids in zip(prompts, targets, strict=True)
    )


def prompts_with_sides_swapped(prompts):
    """With "left" for "right" and "right" for "left", where these are surely sides, by the rules of `side_words`.

    >>> prompts_with_sides_swapped([("the leftmost cup", "the right answer")])
    (('the rightmost cup', 'the right answer'),)
    """
    flat = [text for own in prompts for text in own]
    swapped, sure = SIDES(tf.constant(flat))
    kept = zip(swapped.numpy(), sure.numpy(), flat, strict=True)
    texts = iter([new.decode() if is_sure else old for new, is_sure, old in kept])
    return tuple(tuple(next(texts) for _ in own) for own in prompts)


def prompts_without_a_word(prompts, turn, max_words):
    """Every prompt without one of its words, in turns: the first in turn 0, and so on.

    Of a prompt with more than `max_words` words so many are left out in turns, evenly spread over it; where they begin
    depends on the prompt's place, so that all words have their turn somewhere.

    Args:
        prompts: for each picture its prompts.
        turn: from 0 to `max_words - 1`.
        max_words: turns.

    Returns:
        the prompts, and nested like them the word that is left out of each, `None` where this turn has no word.

    >>> prompts_without_a_word([("the red cup", "jug")], turn=1, max_words=8)
    ((('the cup', 'jug'),), (('red', None),))
    """
    shortened, dropped = [], []
    for picture, own in enumerate(prompts):
        pairs = [_without_word(text, turn, max_words, picture + place) for place, text in enumerate(own)]
        shortened.append(tuple(text for text, _ in pairs))
        dropped.append(tuple(word for _, word in pairs))
    return tuple(shortened), tuple(dropped)


def _without_word(text, turn, max_words, offset):
    words = text.split()
    if turn >= min(len(words), max_words):
        return text, None
    place = turn
    if len(words) > max_words:
        place = (turn * len(words) // max_words + offset) % len(words)
    return " ".join((*words[:place], *words[place + 1 :])), words[place]
