import numpy as np
import pytest

from kmm.visualization import class_colors, overlay_mask


def test_binary_mask():
    image = np.full((12, 12, 3), 100, np.uint8)
    mask = np.zeros((12, 12), np.uint8)
    mask[4:9, 4:9] = 1
    mask[0] = 255
    drawn = overlay_mask(image, mask, color=(200, 0, 100), opacity=0.25)
    assert drawn.dtype == np.uint8
    np.testing.assert_array_equal(drawn[mask != 1], image[mask != 1])
    assert drawn[6, 6].tolist() == [125, 75, 100], "tinted inside"
    assert drawn[4, 6].tolist() == drawn[8, 8].tolist() == [200, 0, 100], "opaque outline"


def test_classes():
    image = np.full((9, 9, 3), 40, np.uint8)
    mask = np.full((9, 9), 255, np.uint8)
    mask[:, :5] = 0
    mask[:4, :5] = 2
    drawn = overlay_mask(image, mask, ("a", "b", "c"), opacity=0.0)
    np.testing.assert_array_equal(drawn[:, 5:], image[:, 5:])
    assert drawn[1, 1].tolist() == [40, 40, 40]
    assert drawn[3, 2].tolist() == class_colors(3)[2].tolist() and drawn[4, 2].tolist() == class_colors(3)[0].tolist()


def test_bool_masks_and_empty_ones():
    image = np.random.default_rng(0).integers(0, 256, (6, 8, 3), "uint8")
    np.testing.assert_array_equal(overlay_mask(image, np.zeros((6, 8), bool)), image)
    drawn = overlay_mask(image, np.ones((6, 8), bool), opacity=1.0)
    assert len({tuple(pixel) for pixel in drawn.reshape(-1, 3).tolist()}) == 1


def test_errors():
    image = np.zeros((6, 8, 3), np.uint8)
    with pytest.raises(ValueError, match=r"height and width of its RGB picture. Received: .*\(6, 8, 3\).*\(8, 6\)"):
        overlay_mask(image, np.zeros((8, 6)))
    with pytest.raises(ValueError, match=r"RGB picture. Received: image.shape=\(6, 8\)"):
        overlay_mask(image[..., 0], np.zeros((6, 8)))
    with pytest.raises(ValueError, match="must be below 2, the number of names. Received: 3"):
        overlay_mask(image, np.full((6, 8), 3), ("a", "b"))
