import numpy as np
import pytest

from kmm.fusion import CoAttentionFusion, CrossAttentionFusion, SelfAttentionFusion
from kmm.fusion.word_shares import word_shares

random = np.random.default_rng(0)
FEATURES = random.normal(size=(3, 3, 4, 5)).astype("float32")
SEQUENCE = random.normal(size=(3, 4, 6)).astype("float32")
POOLED = random.normal(size=(3, 6)).astype("float32")
PADDING_MASK = np.array([[1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]], bool)
FUSIONS = (
    CrossAttentionFusion(filters=8, num_heads=2, dropout=0.5),
    SelfAttentionFusion(filters=8, num_heads=2, num_layers=2, dropout=0.5),
    CoAttentionFusion(filters=8, num_heads=2),
)


def maps_of(fusion, sequence=SEQUENCE):
    return np.asarray(fusion.attention_maps(FEATURES, sequence, POOLED, PADDING_MASK))


def test_the_mean_over_the_heads_without_padded_words():
    weights = np.array([[[[0.1, 0.3, 0.6]], [[0.3, 0.3, 0.4]]]])  # one sample, two heads, one pixel
    shares = np.asarray(word_shares(weights, np.array([[True, True, False]]), (1, 1)))
    np.testing.assert_allclose(shares, [[[[0.4, 0.6, 0.0]]]], rtol=1e-6)


@pytest.mark.parametrize("fusion", FUSIONS, ids=lambda fusion: type(fusion).__name__)
def test_maps_of_every_fusion_with_attention(fusion):
    before = np.asarray(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK))
    maps = maps_of(fusion)
    assert maps.shape == (3, 3, 4, 4) and (maps >= 0).all()
    np.testing.assert_allclose(maps.sum(axis=-1)[:2], 1, rtol=1e-5)
    assert not maps[2].any(), "an empty prompt has no words to attend to"
    assert not np.moveaxis(maps, -1, 1)[~PADDING_MASK].any()
    np.testing.assert_array_equal(maps, maps_of(fusion, np.where(PADDING_MASK[..., None], SEQUENCE, 1e3)))
    assert maps[0].std(axis=(0, 1)).max() > 1e-6, "pixels differ in what they attend to"
    np.testing.assert_array_equal(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK), before)


@pytest.mark.parametrize("fusion", FUSIONS, ids=lambda fusion: type(fusion).__name__)
def test_words_change_places_together_with_their_maps(fusion):
    fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK)
    turned = np.concatenate([SEQUENCE[:, 2::-1], SEQUENCE[:, 3:]], axis=1)
    np.testing.assert_allclose(maps_of(fusion, turned)[0, ..., 2::-1], maps_of(fusion)[0, ..., :3], atol=1e-5)
