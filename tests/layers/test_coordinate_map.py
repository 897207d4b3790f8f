import numpy as np
import pytest

from kmm.layers import CoordinateMap


@pytest.mark.parametrize("height, width", [(4, 6), (1, 1), (3, 5)])
def test_formula_of_hu_et_al(height, width):
    expected = np.zeros((1, height, width, 8))
    for h in range(height):
        for w in range(width):
            left, right = w / width * 2 - 1, (w + 1) / width * 2 - 1
            top, bottom = h / height * 2 - 1, (h + 1) / height * 2 - 1
            centre = (left + right) / 2, (top + bottom) / 2
            expected[0, h, w] = [left, top, right, bottom, *centre, 1 / width, 1 / height]
    np.testing.assert_allclose(CoordinateMap()(np.ones((2, height, width, 3))), expected, atol=1e-6)


def test_reads_only_height_and_width():
    random = np.random.default_rng(0)
    first, second = (CoordinateMap()(random.normal(size=(batch, 4, 4, 2)).astype("float32")) for batch in (1, 3))
    np.testing.assert_array_equal(first, second)
    assert CoordinateMap(dtype="mixed_bfloat16")(np.ones((1, 4, 4, 2))).dtype == "bfloat16"
