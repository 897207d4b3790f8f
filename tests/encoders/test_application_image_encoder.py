import pathlib

import keras
import numpy as np
import pytest

from kmm import decoders, fusion, heads
from kmm.encoders import ApplicationImageEncoder, LSTMTextEncoder
from kmm.layers import FusedBatchNormalization
from kmm.models import MultimodalModel
from tests.cases.image_nets import mobile_net_weights

TRAINED = (
    pathlib.Path(__file__).resolve().parents[3] / "shared/data/mobilenet_v2/mobilenet_v2_imagenet_notop.weights.h5"
)
"""MobileNetV2 as trained on ImageNet, where the machine has it."""

SMALL = {"application": "MobileNet", "image_size": (32, 64), "options": {"alpha": 0.25}}


def pictures(height=32, width=64):
    return np.random.default_rng(0).integers(0, 256, (2, height, width, 3)).astype("float32")


def caffe(images):
    return images[..., ::-1] - np.array([103.939, 116.779, 123.68], "float32")


def symmetric(images):
    return images / 127.5 - 1


def itself(images):
    return images


def scatter(model, seed=0):
    """Weights away from their initial values, statistics of batch normalisation too."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        weight.assign(weight * random.uniform(0.8, 1.2, weight.shape))
    return model


def moved(model, before):
    """Names of the weights that differ from `before`."""
    return {w.path for w, old in zip(model.weights, before, strict=True) if not np.array_equal(w, old)}


def layer_paths(model):
    return [weight.path.rpartition("/")[0] for weight in model.weights]


def train(model, inputs, targets, steps=2):
    model.compile(keras.optimizers.AdamW(1e-2), "mse")
    model.fit(inputs, targets, epochs=steps, verbose=0)


@pytest.mark.parametrize(
    "application, scaled, options, shapes",
    [
        ("MobileNet", symmetric, {"alpha": 0.25}, [(8, 16, 32), (4, 8, 64), (2, 4, 128), (1, 2, 256)]),
        *[
            pytest.param(*values, marks=pytest.mark.slow)
            for values in [
                ("VGG16", caffe, {}, [(8, 16, 256), (4, 8, 512), (2, 4, 512), (1, 2, 512)]),
                ("ResNet50", caffe, {}, [(8, 16, 256), (4, 8, 512), (2, 4, 1024), (1, 2, 2048)]),
                ("MobileNetV2", symmetric, {"alpha": 0.35}, [(8, 16, 48), (4, 8, 96), (2, 4, 192), (1, 2, 1280)]),
                ("MobileNetV3Small", itself, {}, [(8, 16, 72), (4, 8, 96), (2, 4, 288), (1, 2, 576)]),
                ("MobileNetV3Large", itself, {}, [(8, 16, 72), (4, 8, 240), (2, 4, 672), (1, 2, 960)]),
                ("EfficientNetV2B0", itself, {}, [(8, 16, 32), (4, 8, 192), (2, 4, 672), (1, 2, 1280)]),
                ("ConvNeXtTiny", itself, {}, [(8, 16, 96), (4, 8, 192), (2, 4, 384), (1, 2, 768)]),
                ("ResNet50V2", symmetric, {}, [(8, 16, 64), (4, 8, 128), (2, 4, 256), (1, 2, 2048)]),
            ]
        ],
    ],
)
def test_equals_the_net_on_scaled_pixels(application, scaled, options, shapes):
    """P5 is the net's own answer to pixels scaled by hand, and every weight has its counterpart."""
    encoder = scatter(ApplicationImageEncoder(application, (32, 64), options=options))
    features = encoder(pictures())
    assert [tuple(features[level].shape[1:]) for level in ("P2", "P3", "P4", "P5")] == shapes
    net = getattr(keras.applications, application)(include_top=False, weights=None, input_shape=(32, 64, 3), **options)
    net.set_weights(encoder.get_weights())
    expected = net(scaled(pictures()))
    np.testing.assert_allclose(features["P5"], expected, atol=1e-4 * np.abs(expected).max())
    assert len({weight.path for weight in encoder.weights}) == len(encoder.weights)
    again = ApplicationImageEncoder(application, (32, 64), options=options)
    assert layer_paths(again) == layer_paths(encoder), "names must not depend on what was made before"


