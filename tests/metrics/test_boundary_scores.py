"""The boundary F against the definition of DAVIS, written with distances between pixels."""

import numpy as np
import pytest
import tensorflow as tf

from kmm.metrics.boundary_scores import boundary_scores


def outline(mask):
    """Boundary pixels as the code of DAVIS finds them."""
    east, south, south_east = np.zeros_like(mask), np.zeros_like(mask), np.zeros_like(mask)
    east[:, :-1], south[:-1], south_east[:-1, :-1] = mask[:, 1:], mask[1:], mask[1:, 1:]
    found = (mask ^ east) | (mask ^ south) | (mask ^ south_east)
    found[-1] = mask[-1] ^ east[-1]
    found[:, -1] = mask[:, -1] ^ south[:, -1]
    found[-1, -1] = False
    return np.argwhere(found)


def plain_score(target, prediction, tolerance):
    radius = np.ceil(tolerance * np.hypot(*target.shape))
    pixels, others = outline(target), outline(prediction)
    if not len(pixels) or not len(others):
        return float(len(pixels) == len(others) and np.array_equal(target, prediction))
    near = np.linalg.norm(pixels[:, None] - others[None], axis=-1) <= radius
    recall, precision = near.any(axis=1).mean(), near.any(axis=0).mean()
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def blobs(shape, seed):
    """Bool maps of some discs, and some that are empty or full."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[: shape[1], : shape[2]]
    masks = np.zeros(shape, bool)
    for sample, map_number in np.ndindex(shape[0], shape[3]):
        for _ in range(random.integers(1, 4)):
            row, column, radius = random.uniform(0, shape[1]), random.uniform(0, shape[2]), random.uniform(1, 4)
            masks[sample, ..., map_number] |= np.hypot(rows - row, columns - column) < radius
    masks[0], masks[1] = False, True
    return masks


@pytest.mark.parametrize("tolerance", [0.0, 0.05, 0.15])
def test_equals_the_plain_formula(tolerance):
    shape = (8, 11, 14, 3)
    targets, predictions = blobs(shape, 1), blobs(shape, 2)
    predictions[1, ..., 0], predictions[2] = False, targets[2]
    scores = boundary_scores(targets, predictions, np.ones((*shape[:3], 1), bool), tolerance)
    expected = [
        [plain_score(targets[i, ..., j], predictions[i, ..., j], tolerance) for j in range(shape[3])]
        for i in range(shape[0])
    ]
    np.testing.assert_allclose(scores, expected, rtol=1e-6)


def test_tolerance_is_a_disc_not_a_square():
    """3 pixels down and 3 to the right is 4.24 pixels away."""
    targets, predictions = np.zeros((2, 1, 24, 32, 1), bool)
    targets[0, 10, 10, 0] = predictions[0, 13, 13, 0] = True  # each outline: the pixel and three around it
    counted = np.ones_like(targets)
    assert 0 < float(boundary_scores(targets, predictions, counted, 4 / 40)[0, 0]) < 1
    assert float(boundary_scores(targets, predictions, counted, 5 / 40)[0, 0]) == 1.0


@pytest.mark.slow
def test_unknown_sizes_give_the_same_scores():
    targets, predictions = blobs((3, 9, 7, 2), 1), blobs((3, 9, 7, 2), 2)
    predictions[2] = np.roll(targets[2], 1, axis=0)
    counted = np.ones((3, 9, 7, 1), bool)
    signature = [tf.TensorSpec((None,) * 4, tf.bool)] * 3
    traced = tf.function(lambda *masks: boundary_scores(*masks, tolerance=0.1), input_signature=signature)
    np.testing.assert_array_equal(
        traced(targets, predictions, counted), boundary_scores(targets, predictions, counted, 0.1)
    )
