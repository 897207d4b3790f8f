"""An example whose parts say the same, for every data step."""

import numpy as np
import pytest
import tensorflow as tf


def _boxes(masks):
    """An independent formula for the boxes of masks, float32 `(num_prompts, 4)`."""
    boxes = []
    for mask in masks:
        rows, columns = np.nonzero((mask != 0) & (mask != 255))
        corners = [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1] if len(rows) else [0, 0, 0, 0]
        boxes.append(np.array(corners) / np.tile(mask.shape, 2))
    return np.array(boxes, "float32")


def _example(prompts=("the cup", "a jug"), height=9, width=13, seed=0, blocks=False, boxes=True):
    """One rectangle in each mask, and a picture that encodes where a pixel was and what the first masks say.

    Args:
        blocks: pixels in blocks of the same value, so that interpolation changes nothing inside.
    """
    random = np.random.default_rng(seed)
    masks = np.zeros((len(prompts), height, width), "uint8")
    for number, mask in enumerate(masks):
        top, left = random.integers(0, height - 1), random.integers(0, width - 1)
        bottom, right = random.integers(top + 1, height + 1), random.integers(left + 1, width + 1)
        mask[top:bottom, left:right] = number % 4 + 1
    image = np.empty((height, width, 3), "uint8")
    image[..., 0] = masks[0] * 50
    image[..., 1] = masks[-1] * 50
    image[..., 2] = 7 if blocks else random.integers(0, 120, (height, width))
    example = {
        "images": tf.constant(image),
        "prompts": tf.constant([prompt.encode() for prompt in prompts]),
        "segmentation_masks": tf.constant(masks),
    }
    return {**example, "bounding_boxes": tf.constant(_boxes(masks))} if boxes else example


@pytest.fixture(scope="session")
def make_example():
    return _example


@pytest.fixture(scope="session")
def boxes_from():
    return _boxes
