"""Masks and scores from what a server sent."""

import io

import numpy as np
from PIL.PngImagePlugin import PngImageFile

from kmm.serving.client.answer import Answer


def read_mask_png(content, num_classes):
    """A mask from its PNG file.

    Args:
        content: bytes of a grey PNG file, with 0 and 255 for one class, else class ids; empty for no mask.
        num_classes: the model's; `None` where it is unknown: a mask that holds 0 and 255 alone is then binary.

    Returns:
        uint8 `(height, width)`, 0 and 1 or class ids; `(0, 0)` for no mask.

    Example:

    >>> read_mask_png(b"", num_classes=1).shape
    (0, 0)
    """
    if not content:
        return np.zeros((0, 0), np.uint8)
    # Not `Image.open`, which warns of large pictures.
    with PngImageFile(io.BytesIO(content)) as picture:
        mask = np.array(picture)
    is_binary = num_classes == 1 or (num_classes is None and np.isin(mask, (0, 255)).all())
    return (mask != 0).astype(np.uint8) if is_binary else mask


def picture_answers(outputs, counts, num_classes):
    """The `Answer` for each picture.

    Args:
        outputs: dict of arrays with one row for each prompt: `score` and `mask_png_bytes`, perhaps `present`, `status`
            and `num_classes`.
        counts: numbers of rows of the pictures.
        num_classes: see `read_mask_png`; for outputs that do not say it themselves.

    Returns:
        list of `Answer`.

    Example:

    >>> picture_answers({"score": np.zeros(2), "mask_png_bytes": [b"", b""]}, [2], 1)[0].masks.shape
    (2, 0, 0)
    """
    answers, start = [], 0
    for count in counts:
        rows = {name: value[start : start + count] for name, value in outputs.items()}
        start += count
        classes = rows["num_classes"] if "num_classes" in rows else [num_classes] * count
        masks = [read_mask_png(*row) for row in zip(rows["mask_png_bytes"], classes, strict=True)]
        size = max((mask.shape for mask in masks), key=lambda shape: shape[0] * shape[1])
        masks = np.stack([mask if mask.size else np.zeros(size, np.uint8) for mask in masks])
        present = rows["present"] if "present" in rows else [mask.any() for mask in masks]
        statuses = rows["status"] if "status" in rows else [b"OK"] * count
        answers.append(_answer(masks, rows["score"], present, statuses))
    return answers


def ask_answer(outputs, image_size):
    """The `Answer` about an encoded picture; its masks are enlarged to the picture's size, each pixel to a rectangle.

    Args:
        outputs: dict of arrays with one row for each prompt: `mask`, uint8 `(rows, height, width)`, `score`, `present`,
            perhaps `status`.
        image_size: height and width of the picture, in pixels.

    Example:

    >>> outputs = {"mask": np.ones((2, 4, 4), "uint8"), "score": np.ones(2), "present": np.ones(2)}
    >>> ask_answer(outputs, (6, 9)).masks.shape
    (2, 6, 9)
    """
    masks = np.asarray(outputs["mask"], np.uint8)
    rows, columns = (
        (2 * np.arange(size) + 1) * old // (2 * size) for size, old in zip(image_size, masks.shape[1:], strict=True)
    )
    masks = masks[:, rows[:, None], columns]
    return _answer(masks, outputs["score"], outputs["present"], outputs.get("status", [b"OK"] * len(masks)))


def _answer(masks, scores, present, statuses):
    return Answer(
        masks,
        np.asarray(scores, np.float32),
        np.asarray(present).astype(bool),
        tuple(status.decode("utf-8", "replace") for status in statuses),
    )
