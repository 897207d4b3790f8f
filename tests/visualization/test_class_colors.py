import numpy as np

from kmm.visualization import class_colors


def test_colors_differ_and_stay():
    colors = class_colors(60)
    assert colors.shape == (60, 3) and colors.dtype == np.uint8
    assert len({tuple(color) for color in colors.tolist()}) == 60
    np.testing.assert_array_equal(class_colors(7), colors[:7])
    distances = np.abs(colors[:20, None].astype(int) - colors[None, :20]).sum(-1) + 999 * np.eye(20, dtype=int)
    assert distances.min() > 60


def test_no_classes():
    assert class_colors(0).shape == (0, 3)
