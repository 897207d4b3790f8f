import io

import numpy as np
import pytest
from PIL import Image

from kmm.serving.client.read_masks import ask_answer, picture_answers, read_mask_png


def encode(mask):
    buffer = io.BytesIO()
    Image.fromarray(mask).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("values", "num_classes", "expected"),
    [
        ([0, 255], 1, [0, 1]),
        ([0, 255], None, [0, 1]),
        ([0, 20], None, [0, 20]),
        ([0, 0], None, [0, 0]),
        ([0, 255], 256, [0, 255]),
        ([1, 4], 5, [1, 4]),
    ],
)
def test_values(values, num_classes, expected):
    mask = read_mask_png(encode(np.array([values], "uint8")), num_classes)
    assert mask.dtype == "uint8" and mask.tolist() == [expected] and mask.flags.writeable


def test_pictures_of_different_sizes_and_bad_ones():
    wide, high = encode(np.full((2, 5), 255, "uint8")), encode(np.zeros((7, 3), "uint8"))
    outputs = {
        "score": np.array([0.5, 0.25, 0.0, 0.0, 0.0]),
        "present": np.array([1, 1, 0, 0, 1], "uint8"),
        "mask_png_bytes": np.array([wide, wide, high, b"", b""], object),
        "status": np.array([b"OK", b"OK", b"OK", b"DAMAGED: it is.", b"NO_IMAGE: none."], object),
    }
    two, one, bad = picture_answers(outputs, [2, 1, 2], num_classes=1)
    assert two.masks.shape == (2, 2, 5) and two.masks.all() and two.ok
    assert two.scores.dtype == "float32" and two.scores.tolist() == [0.5, 0.25] and two.present.tolist() == [True, True]
    assert one.masks.shape == (1, 7, 3) and not one.masks.any() and not one.present[0]
    assert bad.masks.shape == (2, 0, 0) and bad.statuses == ("DAMAGED: it is.", "NO_IMAGE: none.") and not bad.ok


def test_exports_without_status_and_presence():
    pngs = [encode(np.array([[0, 255]], "uint8")), encode(np.array([[0, 0]], "uint8"))]
    (answer,) = picture_answers({"score": np.array([1.0, 0.0]), "mask_png_bytes": pngs}, [2], None)
    assert answer.ok and answer.present.tolist() == [True, False]


def test_answers_that_say_how_many_classes_there_are():
    png = encode(np.array([[0, 255, 1]], "uint8"))
    outputs = {"score": np.zeros(3), "mask_png_bytes": [png] * 3, "num_classes": np.array([1, 256, 3], "int32")}
    answers = picture_answers(outputs, [1, 1, 1], num_classes=1)
    assert [answer.masks.ravel().tolist() for answer in answers] == [[0, 1, 1], [0, 255, 1], [0, 255, 1]]


def test_one_bad_row_among_good_ones():
    outputs = {"score": np.zeros(2), "mask_png_bytes": [b"", encode(np.ones((2, 3), "uint8"))]}
    (answer,) = picture_answers(outputs, [2], 5)
    assert answer.masks.shape == (2, 2, 3) and not answer.masks[0].any() and answer.masks[1].all()


def test_masks_of_encoded_pictures_are_enlarged():
    masks = np.arange(4, dtype="uint8").reshape(1, 2, 2)
    outputs = {"mask": masks, "score": np.ones(1), "present": np.ones(1, "uint8")}
    assert ask_answer(outputs, (4, 6)).masks.tolist() == masks.repeat(2, 1).repeat(3, 2).tolist()
    assert ask_answer(outputs, (1, 1)).masks.shape == (1, 1, 1)
    answer = ask_answer(outputs | {"status": np.array([b"DAMAGED: it is."], object)}, (4, 6))
    assert answer.statuses == ("DAMAGED: it is.",) and answer.present.tolist() == [True]
