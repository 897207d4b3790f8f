import numpy as np
import tensorflow as tf

from kmm.evaluation.count_pixels import count_pixels
from kmm.metrics import AveragePrecision, BoundaryF1, MeanBoundaryF1


def test_binary_counts_by_hand():
    masks = tf.constant([[[[0, 0, 1], [1, 255, 7]]]], "uint8")
    logits = tf.constant([[[[-9.0, 0.5, 0.5], [-0.5, 9.0, 9.0]]]])[..., None]
    counts = count_pixels(masks, logits)
    np.testing.assert_array_equal(counts["confusion"], [[[1, 1], [1, 1]]])
    histogram = counts["probabilities"].numpy()[0]
    assert {(row, int(place)): int(histogram[row, place]) for row, place in np.argwhere(histogram)} == {
        (0, 0): 1, (0, 62): 1, (1, 62): 1, (1, 37): 1,
    }  # fmt: skip
    np.testing.assert_array_equal(counts["invalid"], [1])
    np.testing.assert_array_equal(count_pixels(masks, logits, threshold=0.7)["confusion"], [[[2, 0], [2, 0]]])


def test_counts_of_classes_by_hand():
    masks = tf.constant([[[[0, 1, 2, 255]]], [[[0, 0, 0, 0]]]], "uint8")
    logits = 9.0 * tf.one_hot([[[[0, 2, 2, 1]]], [[[0, 0, 0, 0]]]], 3)
    counts = count_pixels(masks, logits)
    np.testing.assert_array_equal(counts["confusion"][0], [[1, 0, 0], [0, 0, 1], [0, 0, 1]])
    np.testing.assert_array_equal(counts["confusion"][1], [[4, 0, 0], [0, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(counts["probabilities"][:, :, 99], [[1, 2], [0, 4]])


def test_logits_of_another_size_are_resized():
    masks = tf.ones((1, 1, 4, 6), "uint8")
    counts = count_pixels(masks, tf.fill((1, 1, 2, 3, 1), 9.0))
    np.testing.assert_array_equal(counts["confusion"], [[[0, 0], [0, 24]]])


def test_boundaries_equal_the_metrics():
    random = np.random.default_rng(0)
    masks = random.choice([0, 1, 1, 2, 255], (2, 3, 12, 12)).astype("uint8")
    masks[0, 0] = 255
    masks[0, 1] = 0
    for channels, metric in ((1, BoundaryF1()), (4, MeanBoundaryF1(4))):
        logits = random.normal(size=(2, 3, 12, 12, channels)).astype("float32")
        labels = np.where(masks == 2, 1, masks) if channels == 1 else masks
        scores = count_pixels(tf.constant(labels), tf.constant(logits), boundaries=True)["boundaries"].numpy()
        assert scores.shape == (6, channels) and np.isnan(scores[0]).all()
        metric.update_state(labels, logits)
        by_class = np.nanmean(scores[:, :], axis=0)
        np.testing.assert_allclose(by_class.mean(), metric.result(), rtol=1e-5)


def test_ranks_equal_the_metric():
    random = np.random.default_rng(1)
    masks = random.choice([0, 1, 255], (2, 3, 12, 12)).astype("uint8")
    logits = random.normal(masks == 1, 4.0, masks.shape).astype("float32")[..., None]
    metric = AveragePrecision(num_bins=200)
    metric.update_state(masks, logits)
    counts = count_pixels(tf.constant(masks), tf.constant(logits))
    np.testing.assert_array_equal(tf.reduce_sum(counts["ranks"], axis=0), metric.histograms)
