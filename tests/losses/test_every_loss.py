"""What every public loss promises: config, weights, ignored pixels, empty samples, finite gradients, `model.fit`."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from kmm import losses
from kmm.losses.binary_loss import BinaryLoss
from kmm.losses.categorical_loss import CategoricalLoss

COMMON = {"ignore_value": -1, "reduction": "sum", "name": "other", "dtype": "float64"}
WRAPPED = {key: value for key, value in COMMON.items() if key != "ignore_value"}
INNER = {"ignore_value": -1}
CASES = {
    "BinaryCrossEntropyDice": (1, {}, {"dice_weight": 0.5, "positive_weight": 3.0, **COMMON}),
    "BinaryDice": (1, {}, COMMON),
    "BinaryFocal": (1, {}, {"gamma": 0.5, "positive_weight": 3.0, **COMMON}),
    "BinaryHardPixels": (1, {}, {"share": 0.5, "min_probability": 0.6, "positive_weight": 3.0, **COMMON}),
    "BinaryLovasz": (1, {}, COMMON),
    "BinarySegmentationCrossEntropy": (1, {}, {"positive_weight": 3.0, **COMMON}),
    "BinaryTversky": (1, {}, {"alpha": 0.2, "beta": 0.9, "gamma": 0.75, **COMMON}),
    "BoundaryWeighted": (
        1,
        {"loss": losses.BinaryDice()},
        {"loss": losses.BinaryFocal(gamma=1.0, **INNER), "weight": 2.0, "width": 2, **WRAPPED},
    ),
    "CategoricalDice": (3, {}, {"class_weights": [1.0, 2.0, 0.5], **COMMON}),
    "CategoricalFocal": (3, {}, {"gamma": 0.5, "class_weights": [1.0, 2.0, 0.5], **COMMON}),
    "CategoricalHardPixels": (
        3,
        {},
        {"share": 0.5, "min_probability": 0.6, "class_weights": [1.0, 2.0, 0.5], **COMMON},
    ),
    "CategoricalLovasz": (3, {}, {"class_weights": [1.0, 2.0, 0.5], **COMMON}),
    "CategoricalTversky": (
        3,
        {},
        {"alpha": 0.2, "beta": 0.9, "gamma": 0.75, "class_weights": [1.0, 2.0, 0.5], **COMMON},
    ),
    "CombinedLoss": (
        3,
        {"losses": [losses.SegmentationCrossEntropy(), losses.CategoricalLovasz()]},
        {"losses": [losses.CategoricalFocal(**INNER), losses.CategoricalDice(**INNER)], "weights": [1.0, 0.5]}
        | WRAPPED,
    ),
    "ExpectedCost": (
        3,
        {"cost_matrix": [[0, 1, 2], [3, 0, 1], [9, 1, 0]]},
        {
            "cost_matrix": [[0, 1, 2], [3, 0, 1], [9, 1, 0]],
            "cross_entropy_weight": 0.5,
            "class_weights": [1.0, 2.0, 0.5],
        }
        | COMMON,
    ),
    "SegmentationCrossEntropy": (3, {}, {"class_weights": [1.0, 2.0, 0.5], **COMMON}),
}
"""Number of channels, the arguments that the class needs, and others than the defaults for all."""

PARAMETERS = [pytest.param(name, id=name) for name in CASES]


def make(name, **arguments):
    channels, needed, _ = CASES[name]
    return channels, getattr(losses, name)(**{**needed, **arguments})


def gradient_of(loss, labels, logits, *weights):
    logits = tf.constant(logits, "float32")
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = tf.reduce_sum(loss(labels, logits, *weights))
    return float(value), tape.gradient(value, logits).numpy()


def test_every_public_loss_has_a_case():
    assert set(CASES) == {name for name in losses.__all__ if inspect.isclass(getattr(losses, name))}
    for name, (channels, *_) in CASES.items():
        loss = make(name)[1]
        assert loss.binary is (channels == 1)
        assert isinstance(loss, (BinaryLoss, CategoricalLoss)) or name in ("BoundaryWeighted", "CombinedLoss")


@pytest.mark.parametrize("name", PARAMETERS)
def test_config_names_every_argument(name, batch):
    channels, _, arguments = CASES[name]
    cls = getattr(losses, name)
    parameters = {
        key: item.default for key, item in inspect.signature(cls.__init__).parameters.items() if key != "self"
    }
    assert set(arguments) == set(parameters), "the case gives every argument"
    assert all(arguments[key] != default for key, default in parameters.items())
    loss = cls(**arguments)
    config = loss.get_config()
    plain = {key: value for key, value in arguments.items() if key not in ("loss", "losses")}
    assert {key: config[key] for key in plain} == plain and set(config) == set(arguments)
    revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    labels, logits, weights = batch(channels)
    labels = np.where(labels == 255, -1, labels)
    assert type(revived) is cls and revived.get_config() == config
    assert float(revived(labels, logits, weights)) == float(loss(labels, logits, weights)) > 0


@pytest.mark.parametrize("name", PARAMETERS)
def test_ignored_pixels_and_pixels_of_weight_zero_count_nowhere(name, batch):
    channels, loss = make(name, reduction=None)
    labels, logits, weights = batch(channels)
    changed = np.where((labels == 255)[..., None], 50.0, logits)
    np.testing.assert_allclose(loss(labels, logits), loss(labels, changed), rtol=1e-6)
    assert np.all(gradient_of(loss, labels, logits)[1][labels == 255] == 0)
    if name == "BoundaryWeighted":
        return  # a pixel of weight 0 has a label still, so there is a boundary
    on_off = (weights > 0).astype("float32")
    counted = np.sum((labels != 255) * on_off, axis=(1, 2)) / np.sum(labels != 255, axis=(1, 2))
    ignored = counted * loss(np.where(on_off == 0, 255, labels), logits)
    np.testing.assert_allclose(loss(labels, logits, on_off), ignored, rtol=1e-5)


@pytest.mark.parametrize("name", PARAMETERS)
def test_samples_are_independent_whatever_their_axes(name, batch):
    channels, loss = make(name, reduction=None)
    labels, logits, _ = batch(channels, (2, 3, 4, 5))
    found = loss(labels, logits).numpy()
    assert found.shape == (2, 3)
    np.testing.assert_allclose(loss(labels[1, 2], logits[1, 2]), found[1, 2], rtol=1e-5)
    labels[0, 1] = 255
    value, gradients = gradient_of(loss, labels, logits)
    np.testing.assert_allclose(value, found.sum() - found[0, 1], rtol=1e-5)
    assert np.all(gradients[0, 1] == 0) and np.all(np.isfinite(gradients)), "a sample without counted pixels costs 0"


@pytest.mark.parametrize("name", PARAMETERS)
def test_pixels_that_all_weigh_the_same_are_a_sample_of_that_weight(name, batch):
    channels, loss = make(name, reduction=None)
    labels, logits, _ = batch(channels)
    weights = np.array([0.0, 0.5, 3.0], "float32")
    by_pixel = loss(labels, logits, np.broadcast_to(weights[:, None, None], labels.shape))
    np.testing.assert_allclose(by_pixel, loss(labels, logits, weights), rtol=1e-5)


@pytest.mark.parametrize("name", PARAMETERS)
def test_gradients_are_finite_and_point_downhill(name, batch):
    channels, loss = make(name)
    labels, logits, _ = batch(channels)
    before, gradients = gradient_of(loss, labels, logits)
    assert float(loss(labels, logits - 0.1 * gradients)) < before
    for scale in (1e4, 60.0, 0.0):
        answers = scale * np.sign(logits)
        value, gradients = gradient_of(loss, labels, answers)
        assert np.isfinite(value) and np.all(np.isfinite(gradients)), scale
    # certain and right, certain and wrong
    sure = (
        np.eye(3)[np.where(labels == 255, 0, labels)] if channels > 1 else np.where(labels == 1, 1.0, -1.0)[..., None]
    )
    for scale in (50.0, -50.0):
        value, gradients = gradient_of(loss, labels, scale * sure)
        assert np.isfinite(value) and np.all(np.isfinite(gradients)), scale
        assert (value < 1e-4) if scale > 0 else (value > 0.5)


@pytest.mark.parametrize("name", PARAMETERS)
def test_logits_that_are_nan_stay_visible(name, batch):
    channels, loss = make(name, reduction=None)
    labels, logits, _ = batch(channels)
    labels[1, 2, 3], logits[1, 2, 3] = 1, np.nan
    assert list(np.isnan(loss(labels, logits))) == [False, True, False]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[0] == 1])
def test_empty_targets(name):
    """A perfect empty answer costs nothing, and a step down from any other answer lowers the loss at most pixels."""
    loss = make(name)[1]
    labels = np.zeros((1, 6, 6))
    assert float(loss(labels, np.full((1, 6, 6, 1), -40.0))) == pytest.approx(0, abs=1e-6)
    value, gradients = gradient_of(loss, labels, np.linspace(-0.5, 0.5, 36).reshape((1, 6, 6, 1)))
    assert value > 0 and np.all(gradients >= 0) and np.mean(gradients > 0) >= 0.25


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[0] > 1])
def test_labels_that_are_no_class_give_nan(name, batch):
    channels, loss = make(name, reduction=None)
    labels, logits, _ = batch(channels)
    for label in (channels, -1, 254):
        labels[1, 2, 3] = label
        assert list(np.isnan(loss(labels, logits))) == [False, True, False]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[0] > 1])
def test_classes_that_are_ruled_out_count_nowhere(name, batch):
    """A logit of minus infinity gives the class no probability, as one far below the others does."""
    channels, loss = make(name, reduction=None)
    labels, logits, _ = batch(channels)
    labels[labels == 2] = 0
    logits[..., 2] = -200.0
    expected, slopes = loss(labels, logits), gradient_of(loss, labels, logits)[1]
    logits[..., 2] = -np.inf
    np.testing.assert_allclose(loss(labels, logits), expected, rtol=1e-5)
    np.testing.assert_allclose(gradient_of(loss, labels, logits)[1], slopes, rtol=1e-5, atol=1e-7)


def test_wrong_channels_are_refused(batch):
    labels, logits, _ = batch(2)
    for name, (channels, *_) in CASES.items():
        if channels == 1:
            with pytest.raises(ValueError, match=r"must have one channel. Received: logits.shape=\(3, 4, 5, 2\)"):
                make(name)[1](labels, logits)
        else:
            with pytest.raises(ValueError, match=r"at least two. Received: logits.shape=\(3, 4, 5, 1\)"):
                make(name)[1](labels, logits[..., :1])


def test_subclasses_must_implement_their_formula():
    with pytest.raises(NotImplementedError, match="BinaryLoss must implement binary_losses"):
        BinaryLoss()(np.zeros((1, 2, 2)), np.zeros((1, 2, 2, 1)))
    with pytest.raises(NotImplementedError, match="CategoricalLoss must implement class_losses"):
        CategoricalLoss()(np.zeros((1, 2, 2)), np.zeros((1, 2, 2, 2)))


@pytest.mark.slow
@pytest.mark.parametrize("name", PARAMETERS)
def test_graphs_of_unknown_sizes_and_xla_give_the_same(name, batch):
    channels, loss = make(name)
    labels, logits, _ = batch(channels, (2, 3, 4, 5))
    value, gradients = gradient_of(loss, labels, logits)
    signature = [tf.TensorSpec((None,) * 4, tf.int64), tf.TensorSpec((None,) * 4 + (channels,), tf.float32)]
    compiled = tf.function(lambda labels, logits: loss(labels, logits), input_signature=signature)
    np.testing.assert_allclose(compiled(labels, logits.astype("float32")), value, rtol=1e-5)

    @tf.function(jit_compile=True)
    def with_xla(logits):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            value = loss(labels, logits)
        return tape.gradient(value, logits)

    np.testing.assert_allclose(with_xla(tf.constant(logits, "float32")), gradients, rtol=1e-3, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", PARAMETERS)
def test_fits_in_mixed_precision_and_survives_saving(name, batch, tmp_path):
    channels, loss = make(name)
    labels, images, weights = batch(channels)
    images, weights = images.astype("float32"), weights.astype("float32")
    inputs = keras.Input((4, 5, channels))
    outputs = keras.layers.Conv2D(channels, 1, dtype="mixed_bfloat16")(inputs)
    model = keras.Model(inputs, keras.layers.Activation("linear", dtype="float32")(outputs))
    model.compile(keras.optimizers.SGD(0.02), loss)
    history = model.fit(images, labels, sample_weight=weights, epochs=6, batch_size=3, shuffle=False, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    before = model.evaluate(images, labels, verbose=0)
    np.testing.assert_allclose(before, loss(labels, model.predict(images, verbose=0)), rtol=1e-4)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.evaluate(images, labels, verbose=0), before, rtol=1e-5)
