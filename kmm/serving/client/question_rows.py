"""The rows that a model is asked, from photographs and prompts."""


def question_rows(pairs, takes_words):
    """One row for each prompt of each picture.

    Args:
        pairs: list of pairs of a picture's bytes and its prompts: a string, a list of strings, or `None` for a model
            without words.
        takes_words: whether the model reads words.

    Returns:
        list of pictures (the same object for all prompts of a picture), list of prompts as UTF-8 `bytes`, and list of
        the number of rows of each pair.

    Raises:
        TypeError: a prompt is no string.
        ValueError: a picture has no prompts and the model reads words, or the other way round.

    Example:

    >>> question_rows([(b"...", ["the car", "the road"])], takes_words=True)
    ([b'...', b'...'], [b'the car', b'the road'], [2])
    """
    images, texts, counts = [], [], []
    for image, prompts in pairs:
        prompts = [prompts] if isinstance(prompts, str) else prompts
        if prompts is not None and not takes_words:
            raise ValueError(f"The model must read words. Received: prompts={prompts!r}. Leave the prompts out.")
        if takes_words and (prompts is None or len(prompts) == 0):
            raise ValueError(
                f"The model reads words, so there must be a prompt. Received: prompts={prompts!r}. Add it."
            )
        for prompt in prompts if takes_words else [""]:
            if not isinstance(prompt, str):
                raise TypeError(f"A prompt must be a string. Received: {prompt!r}. Decode bytes first.")
            images.append(image)
            texts.append(prompt.encode("utf-8", "replace"))
        counts.append(len(prompts) if takes_words else 1)
    return images, texts, counts


def split_rows(sizes, max_rows, max_bytes):
    """Slices of consecutive rows, each with at most so many rows and bytes; a row that is larger comes alone.

    Args:
        sizes: bytes of each row.
        max_rows: the most rows of a slice.
        max_bytes: the most bytes of a slice.

    Returns:
        list of slices.

    Example:

    >>> split_rows([10, 10, 50, 10], max_rows=2, max_bytes=30)
    [slice(0, 2, None), slice(2, 3, None), slice(3, 4, None)]
    """
    slices, start, total = [], 0, 0
    for index, size in enumerate(sizes):
        if index > start and (index - start == max_rows or total + size > max_bytes):
            slices.append(slice(start, index))
            start, total = index, 0
        total += size
    return [*slices, slice(start, len(sizes))] if sizes else []


def check_threshold(threshold):
    """Refuses what is neither `None` nor a number between 0 and 1.

    Raises:
        ValueError: it is not.
    """
    if threshold is not None and not 0.0 < threshold < 1.0:
        raise ValueError(
            f"threshold must lie between 0 and 1. Received: threshold={threshold}. None takes the one of the export."
        )
