import numpy as np
import pytest
import tensorflow as tf

from kmm.preprocessing import masks_from_logits, scores_from_logits
from kmm.preprocessing.mask_outputs import segmentation_logits


def random_logits(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def sigmoid(logits):
    return 1.0 / (1.0 + np.exp(-logits))


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7])
def test_binary(threshold):
    logits = random_logits(3, 6, 5, 1)
    masks, scores = masks_from_logits(logits, threshold=threshold), scores_from_logits(logits, threshold)
    expected = sigmoid(logits[..., 0]) > threshold
    assert masks.dtype == "uint8" and scores.dtype == "float32"
    np.testing.assert_array_equal(masks, expected)
    for score, mask, logit in zip(scores, expected, logits, strict=True):
        np.testing.assert_allclose(score, sigmoid(logit[..., 0])[mask].mean(), rtol=1e-5)


def test_semantic():
    logits = random_logits(3, 6, 5, 4)
    masks, scores = masks_from_logits(logits), scores_from_logits(logits)
    assert masks.dtype == "uint8" and scores.dtype == "float32"
    np.testing.assert_array_equal(masks, logits.argmax(-1))
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    np.testing.assert_allclose(scores, probabilities.max(-1).mean((1, 2)), rtol=1e-5)


def test_empty_mask_scores_zero():
    logits = np.full((2, 4, 4, 1), -3.0, "float32")
    logits[1, 0, 0] = 3.0
    np.testing.assert_allclose(scores_from_logits(logits), [0.0, sigmoid(3.0)], rtol=1e-5)
    assert masks_from_logits(logits).numpy().sum() == 1


@pytest.mark.parametrize("channels", [1, 4])
def test_resized_logits_not_resized_masks(channels):
    logits = random_logits(2, 6, 5, channels)
    masks = masks_from_logits(logits, size=(13, 17))
    assert tuple(masks.shape) == (2, 13, 17)
    resized = tf.image.resize(logits, (13, 17)).numpy()
    np.testing.assert_array_equal(masks, resized[..., 0] > 0 if channels == 1 else resized.argmax(-1))
    np.testing.assert_array_equal(masks_from_logits(logits[0], size=(13, 17)), masks[0])


def test_classes_are_resized_one_by_one(monkeypatch):
    resized, resize = [], tf.image.resize

    def remember(images, size):
        resized.append(images.shape[-1])
        return resize(images, size)

    monkeypatch.setattr(tf.image, "resize", remember)
    logits = random_logits(2, 6, 5, 200)
    logits[..., 150] = logits[..., 3] = 9.0  # of equal ones the first
    assert np.all(masks_from_logits(logits, size=(13, 17)) == 3)
    assert set(resized) == {1}


def test_resized_in_a_graph_of_unknown_sizes():
    specs = [tf.TensorSpec((None, None, None, 4), "float32"), tf.TensorSpec((2,), "int32")]
    graph = tf.function(masks_from_logits, input_signature=specs)
    logits = random_logits(2, 6, 5, 4)
    np.testing.assert_array_equal(graph(logits, (13, 17)), masks_from_logits(logits, (13, 17)))


def test_segmentation_logits():
    logits = random_logits(1, 2, 2, 1)
    assert segmentation_logits(logits) is segmentation_logits({"segmentation_masks": logits, "depth": 0}) is logits
    with pytest.raises(ValueError, match=r"must be named 'segmentation_masks'. Received: outputs=\['depth'\]"):
        segmentation_logits({"depth": logits})


def test_low_precision_logits_and_more_leading_axes():
    logits = tf.cast(random_logits(2, 3, 6, 5, 1), "bfloat16")
    assert tuple(masks_from_logits(logits).shape) == (2, 3, 6, 5)
    assert scores_from_logits(logits).dtype == "float32" and tuple(scores_from_logits(logits).shape) == (2, 3)


def test_last_class_id():
    logits = np.zeros((1, 2, 2, 256), "float32")
    logits[..., 255] = 1.0
    assert np.all(masks_from_logits(logits) == 255)
