import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from kmm.data.files.mask_spec import MaskSpec

WIDE = np.array([[0, 1, 1], [0, 0, 1]], np.uint8)


def png(array, orientation=None):
    file, exif = io.BytesIO(), Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    Image.fromarray(np.asarray(array)).save(file, "PNG", exif=exif)
    return file.getvalue()


def upright(array, orientation):
    picture = Image.fromarray(array)
    picture.getexif()[0x0112] = orientation
    return np.asarray(ImageOps.exif_transpose(picture))


@pytest.mark.parametrize(
    "values, class_id, expected",
    [
        ([0, 1, 0], None, [0, 1, 0]),
        ([0, 7, 3], None, [0, 1, 1]),
        ([0, 7, 3], 7, [0, 1, 0]),
        ([0, 7, 3], 0, [1, 0, 0]),
        ([0, 7, 3], 9, [0, 0, 0]),
        ([0, 0, 255], None, [0, 0, 1]),
        ([255, 255, 255], None, [1, 1, 1]),
        ([0, 1, 255], None, [0, 1, 255]),
        ([0, 7, 255], 7, [0, 1, 255]),
        ([0, 0, 255], 7, [0, 0, 255]),
        ([0, 7, 255], 255, [0, 0, 1]),
        ([0, 1, 2], None, [0, 1, 1]),
        ([0, 0, 0], None, [0, 0, 0]),
    ],
)
def test_which_values_are_the_target(values, class_id, expected):
    mask = MaskSpec(file=png(np.uint8([values])), class_id=class_id).read((1, 3))
    assert mask.dtype == np.uint8 and mask.tolist() == [expected]


def test_16_bit_ids():
    assert MaskSpec(file=png(np.uint16([[0, 300, 44]])), class_id=300).read((1, 3)).tolist() == [[0, 1, 0]]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_masks_turn_as_their_picture_does(orientation):
    expected = upright(WIDE, orientation)
    runs = [2, 1, 1, 2]  # down the columns of WIDE
    specs = (MaskSpec(file=png(WIDE)), MaskSpec(rle={"size": [2, 3], "counts": runs}))
    for spec in specs:
        np.testing.assert_array_equal(spec.read((2, 3), orientation), expected)
    square = MaskSpec(polygons=[[0, 0, 2, 0, 2, 1, 0, 1]])
    np.testing.assert_array_equal(
        square.read((2, 3), orientation), upright(np.uint8([[1, 1, 0], [0, 0, 0]]), orientation)
    )


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_masks_of_the_upright_picture_are_left(orientation):
    specs = (
        MaskSpec(file=png(WIDE)),
        MaskSpec(rle={"size": [2, 3], "counts": [2, 1, 1, 2]}),
    )
    for spec in specs:
        np.testing.assert_array_equal(spec.read((3, 2), orientation), WIDE)
    polygons = MaskSpec(polygons=[[1, 0, 3, 0, 3, 1, 1, 1]], size=(2, 3))
    np.testing.assert_array_equal(polygons.read((3, 2), orientation), [[0, 1, 1], [0, 0, 0]])


@pytest.mark.parametrize("of_picture", [1, 3, 6])
@pytest.mark.parametrize("own", [2, 3, 6, 8])
def test_a_mask_with_a_rotation_of_its_own_is_turned_once(own, of_picture):
    square = np.array([[0, 1], [0, 0]], np.uint8)
    mask = MaskSpec(file=png(square, own)).read((2, 2), of_picture)
    np.testing.assert_array_equal(mask, upright(square, own))


def test_wrong_sizes():
    with pytest.raises(ValueError, match=r"size of its picture, \(4, 3\).*Received: \(2, 3\), 7\d bytes.*nearest"):
        MaskSpec(file=png(WIDE)).read((3, 4), 6)
    with pytest.raises(ValueError, match=r"size of its picture, \(3, 4\).*\(5, 5\), that of the polygons' picture"):
        MaskSpec(polygons=[[0, 0, 2, 0, 2, 1]], size=(5, 5)).read((3, 4))
    with pytest.raises(ValueError, match=r"size of its picture, \[3, 4\].*size=\[2, 3\]"):
        MaskSpec(rle={"size": [2, 3], "counts": [6]}).read((3, 4))
    with pytest.raises(TypeError, match="must be a dict like"):
        MaskSpec(rle=[6]).read((3, 4))


def test_shades_are_refused():
    smooth = np.uint8([[0, 60, 120, 180, 255, 255, 255]])
    with pytest.raises(ValueError, match="ids, not shades. Received: 5 values, most of them 255.*give the `class_id`"):
        MaskSpec(file=png(smooth)).read((1, 7))
    assert MaskSpec(file=png(smooth), class_id=60).read((1, 7)).tolist() == [[0, 1, 0, 0, 255, 255, 255]]
    many = np.uint8([[0, 60, 60, 60, 120, 180, 255]])
    assert MaskSpec(file=png(many)).read((1, 7)).tolist() == [[0, 1, 1, 1, 1, 1, 255]]


def test_all_void_is_refused():
    with pytest.raises(ValueError, match="pixels that count. Received: nothing but 255 in 73 bytes"):
        MaskSpec(file=png(np.full((2, 3), 255, np.uint8)), class_id=1).read((2, 3))


@pytest.mark.parametrize("parts", [{}, {"file": "a.png", "rle": {}}, {"polygons": [], "rle": {}}])
def test_one_form_is_needed(parts):
    with pytest.raises(ValueError, match="a file, polygons or run lengths, one of them. Received: MaskSpec"):
        MaskSpec(**parts)
