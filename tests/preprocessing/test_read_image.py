import numpy as np
import pytest
from PIL import Image

from kmm.preprocessing import decode_image, read_image

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 7, 3), "uint8")


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "LA", "1", "I;16"])
def test_the_same_pixels_as_in_an_export(mode, tmp_path):
    path = tmp_path / "photograph.png"
    if mode == "I;16":
        Image.fromarray(PIXELS[..., 0].astype("uint16") * 256 + PIXELS[..., 1]).save(path)
    else:
        Image.fromarray(PIXELS).convert(mode).save(path)
    with Image.open(path) as picture:
        assert picture.mode == mode
    image = read_image(path)
    assert image.dtype == np.uint8 and image.shape == (5, 7, 3) and len(np.unique(image)) >= 2
    np.testing.assert_array_equal(image, decode_image(path.read_bytes()))


def test_transparent_palettes(tmp_path):
    Image.fromarray(PIXELS).convert("P").save(tmp_path / "photograph.png", transparency=bytes(range(9)))
    image = read_image(tmp_path / "photograph.png")
    np.testing.assert_array_equal(image, decode_image((tmp_path / "photograph.png").read_bytes()))


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_exif_rotation(suffix, dtype, tmp_path):
    if (suffix, dtype) == ("jpg", "uint16"):
        pytest.skip("JPEG has 8 bits")
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    ramp = np.repeat(np.arange(16, dtype=dtype)[:, None] * 16, 8, axis=1)
    Image.fromarray(ramp * (256 if dtype == "uint16" else 1)).save(tmp_path / f"turned.{suffix}", exif=exif)
    image = read_image(tmp_path / f"turned.{suffix}")
    assert image.shape == (8, 16, 3)
    np.testing.assert_allclose(image[..., 0], np.rot90(ramp, -1), atol=3)


def test_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match="must exist. Received: .*nowhere.png"):
        read_image(tmp_path / "nowhere.png")
    good = tmp_path / "good.png"
    Image.fromarray(PIXELS).save(good)
    (tmp_path / "short.png").write_bytes(good.read_bytes()[:60])
    (tmp_path / "damaged.jpg").write_bytes(b"\xff\xd8\xff damaged")
    Image.fromarray(PIXELS).save(tmp_path / "other.gif")
    Image.fromarray(PIXELS).save(tmp_path / "named.png", "BMP")
    for name in ("short.png", "damaged.jpg", "other.gif", "named.png"):
        with pytest.raises(ValueError, match=f"must decode as JPEG or PNG. Received: .*{name}"):
            read_image(tmp_path / name)
