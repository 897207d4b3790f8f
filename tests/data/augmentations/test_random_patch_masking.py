import numpy as np
import pytest
import tensorflow as tf

from kmm.data import RandomPatchMasking

IMAGE = np.full((12, 16, 3), 9, np.uint8)


def hidden_patches(step, index):
    """Which cells of the grid are hidden; fails when a cell is hidden in part or other keys change."""
    example = {"images": tf.constant(IMAGE), "prompts": tf.constant(["a"])}
    result = step(example, tf.constant([3, index], "int64"))
    assert result["prompts"] is example["prompts"]
    cells = result["images"].numpy().reshape(4, 3, 4, 4, 3)
    assert (cells == cells[:, :1, :, :1, :1]).all() and set(np.unique(cells)) <= {9, 127}
    return cells[:, 0, :, 0, 0] == 127


def test_hides_whole_patches_up_to_the_share():
    shares = [hidden_patches(RandomPatchMasking(share=0.6, grid=4), index).mean() for index in range(200)]
    assert abs(np.mean(shares) - 0.3) < 0.05 and max(shares) > 0.5
    assert not any(hidden_patches(RandomPatchMasking(share=0.0, grid=4), index).any() for index in range(5))


def test_same_key_same_patches():
    step = RandomPatchMasking(share=1.0, grid=4)
    np.testing.assert_array_equal(hidden_patches(step, 5), hidden_patches(step, 5))
    assert any((hidden_patches(step, 5) != hidden_patches(step, index)).any() for index in range(4))


@pytest.mark.parametrize("arguments", [{"share": 1.2}, {"share": -0.1}, {"grid": 0}])
def test_refuses(arguments):
    with pytest.raises(ValueError, match=r"share lies in \[0, 1\] and a grid has at least one patch. Received: share="):
        RandomPatchMasking(**arguments)
