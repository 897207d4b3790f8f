import numpy as np
import pytest

from kmm.fusion import AverageFusion, SumFusion, WeightedSumFusion
from kmm.fusion.elementwise_fusion import ElementwiseFusion

random = np.random.default_rng(0)
FEATURES = random.normal(size=(2, 3, 4, 5)).astype("float32")
SEQUENCE = random.normal(size=(2, 4, 6)).astype("float32")
POOLED = random.normal(size=(2, 6)).astype("float32")
PADDING_MASK = np.array([[1, 1, 1, 0], [0, 0, 0, 0]], bool)


class PictureOnly(ElementwiseFusion):
    """Keeps what it was asked to mix."""

    def join(self, picture, words, has_words):
        self.seen = picture, words, has_words
        return picture


def test_mix_gets_both_projected_and_which_prompts_have_words():
    fusion = PictureOnly(filters=8)
    fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK)
    picture, words, has_words = (np.asarray(value) for value in fusion.seen)
    assert (picture.shape, words.shape, has_words.shape) == ((2, 3, 4, 8), (2, 1, 1, 8), (2, 1, 1, 1))
    assert has_words.ravel().tolist() == [1, 0]
    assert np.any(words[0]) and not np.any(words[1])


@pytest.mark.parametrize("cls", [SumFusion, AverageFusion, WeightedSumFusion])
def test_an_empty_prompt_leaves_the_picture_alone(cls):
    fusion, alone = cls(filters=8), PictureOnly(filters=8)
    outputs, _ = (layer(FEATURES, SEQUENCE, POOLED, PADDING_MASK) for layer in (fusion, alone))
    shared = {weight.path.split("/", 1)[1]: weight for weight in fusion.weights}
    for weight in alone.weights:
        weight.assign(shared[weight.path.split("/", 1)[1]])
    picture = np.asarray(alone(FEATURES, SEQUENCE, POOLED, PADDING_MASK))
    np.testing.assert_array_equal(outputs[1], picture[1])
    assert not np.allclose(outputs[0], picture[0])
