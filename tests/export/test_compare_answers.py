import numpy as np
import pytest
import tensorflow as tf

from kmm.export.compare_answers import compare_answers, sample_inputs

SPECS = {
    "images": tf.TensorSpec((None, 12, 20, 3), "float32"),
    "token_ids": tf.TensorSpec((None, 6), "int32"),
    "padding_mask": tf.TensorSpec((None, 6), "uint8"),
    "waveforms": tf.TensorSpec((None, 40), "float32"),
}


def test_samples_are_pictures_and_prompts_of_different_lengths():
    samples = sample_inputs(SPECS, vocabulary_size=9, count=8)
    assert {name: value.dtype.name for name, value in samples.items()} == {
        name: spec.dtype.name for name, spec in SPECS.items()
    }
    assert samples["images"].shape == (8, 12, 20, 3) and 200 < samples["images"].max() <= 255
    lengths = samples["padding_mask"].sum(axis=1)
    assert lengths[:3].tolist() == [6, 1, 0] and lengths.max() == 6 and lengths[3:].min() >= 2
    token_ids = samples["token_ids"]
    assert token_ids.max() < 9 and np.array_equal(token_ids > 0, samples["padding_mask"] > 0)
    again = sample_inputs(SPECS, vocabulary_size=9, count=8)
    assert all(np.array_equal(samples[name], again[name]) for name in samples)


@pytest.mark.parametrize("channels", [1, 3])
def test_differences_are_counted(channels):
    expected = np.random.default_rng(0).normal(size=(4, 10, 10, channels)).astype("float32")
    samples = {"index": np.arange(4)}
    assert compare_answers(lambda asked: expected[asked["index"]], expected, samples) == {
        "equal_pixels": 1.0,
        "max_difference": 0.0,
    }
    other = expected.copy()
    other[3, 0] = -other[3, 0]  # one row of one of five masks
    found = compare_answers(lambda asked: other[asked["index"]], expected, samples)
    assert 0.95 < found["equal_pixels"] < 1.0 and found["max_difference"] > 0.1
    nothing = compare_answers(lambda asked: expected[asked["index"]] * np.nan, expected, samples)
    assert not nothing["max_difference"] < 1


def test_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"logits of one shape. Received: \(2, 4, 4, 2\)"):
        compare_answers(
            lambda asked: np.zeros((1, 4, 4, 2)), np.zeros((1, 4, 4, 1)), {"images": np.zeros((1, 4, 4, 3))}
        )
