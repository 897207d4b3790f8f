import numpy as np
import pytest

from kmm.layers import NonlinearDecision

random = np.random.default_rng(0)


def log_softmax(logits):
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


@pytest.mark.parametrize("shape", [(2, 3, 4, 1), (2, 3, 4, 5), (5, 1), (5, 3)])
def test_equals_numpy(shape):
    logits = {name: random.normal(size=shape).astype("float32") for name in ("zebra", "ant")}
    read = logits if shape[-1] == 1 else {name: log_softmax(one) for name, one in logits.items()}
    mean = (read["ant"] + read["zebra"]) / 2
    decision = NonlinearDecision(filters=6)
    np.testing.assert_allclose(decision(logits), mean, rtol=1e-5, atol=1e-6)  # before any training
    for weight in decision.weights:
        weight.assign(random.normal(size=weight.shape))
    kernel, bias, last_kernel, last_bias = (weight.numpy() for weight in decision.weights)
    hidden = np.maximum(np.concatenate([read["ant"], read["zebra"]], axis=-1) @ kernel + bias, 0)
    np.testing.assert_allclose(decision(logits), mean + hidden @ last_kernel + last_bias, rtol=1e-4, atol=1e-4)


def test_an_offset_of_all_classes_does_not_count():
    logits = {name: random.normal(size=(4, 3)).astype("float32") for name in ("one", "other")}
    decision = NonlinearDecision()
    decision(logits)
    for weight in decision.weights:
        weight.assign(random.normal(size=weight.shape))
    np.testing.assert_allclose(decision({**logits, "one": logits["one"] + 7}), decision(logits), rtol=1e-4, atol=1e-4)


def test_refuses_less_than_one_hidden_unit():
    with pytest.raises(ValueError, match="at least one hidden unit. Received: filters=0"):
        NonlinearDecision(filters=0)
