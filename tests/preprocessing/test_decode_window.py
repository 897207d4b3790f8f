import numpy as np
import pytest
import tensorflow as tf

from kmm.preprocessing.decode_window import decode_window

ROWS, COLUMNS = np.mgrid[:96, :128]
PICTURE = np.stack([ROWS * 2, COLUMNS, (ROWS + COLUMNS) // 2], axis=-1).astype(np.uint8)
FILES = {"jpeg": tf.io.encode_jpeg(PICTURE, quality=100), "png": tf.io.encode_png(PICTURE)}
WINDOWS = [(0, 0, 96, 128), (10, 20, 40, 60), (7, 3, 16, 16), (95, 127, 1, 1), (31, 63, 65, 65)]


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("size", [(8, 8), (16, 24), (64, 64)])
def test_the_window_resized(kind, window, size):
    found, used = (result.numpy() for result in decode_window(FILES[kind], window, size))
    top, left, height, width = used
    pixel = np.tile(np.maximum(1, np.array(window[2:]) / size), 2)
    assert (np.abs(used - window) < pixel).all()  # less than a pixel of the result
    assert found.shape == (*size, 3) and found.dtype == np.uint8
    part = PICTURE[top : top + height, left : left + width].astype("float32")
    expected = tf.image.resize(part, size, antialias=True).numpy()
    assert np.abs(found - expected).max() <= 8  # the scene is smooth: every honest way of shrinking agrees


def test_in_a_graph_with_unknown_windows():
    decode = tf.function(
        lambda content, window: decode_window(content, window, (8, 8)),
        input_signature=[tf.TensorSpec((), tf.string), tf.TensorSpec((4,), tf.int32)],
    )
    for window in WINDOWS:
        eager = decode_window(FILES["jpeg"], window, (8, 8))
        for one, other in zip(decode(FILES["jpeg"], tf.constant(window)), eager, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("content", [b"", b"GIF89a" + b"\0" * 40, b"\xff\xd8\xff\xe0" + b"\0" * 60])
def test_what_is_no_picture(content):
    with pytest.raises(tf.errors.InvalidArgumentError):
        decode_window(tf.constant(content), (0, 0, 8, 8), (8, 8))