def test_batch_normalisation_is_fused_and_follows_momentum():
    encoder = ApplicationImageEncoder(**SMALL, levels=("P1",), momentum=0.7)
    norms = [layer for layer in encoder._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
    assert norms and all(type(norm) is FusedBatchNormalization and norm.momentum == 0.7 for norm in norms)
    net = encoder.get_layer("net")
    responses = keras.Model(net.input, net.get_layer("conv1").output)(symmetric(pictures()))
    encoder(pictures(), training=True)
    expected = 0.3 * np.mean(responses, axis=(0, 1, 2))
    np.testing.assert_allclose(net.get_layer("conv1_bn").moving_mean, expected, atol=1e-5)
    encoder.trainable = False
    before = [weight.numpy() for weight in encoder.weights]
    encoder(pictures(), training=True)
    assert not moved(encoder, before)


@pytest.mark.slow
def test_frozen_encoder_keeps_weights_and_statistics_in_a_model_and_after_loading(tmp_path):
    """Through a `MultimodalModel`; unfrozen again, everything moves."""
    encoder = ApplicationImageEncoder(**SMALL, levels=("P2", "P3"), name="image_encoder")
    encoder.trainable = False
    model = MultimodalModel(
        image_encoder=encoder,
        context_encoders={"text": LSTMTextEncoder(9, embedding_dim=4, units=4, name="text_encoder")},
        fusions={"P3": fusion.ConcatFusion(4, name="fusion")},
        decoder=decoders.FCNDecoder(4, ("P2", "P3"), name="decoder"),
        heads={"segmentation_masks": heads.SegmentationHead(1, name="head")},
    )
    inputs = {
        "images": pictures(),
        "token_ids": np.array([[3, 4, 0], [5, 0, 0]], "int32"),
        "padding_mask": np.array([[True, True, False], [True, False, False]]),
    }
    targets = np.ones((2, 32, 64, 1), "float32")
    before = [weight.numpy() for weight in encoder.weights]
    train(model, inputs, targets)
    assert not moved(encoder, before)

    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert not loaded.image_encoder.trainable and not loaded.image_encoder.trainable_variables
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
    train(loaded, inputs, targets)
    assert not moved(loaded.image_encoder, before)
    loaded.image_encoder.trainable = True
    train(loaded, inputs, targets)
    assert moved(loaded.image_encoder, before) == {weight.path for weight in loaded.image_encoder.weights}


@pytest.mark.slow
def test_weights_of_a_file_are_read_once_and_kept_on_record(tmp_path):
    path = pathlib.Path(mobile_net_weights())
    encoder = ApplicationImageEncoder(**SMALL, levels=("P2",), weights=path)
    net = keras.applications.MobileNet((32, 64, 3), alpha=0.25, include_top=False, weights=None)
    net.load_weights(path)
    kernel = encoder.get_layer("net").get_layer("conv_pw_3").kernel
    np.testing.assert_array_equal(kernel, net.get_layer("conv_pw_3").kernel)
    encoder.save(tmp_path / "encoder.keras")
    path.unlink()
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(loaded(pictures())["P2"], encoder(pictures())["P2"])
    assert loaded.get_config()["weights"] == str(path)


def test_imagenet_weights_that_cannot_be_downloaded(monkeypatch):
    def get_file(*arguments, **options):
        raise Exception("URL fetch failure on https://storage.googleapis.com/...")

    monkeypatch.setattr(keras.src.utils.file_utils, "get_file", get_file)
    message = (
        r"ImageNet weights of MobileNet could not be downloaded. Received: weights='imagenet' \(URL fetch.*path of"
    )
    with pytest.raises(ConnectionError, match=message):
        ApplicationImageEncoder(**SMALL, weights="imagenet")


def test_a_file_of_another_net(tmp_path):
    other = str(tmp_path / "other.weights.h5")
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]).save_weights(other)
    with pytest.raises(ValueError, match=r"must be those of MobileNet without its top.*Received: weights='.*other"):
        ApplicationImageEncoder(**SMALL, weights=other)
    with pytest.raises(FileNotFoundError, match=r"path of a .weights.h5 file. Received: weights='nowhere.weights.h5'"):
        ApplicationImageEncoder(**SMALL, weights="nowhere.weights.h5")


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"application": "LeNet"}, "An application is one of .*'VGG16'.*Received: application='LeNet'"),
        ({"options": {"depth": 3}}, r"options of MobileNet are \['alpha', .*Received: options={'depth': 3}"),
        ({"options": {"pooling": "avg"}}, "options of MobileNet are .*Received: options={'pooling': 'avg'}"),
        ({"levels": ("P2", "P6")}, r"Levels are some of .*Received: levels=\('P2', 'P6'\)"),
        ({"levels": ("P3", "P2")}, r"finest first. Received: levels=\('P3', 'P2'\)"),
        ({"levels": ()}, r"Received: levels=\(\)"),
        ({"image_size": (48, 70)}, r"multiples of 32, the stride of P5. Received: image_size=\(48, 70\).*\(64, 64\)"),
        ({"image_size": (8, 32), "levels": ("P2",)}, r"at least 32 and .*of 4.*\(8, 32\). The nearest.*\(32, 32\)"),
        ({"image_size": (64,)}, r"An image size is \(height, width\).*Received: image_size=\(64,\)"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        ApplicationImageEncoder(**{**SMALL, **arguments})


@pytest.mark.slow
def test_a_net_without_a_map_at_a_level():
    with pytest.raises(
        ValueError, match=r"no map at the levels \['P2'\].*image_size=\(96, 96\). It gives \('P3', 'P4'"
    ):
        ApplicationImageEncoder("Xception", (96, 96))


@pytest.mark.slow
@pytest.mark.skipif(not TRAINED.exists(), reason="the weights are not on this machine")
def test_trained_weights_are_the_net_s_own(tmp_path):
    """With trained weights the features equal the net's own, and are the same after loading, without the file."""
    encoder = ApplicationImageEncoder("MobileNetV2", (64, 96), weights=TRAINED)
    net = keras.applications.MobileNetV2((64, 96, 3), include_top=False, weights=None)
    net.load_weights(TRAINED)
    images = pictures(64, 96)
    expected = net(symmetric(images))
    np.testing.assert_allclose(encoder(images)["P5"], expected, atol=1e-4 * np.abs(expected).max())
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(loaded(images)["P5"], encoder(images)["P5"])
    scrambled = ApplicationImageEncoder("MobileNetV2", (64, 96))
    assert not np.allclose(scrambled(images)["P5"], encoder(images)["P5"], atol=1e-2)
