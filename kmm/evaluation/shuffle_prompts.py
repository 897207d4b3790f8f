"""Wrong words for every picture, to see whether a model reads them."""


def shuffle_prompts(prompts, within_pictures):
    """Gives every prompt the words of another one.

    Within a picture a prompt gets the next prompt with other words; a picture whose prompts all say the same gets those
    of the next picture, and the last one those of the first. Nothing is left to chance, so scores can be compared.

    Args:
        prompts: for each picture its prompts, the same number for all.
        within_pictures: whether the prompts of a picture ask for different things. Descriptions of a whole picture do
            not: then all words come from the next picture.

    Returns:
        the words instead, in the same nesting.

    Example:

    >>> shuffle_prompts([("red car", "tree", "red car"), ("sky", "sky", "sky")], within_pictures=True)
    [('tree', 'red car', 'tree'), ('red car', 'tree', 'red car')]
    """
    shuffled = []
    for picture, own in enumerate(prompts):
        if within_pictures and len(set(own)) > 1:
            shuffled.append(tuple(_next_other(own, place) for place in range(len(own))))
        else:
            shuffled.append(tuple(prompts[(picture + 1) % len(prompts)]))
    return shuffled


def _next_other(prompts, place):
    return next(words for words in (*prompts[place + 1 :], *prompts[:place]) if words != prompts[place])
