import json

import numpy as np
import pytest

from kmm.evaluation import SampleScores, calibration


def make_scores(probabilities, pictures=None, task="referring"):
    """Samples of these histograms, `(num_samples, 2, 100)`."""
    count = len(probabilities)
    pictures = np.arange(count) if pictures is None else np.array(pictures)
    names = ("background", "target")
    return SampleScores(task, names, pictures, ("",) * count, ("any",) * count, np.zeros((count, 2, 2)), probabilities)


def histogram(**pixels):
    """One sample; `bin_30=(8, 2)` puts 8 pixels of label 0 and 2 of label 1 there."""
    counts = np.zeros((1, 2, 100))
    for name, pair in pixels.items():
        counts[0, :, int(name.removeprefix("bin_"))] = pair
    return counts


def test_by_hand():
    result = calibration(make_scores(histogram(bin_20=(60, 20), bin_24=(0, 0), bin_70=(5, 15))))
    # 80 pixels of 0.205, a quarter of them true; 20 of 0.705, three quarters of them true
    assert result["expected_error"] == pytest.approx(0.8 * 0.045 + 0.2 * 0.045)
    assert result["maximum_error"] == pytest.approx(0.045)
    assert result["mean_gap"] == pytest.approx(-0.045)
    assert (result["num_pixels"], result["num_samples"], result["task"]) == (100, 1, "referring")
    third = result["bins"][2]
    assert (third["low"], third["high"], third["share"]) == (0.2, 0.3, 0.8)
    assert (third["probability"], third["frequency"]) == (pytest.approx(0.205), 0.25)
    assert result["bins"][5] == {
        "low": 0.5, "high": 0.6, "probability": None, "frequency": None, "interval": None, "share": 0.0,
    }  # fmt: skip


def test_bins_are_joined_before_they_are_compared():
    pixels = {"bin_20": (10, 0), "bin_29": (5, 5)}  # 0.205 never, 0.295 half of the time; together 0.25 and 0.25
    assert calibration(make_scores(histogram(**pixels)))["expected_error"] == pytest.approx(0)
    assert calibration(make_scores(histogram(**pixels)), num_bins=100)["expected_error"] == pytest.approx(0.205)


@pytest.mark.parametrize("pair, error", [((100, 0), 0), ((995, 5), 0), ((90, 10), 0.09)])
def test_what_lies_inside_the_first_and_last_hundredth_is_not_seen(pair, error):
    assert calibration(make_scores(histogram(bin_0=pair)))["expected_error"] == pytest.approx(error)
    assert calibration(make_scores(histogram(bin_99=pair[::-1])))["expected_error"] == pytest.approx(error)


def test_against_pixels_one_by_one():
    random = np.random.default_rng(0)
    probabilities = random.uniform(0.01, 0.99, 40_000)
    true = random.random(40_000) < probabilities**1.3
    counts = np.zeros((1, 2, 100))
    np.add.at(counts[0], (true.astype(int), (probabilities * 100).astype(int)), 1)
    places = (probabilities * 10).astype(int)
    gaps = [abs(probabilities[places == k].mean() - true[places == k].mean()) for k in range(10)]
    shares = np.bincount(places) / len(places)
    result = calibration(make_scores(counts))
    assert result["expected_error"] == pytest.approx((shares * gaps).sum(), abs=2e-4)
    assert result["maximum_error"] == pytest.approx(max(gaps), abs=1e-3)


def test_intervals_come_from_pictures():
    random = np.random.default_rng(0)
    counts = np.zeros((60, 2, 100))
    counts[:, 1, 50] = random.integers(0, 11, 60)
    counts[:, 0, 50] = 10 - counts[:, 1, 50]
    result = calibration(make_scores(counts))
    low, high = result["mean_gap_interval"]
    deviation = counts[:, 1, 50].std() / 10 / np.sqrt(60)
    assert low < result["mean_gap"] < high and high - low == pytest.approx(2 * 1.96 * deviation, rel=0.15)
    of_bin = result["bins"][5]["interval"]
    assert of_bin == pytest.approx([0.505 - high, 0.505 - low])
    together = calibration(make_scores(counts, pictures=np.arange(60) // 30))
    wide = together["mean_gap_interval"]
    assert wide != [low, high] and together["mean_gap"] == result["mean_gap"]
    assert calibration(make_scores(counts), level=0.5)["mean_gap_interval"][0] > low


def test_plain_json_even_of_one_picture():
    result = calibration(make_scores(histogram(bin_20=(1, 1)), task="semantic"))
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert result["expected_error_interval"] is None and result["task"] == "semantic"


def test_errors():
    scores = make_scores(histogram(bin_20=(1, 1)))
    for num_bins in (0, 7):
        with pytest.raises(ValueError, match=f"divisor of 100. Received: num_bins={num_bins}. Use 10"):
            calibration(scores, num_bins=num_bins)
    for options in ({"level": 1.0}, {"num_resamples": 0}):
        with pytest.raises(ValueError, match="between 0 and 1 and at least one resampled set. Received: level="):
            calibration(scores, **options)
    with pytest.raises(ValueError, match="at least one pixel that counts. Received: 1 samples without any"):
        calibration(make_scores(histogram()))
