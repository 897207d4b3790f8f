import dataclasses

import pytest
import tensorflow as tf

from kmm.data import Crop


@dataclasses.dataclass(frozen=True)
class HalfCrop(Crop):
    """Windows of half the height and half the width."""

    def sizes(self, draws, shape):
        return tf.broadcast_to(tf.floor(shape / 2), tf.shape(draws))


def test_a_crop_says_only_how_large_its_windows_are():
    example = {
        "images": tf.reshape(tf.range(6 * 8 * 3), (6, 8, 3)),
        "segmentation_masks": tf.reshape(tf.range(6 * 8), (1, 6, 8)),
        "bounding_boxes": tf.constant([[0.0, 0.0, 1.0, 1.0]]),
    }
    cropped = HalfCrop(min_kept=0.0)(example, tf.constant([1, 2], tf.int64))
    assert tuple(cropped["images"].shape) == (3, 4, 3) and tuple(cropped["segmentation_masks"].shape) == (1, 3, 4)
    assert (cropped["images"][..., 0] == 3 * cropped["segmentation_masks"][0]).numpy().all()
    assert HalfCrop()(example, tf.constant([1, 2], tf.int64))["images"].shape == (6, 8, 3)  # keeps all of the target


def test_the_base_has_no_size():
    with pytest.raises(NotImplementedError, match="Crop must say how large its windows are"):
        Crop().window({}, tf.constant([1, 2], tf.int64), 6, 8)


@pytest.mark.parametrize("arguments", [{"min_kept": -0.1}, {"min_kept": 1.1}, {"negatives": 2}])
def test_refuses(arguments):
    with pytest.raises(ValueError, match=r"lie in \[0, 1\]"):
        Crop(**arguments)
