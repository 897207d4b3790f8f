import types

import numpy as np
import pytest

from kmm.evaluation.corruption_rows import corruption_rows


@pytest.fixture
def collector(scores_of):
    """A model that misses more of every target, the brighter the picture is; and the pictures it saw."""

    class Collector:
        model = types.SimpleNamespace(image_size=(8, 12))
        seen = []

        def collect(self, change_image=None, title=None):
            scores = scores_of("abcdef", areas=[40] * 6)
            pictures = [np.full((20, 30, 3), 100, "uint8")] * 6
            if change_image is not None:
                pictures = [change_image(picture, number) for number, picture in enumerate(pictures)]
                self.seen += pictures
            missed = np.array([picture.mean() - 100 for picture in pictures]) / 5
            scores.confusion[:, 1] += np.stack([missed, -missed], axis=-1)
            return scores

    return Collector()


def test_means_and_drops(collector):
    rows = corruption_rows(collector, collector.collect(), ["brightness", "jpeg"], (2, 4), num_resamples=30, seed=3)
    names = ["brightness 2", "brightness 4", "brightness, mean", "jpeg 2", "jpeg 4", "jpeg, mean", "mean of all"]
    assert [row["name"] for row in rows] == names
    expected = [(40 - (brighter - 100) / 5) / 40 for brighter in (151, 202)]
    scores = [row["score"] for row in rows]
    assert scores[:3] == pytest.approx([*expected, np.mean(expected)], abs=1e-5)
    assert scores[5] == pytest.approx((scores[3] + scores[4]) / 2, abs=1e-5)
    assert scores[6] == pytest.approx((scores[2] + scores[5]) / 2, abs=1e-5)
    assert [row["relative_drop"] for row in rows] == pytest.approx([1 - score for score in scores], abs=1e-5)
    assert [(row["corruption"], row["strength"]) for row in rows[1:3]] == [("brightness", 4), ("brightness", None)]
    assert all(row["group"] == "corruptions" and row["num_samples"] == 6 and row["interval"] for row in rows)


def test_pictures_are_spoilt_at_the_models_size(collector):
    corruption_rows(collector, collector.collect(), ["noise"], (1,), num_resamples=5, seed=3)
    one = np.stack(collector.seen)
    assert one.shape == (6, 8, 12, 3) and (one[0] != one[1]).any(), "each picture has its own noise"
    corruption_rows(collector, collector.collect(), ["noise"], (1,), num_resamples=5, seed=3)
    corruption_rows(collector, collector.collect(), ["noise"], (1,), num_resamples=5, seed=4)
    np.testing.assert_array_equal(one, collector.seen[6:12])
    assert (one != collector.seen[12:]).any(), "the seed keys the noise"


def test_no_drop_from_nothing(collector):
    clean = collector.collect()
    clean.confusion[:, 1] = [40, 0]
    row = corruption_rows(collector, clean, ["jpeg"], (1,), level=0.9, num_resamples=5)[0]
    assert row["relative_drop"] is None and row["score"] is not None
