import numpy as np

from kmm.losses.lovasz_weights import lovasz_weights


def test_equals_the_differences_of_the_jaccard_loss():
    """As in the published code: Jaccard losses of the sorted pixels, one minus the next."""
    rng = np.random.default_rng(0)
    errors, target = rng.random((4, 30)), (rng.random((4, 30)) < 0.2).astype(float)
    target[:, 0] = 1
    found = lovasz_weights(errors, target, np.ones((4, 30)))
    for row in range(4):
        order = np.argsort(-errors[row])
        sorted_target = target[row][order]
        left = sorted_target.sum() - np.cumsum(sorted_target)
        losses = 1 - left / (sorted_target.sum() + np.cumsum(1 - sorted_target))
        expected = np.empty(30)
        expected[order] = np.diff(losses, prepend=0)
        np.testing.assert_allclose(found[row], expected, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(np.sum(found, axis=1), 1, rtol=1e-6, err_msg="all wrong: a loss of 1")
    assert np.all(found.numpy() >= 0)


def test_many_pixels_lose_no_precision():
    """In float32 the differences of the losses themselves would be rounded to steps of 6e-8."""
    count = 2**17
    target = np.zeros((1, count), "float32")
    target[0, :1000] = 1
    errors = np.linspace(1, 0, count, dtype="float32")[None]
    found = lovasz_weights(errors, target, np.ones_like(target)).numpy()[0]
    np.testing.assert_allclose(found[:1000], 1 / 1000, rtol=1e-6)
    errors = errors[:, ::-1].copy()
    found = lovasz_weights(errors, target, np.ones_like(target)).numpy()[0]
    unions = 1000 + np.arange(1, count - 999)
    np.testing.assert_allclose(found[1000:][::-1], 1000 / (unions * (unions - 1.0)), rtol=1e-5)
