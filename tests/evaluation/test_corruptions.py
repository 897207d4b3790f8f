import numpy as np
import pytest

from kmm.evaluation.corruptions import CORRUPTIONS, STRENGTHS, corrupt


@pytest.fixture(scope="module")
def picture():
    """A smooth picture of odd size with a sharp bright square."""
    rows, columns = np.meshgrid(np.linspace(40, 120, 45), np.linspace(30, 90, 67), indexing="ij")
    picture = np.stack([rows, columns, rows / 2 + columns / 2], axis=-1).astype("uint8")
    picture[10:25, 20:35] = (220, 200, 30)
    return picture


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_more_strength_changes_more(picture, corruption):
    changed = [corrupt(picture, corruption, strength, key=(0, 1)) for strength in STRENGTHS]
    assert all(other.shape == picture.shape and other.dtype == np.uint8 for other in changed)
    distances = [np.abs(other.astype(float) - picture).mean() for other in changed]
    assert 0.05 < distances[0] < distances[2] < distances[4] or corruption == "fog"
    assert np.diff(distances).min() > -1, "fog of another texture may be a little thinner"


@pytest.mark.parametrize("corruption", CORRUPTIONS)
@pytest.mark.parametrize("size", [(1, 1), (3, 200), (96, 64)])
def test_any_size(corruption, size):
    for strength in (1, 5):
        for value in (0, 255):
            assert corrupt(np.full((*size, 3), value, "uint8"), corruption, strength).shape == (*size, 3)


def test_the_key_decides(picture):
    before = picture.copy()
    for corruption in CORRUPTIONS:
        one, same, other = (corrupt(picture, corruption, 3, key) for key in ((4, 2), (4, 2), (4, 3)))
        np.testing.assert_array_equal(one, same)
        assert (one != other).any() == (corruption in ("noise", "fog"))
    np.testing.assert_array_equal(picture, before)


def test_noise_has_the_stated_deviation():
    noisy = corrupt(np.full((64, 64, 3), 128, "uint8"), "noise", 2).astype(float)
    assert noisy.std() == pytest.approx(0.12 * 255, rel=0.03) and noisy.mean() == pytest.approx(128, abs=1)


def test_brightness_keeps_the_hue():
    bright = corrupt(np.array([[[100, 50, 0], [0, 0, 0], [255, 255, 0]]], "uint8"), "brightness", 2)
    assert bright[0, 0].tolist() == [151, 76, 0] and bright[0, 1].tolist() == [51] * 3
    assert bright[0, 2].tolist() == [255, 255, 0]


def test_blur_is_as_wide_as_the_picture_is_large():
    def spread(size):
        point = np.zeros((size, size, 3), "uint8")
        point[size // 2 - size // 16 : size // 2 + size // 16, size // 2 - size // 16 : size // 2 + size // 16] = 255
        return corrupt(point, "blur", 5)[size // 2, :, 0].astype(float)

    small, large = spread(112), spread(224)
    np.testing.assert_allclose(small, large.reshape(112, 2).mean(axis=1), atol=12)


def test_fog_lightens_and_flattens(picture):
    dark = corrupt(np.where(picture > 150, picture, 0), "fog", 3)
    assert dark.max() < 255 and (dark.mean(axis=-1) > 0).mean() > 0.95, "the black parts are grey"
    edge = np.abs(np.diff(picture[:, :, 0].astype(float), axis=1)).max()
    assert np.abs(np.diff(corrupt(picture, "fog", 1)[:, :, 0].astype(float), axis=1)).max() < edge


def test_errors(picture):
    with pytest.raises(TypeError, match="must be uint8, in \\[0, 255\\]. Received: dtype=float64"):
        corrupt(picture / 255, "noise", 1)
    for wrong in (picture[..., 0], picture[None], picture[..., :1], picture[:0]):
        with pytest.raises(ValueError, match="must have the shape \\(height, width, 3\\). Received: shape="):
            corrupt(wrong, "noise", 1)
    with pytest.raises(ValueError, match="A corruption is one of .* Received: corruption='rain'"):
        corrupt(picture, "rain", 1)
    for strength in (0, 6, 2.5):
        with pytest.raises(ValueError, match=f"from 1 to 5. Received: strength={strength}"):
            corrupt(picture, "noise", strength)
