import numpy as np
import pytest

from kmm.fusion import ReasoningFusion
from kmm.layers import CoordinateMap, HalfPlaneContext

random = np.random.default_rng(0)
FEATURES = random.normal(size=(3, 3, 4, 5)).astype("float32")
SEQUENCE = random.normal(size=(3, 4, 6)).astype("float32")
POOLED = random.normal(size=(3, 6)).astype("float32")
PADDING_MASK = np.array([[1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]], bool)


def built(dtype=None):
    fusion = ReasoningFusion(filters=8, num_steps=2, dtype=dtype)
    fusion.build(FEATURES.shape, SEQUENCE.shape, POOLED.shape, PADDING_MASK.shape)
    for weight in fusion.trainable_weights:
        weight.assign(weight + 0.2 * random.normal(size=weight.shape))
    return fusion


def relu(x):
    return np.maximum(x, 0)


def convolve(inputs, kernel):
    """A 3 x 3 convolution with padding "same"."""
    height, width = inputs.shape[1:3]
    padded = np.pad(inputs, [(0, 0), (1, 1), (1, 1), (0, 0)])
    shifts = [(i, j) for i in range(3) for j in range(3)]
    return sum(padded[:, i : i + height, j : j + width] @ kernel[i, j] for i, j in shifts)


def test_equals_numpy():
    fusion = built()
    weights = {weight.path.split("/", 1)[1]: weight.numpy() for weight in fusion.weights}

    def dense(name, inputs):
        return inputs @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]

    def normalise(name, inputs):
        return inputs / np.sqrt(1 + 1e-3) * weights[f"{name}/gamma"] + weights[f"{name}/beta"]

    def normalise_words(name, inputs):
        inputs = (inputs - inputs.mean(-1, keepdims=True)) / np.sqrt(inputs.var(-1, keepdims=True) + 1e-3)
        return inputs * weights[f"{name}/gamma"] + weights[f"{name}/beta"]

    def block(name, inputs):
        return normalise(f"{name}/norm", inputs @ weights[f"{name}/convolution/kernel"][0, 0])

    x = relu(block("projection", FEATURES))
    sequence, pooled = normalise_words("sequence_norm", SEQUENCE), normalise_words("pooled_norm", POOLED)
    queries = dense("queries", pooled).reshape(3, 2, 8)
    scores = np.einsum("bsd,bld->bsl", queries, dense("keys", sequence)) / np.sqrt(8)
    attention = np.exp(scores) * PADDING_MASK[:, None]
    attention = attention / np.maximum(attention.sum(-1, keepdims=True), 1e-9)
    for step in (1, 2):
        reading = np.concatenate([(attention[:, step - 1, :, None] * sequence).sum(1), pooled], axis=-1)
        scale, offset = np.split(dense(f"modulation{step}", reading)[:, None, None], 2, axis=-1)
        seen = convolve(x, weights[f"look{step}/kernel"]) + dense(f"place{step}", np.asarray(CoordinateMap()(x)))
        seen = relu(normalise(f"norm{step}", seen) * (1 + scale) + offset)
        context = np.asarray(HalfPlaneContext()(seen.astype("float32")))
        seen = relu(seen + context @ weights[f"context{step}/kernel"][0, 0])
        x = relu(x + block(f"merge{step}", seen))
    np.testing.assert_allclose(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK), x, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_padded_words_never_count(dtype):
    fusion = built(dtype)
    outputs = np.asarray(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK), "float32")
    for replacement in (0.0, 1e4):
        changed = np.where(PADDING_MASK[..., None], SEQUENCE, np.float32(replacement))
        again = np.asarray(fusion(FEATURES, changed, POOLED, PADDING_MASK), "float32")
        np.testing.assert_array_equal(again, outputs)
    assert np.isfinite(outputs).all()


@pytest.mark.parametrize("part", ["sequence", "pooled"])
def test_words_change_the_output(part):
    fusion = built()
    outputs = np.asarray(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK))
    sequence = -SEQUENCE if part == "sequence" else SEQUENCE
    pooled = -POOLED if part == "pooled" else POOLED
    changed = np.asarray(fusion(FEATURES, sequence, pooled, PADDING_MASK))
    assert np.abs(changed - outputs)[:2].max() > 1e-2


@pytest.mark.parametrize("arguments", [{"filters": 6}, {"filters": 8, "num_steps": 0}])
def test_errors(arguments):
    received = ", ".join(f"{key}={value}" for key, value in {"filters": 8, "num_steps": 4, **arguments}.items())
    with pytest.raises(ValueError, match=f"divisible by 4 and num_steps positive. Received: {received}"):
        ReasoningFusion(**arguments)
