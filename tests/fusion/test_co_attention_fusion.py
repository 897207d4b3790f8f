import numpy as np
import pytest

from kmm.fusion import CoAttentionFusion
from kmm.layers import CoordinateMap

random = np.random.default_rng(0)
FEATURES = random.normal(size=(3, 3, 4, 5)).astype("float32")
SEQUENCE = random.normal(size=(3, 4, 6)).astype("float32")
POOLED = random.normal(size=(3, 6)).astype("float32")
PADDING_MASK = np.array([[1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]], bool)


def built(dtype=None):
    """With weights off their initial values: biases start at zero."""
    fusion = CoAttentionFusion(filters=8, num_heads=2, dtype=dtype)
    fusion.build(FEATURES.shape, SEQUENCE.shape, POOLED.shape, PADDING_MASK.shape)
    for weight in fusion.trainable_weights:
        weight.assign(weight + 0.3 * random.normal(size=weight.shape))
    return fusion


def test_equals_numpy():
    """One sample, one head, one pixel and one word at a time."""
    fusion = built()
    weights = {weight.path.split("/", 1)[1]: weight.numpy() for weight in fusion.weights}

    def dense(name, inputs):
        return inputs @ weights[f"{name}/kernel"] + weights.get(f"{name}/bias", 0)

    def block(name, inputs):
        outputs = inputs @ weights[f"{name}/convolution/kernel"][0, 0] / np.sqrt(1 + 1e-3)
        return np.maximum(outputs * weights[f"{name}/norm/gamma"] + weights[f"{name}/norm/beta"], 0)

    def softmax(values):
        return np.exp(values) / np.exp(values).sum()

    normalised = (SEQUENCE - SEQUENCE.mean(-1, keepdims=True)) / np.sqrt(SEQUENCE.var(-1, keepdims=True) + 1e-3)
    words = dense("words", normalised * weights["sequence_norm/gamma"] + weights["sequence_norm/beta"])
    x = block("projection", FEATURES)
    x = x + dense("place", np.asarray(CoordinateMap()(x)))
    pixels, read = x.reshape(3, 12, 8), np.zeros((3, 12, 8))
    for sample, length in enumerate(PADDING_MASK.sum(axis=1)):
        word_keys, pixel_keys = dense("word_keys", words[sample]), dense("pixel_keys", pixels[sample])
        parts = (slice(0, 4), slice(4, 8))  # the channels of each head
        affinities = [(part, word_keys[:length, part] @ pixel_keys[:, part].T / np.sqrt(4)) for part in parts]
        meanings = []
        for word in range(length):
            found = [softmax(affinity[word]) @ pixels[sample][:, part] for part, affinity in affinities]
            meanings.append(np.maximum(dense("meaning", np.concatenate([words[sample, word], *found])), 0))
        for pixel in range(12 if length else 0):
            for part, affinity in affinities:
                read[sample, pixel, part] = softmax(affinity[:, pixel]) @ np.array(meanings)[:, part]
    read = read.reshape(x.shape)
    expected = block("combine", np.concatenate([x, read, x * read], axis=-1))
    np.testing.assert_allclose(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_padded_words_are_never_read(dtype):
    fusion = built(dtype)
    outputs = np.asarray(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK), "float32")
    for replacement in (0.0, 1e4):
        changed = np.where(PADDING_MASK[..., None], SEQUENCE, np.float32(replacement))
        again = np.asarray(fusion(FEATURES, changed, POOLED, PADDING_MASK), "float32")
        np.testing.assert_array_equal(again, outputs)
    real = np.asarray(fusion(FEATURES, -SEQUENCE, POOLED, PADDING_MASK), "float32")
    assert not np.allclose(real[:2], outputs[:2])
    np.testing.assert_array_equal(real[2], outputs[2])


def test_a_pixel_learns_what_a_word_found_elsewhere():
    fusion = built()
    outputs = np.asarray(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK))
    changed = FEATURES.copy()
    changed[:, 0, 0] += 1
    elsewhere = np.abs(np.asarray(fusion(changed, SEQUENCE, POOLED, PADDING_MASK)) - outputs)[:, 1:]
    assert (elsewhere.max(axis=(1, 2, 3))[:2] > 1e-4).all()
    assert elsewhere[2].max() == 0  # the empty prompt found nothing


def test_does_not_read_the_sentence_vector():
    fusion = built()
    outputs = fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK)
    np.testing.assert_array_equal(fusion(FEATURES, SEQUENCE, -POOLED, PADDING_MASK), outputs)


@pytest.mark.parametrize("num_heads", [3, 0])
def test_refuses_heads_that_do_not_divide_the_filters(num_heads):
    with pytest.raises(ValueError, match=f"Received: filters=8, num_heads={num_heads}"):
        CoAttentionFusion(filters=8, num_heads=num_heads)
