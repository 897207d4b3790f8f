import builtins

import keras
import numpy as np
import pytest

from kmm.encoders import KerasHubImageEncoder
from tests.cases.image_nets import TinyPyramid

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 16, 32, 3)).astype("float32")


def numpy_step(x, kernel, bias):
    """A 3x3 convolution of stride 2 with "same" padding."""
    x = np.pad(x, [(0, 0), (0, 1), (0, 1), (0, 0)])
    rows, columns = (x.shape[1] - 1) // 2, (x.shape[2] - 1) // 2
    parts = [
        x[:, row : row + 2 * rows : 2, column : column + 2 * columns : 2] @ kernel[row, column]
        for row in range(3)
        for column in range(3)
    ]
    return sum(parts) + bias


@pytest.mark.parametrize("scale, offset", [(1 / 127.5, -1.0), ([0.01, 0.02, 0.03], [-1.0, 0.5, 2.0])])
def test_equals_numpy(scale, offset):
    encoder = KerasHubImageEncoder(TinyPyramid(), (16, 32), ("P2", "P3"), scale, offset)
    x, weights = IMAGES * np.array(scale) + np.array(offset), encoder.get_weights()
    assert len(weights) == 6, "what lies beyond the deepest level is left out"
    maps = []
    for kernel, bias in zip(weights[0::2], weights[1::2], strict=True):
        x = numpy_step(x, kernel, bias)
        maps.append(x)
    features = encoder(IMAGES)
    for level, expected in (("P2", maps[1]), ("P3", maps[2])):
        np.testing.assert_allclose(features[level], expected, rtol=1e-4, atol=1e-5)


def test_all_levels_by_default():
    encoder = KerasHubImageEncoder(TinyPyramid(), (32, 16))
    assert encoder.pyramid_levels == ("P1", "P2", "P3", "P4")
    assert tuple(encoder.output["P4"].shape) == (None, 2, 1, 4)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"levels": ("P2", "P5")}, r"backbone's \('P1', .*'P4'\), finest first. Received: levels=\('P2', 'P5'\)"),
        ({"levels": ()}, r"Received: levels=\(\)"),
        ({"image_size": (16, 30)}, r"multiples of 16, the stride of P4. Received: image_size=\(16, 30\).*\(16, 32\)"),
        ({"image_size": (16,)}, r"An image size is \(height, width\).*Received: image_size=\(16,\)"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        KerasHubImageEncoder(**{"backbone": TinyPyramid(), "image_size": (16, 32), **arguments})


def test_strides_decide_on_the_level():
    backbone = TinyPyramid()
    backbone.pyramid_outputs = {f"Stage{number}": map for number, map in enumerate(backbone.pyramid_outputs.values())}
    assert KerasHubImageEncoder(backbone, (16, 16)).pyramid_levels == ("P1", "P2", "P3", "P4")


@pytest.mark.parametrize("stride", [None, 3])
def test_refuses_a_net_without_a_pyramid(stride):
    images = keras.Input((18, 36, 3))
    net = keras.Model(images, keras.layers.AveragePooling2D(stride or 2)(images), name="net")
    if stride:
        net.pyramid_outputs = {"P2": net.output}
    with pytest.raises(TypeError, match="must give maps of strides.*Received: backbone=Functional, pyramid_outputs={"):
        KerasHubImageEncoder(net, (18, 36))


def test_loading_without_keras_hub(monkeypatch):
    config = KerasHubImageEncoder(TinyPyramid(), (16, 32)).get_config()
    config["backbone"] = {**config["backbone"], "registered_name": "keras_hub>ResNetBackbone"}
    real_import = builtins.__import__

    def no_keras_hub(name, *arguments, **options):
        if name == "keras_hub":
            raise ImportError("No module named 'keras_hub'")
        return real_import(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", no_keras_hub)
    with pytest.raises(ImportError, match=r'needs keras-hub. Install it: pip install "kmm\[kerashub\]"'):
        KerasHubImageEncoder.from_config(config)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ResNet", "MiT"])
def test_real_backbones(name, tmp_path):
    """They give their levels, train, freeze and come back from a file."""
    keras_hub = pytest.importorskip("keras_hub")
    if name == "ResNet":
        backbone = keras_hub.models.ResNetBackbone(
            [64], [7], [64, 16, 16, 32], [1, 1, 1, 1], [1, 2, 2, 2], "basic_block"
        )
    else:
        backbone = keras_hub.models.MiTBackbone(
            layerwise_depths=[1, 1, 1, 1], num_layers=4, layerwise_num_heads=[1, 1, 2, 2],
            layerwise_sr_ratios=[4, 2, 1, 1], max_drop_path_rate=0.0, image_shape=(64, 64, 3),
            hidden_dims=[8, 16, 16, 32], layerwise_patch_sizes=[7, 3, 3, 3], layerwise_strides=[4, 2, 2, 2],
        )  # fmt: skip
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype("float32")
    encoder = KerasHubImageEncoder(backbone, (64, 64))
    features = encoder(images)
    shapes = {level: tuple(map.shape[1:]) for level, map in features.items()}
    width = {"ResNet": 64, "MiT": 8}[name]
    assert shapes == {"P2": (16, 16, width), "P3": (8, 8, 16), "P4": (4, 4, 16), "P5": (2, 2, 32)}
    own = keras.Model(backbone.input, backbone.pyramid_outputs)(images / 255)
    np.testing.assert_allclose(features["P5"], own[max(own)], rtol=1e-3, atol=1e-4)

    before = [weight.numpy() for weight in encoder.weights]
    encoder.trainable = False
    encoder(images, training=True)
    assert all(np.array_equal(*pair) for pair in zip(encoder.get_weights(), before, strict=True))
    encoder.trainable = True
    encoder.compile("sgd", "mse")
    encoder.fit(images, {level: np.ones_like(map) for level, map in features.items()}, verbose=0)
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(loaded(images)["P5"], encoder(images)["P5"])
