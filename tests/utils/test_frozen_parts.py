import keras
import numpy as np
import pytest

from kmm.layers import ConvBlock, ResidualBlock
from kmm.models import segmenter
from kmm.utils.frozen_parts import freeze_parts, frozen_parts


def make_model():
    return segmenter((16, 24), 2, image_encoder=("ConvImageEncoder", {"widths": (4, 6, 8)}), decoder_filters=4)


def make_net():
    images = keras.Input((8, 8, 3))
    maps = ResidualBlock(name="block")(ConvBlock(4, name="stem")(images))
    return keras.Model(images, maps, name="net")


def test_the_outermost_frozen_parts_are_named():
    net = make_net()
    assert frozen_parts(net) == []
    net.get_layer("block").first.trainable = False
    assert frozen_parts(net) == ["block/first"]
    net.get_layer("block").trainable = False
    assert frozen_parts(net) == ["block"]
    net.trainable = False
    assert frozen_parts(net) == []  # the whole is; the config's `trainable` says so


def test_parts_inside_are_told_though_the_outer_one_is_frozen_already():
    net = make_net()
    net.get_layer("block")._trainable = False  # as after reading a layer that was saved frozen
    assert net.get_layer("block").first.trainable
    freeze_parts(net, ["block"])
    assert not any(layer.trainable for layer in net.get_layer("block")._flatten_layers())
    assert net.get_layer("stem").trainable


@pytest.mark.slow
@pytest.mark.parametrize("part", ["image_encoder/p2_block1", "image_encoder/p1_step/norm", "decoder"])
def test_frozen_stays_frozen_in_a_file(tmp_path, part):
    """Weights and statistics of what was frozen do not move after loading, all others do."""
    model = make_model()
    frozen = model
    for name in part.split("/"):
        frozen = next(layer for layer in frozen._layers if layer.name == name)
    frozen.trainable = False
    names = [weight.path for weight in model.trainable_weights]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert [weight.path for weight in loaded.trainable_weights] == names
    assert frozen_parts(loaded) == [part]
    before = {weight.path: np.array(weight) for weight in loaded.weights}
    loaded.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    loaded.train_on_batch({"images": np.random.default_rng(0).uniform(0, 255, (2, 16, 24, 3))}, np.ones((2, 16, 24)))
    kept = {
        path
        for path, value in before.items()
        if np.array_equal(value, dict((w.path, np.array(w)) for w in loaded.weights)[path])
    }
    held = {weight.path for layer in loaded._flatten_layers() if not layer.trainable for weight in layer.weights}
    assert held <= kept
    assert len(kept) < len(before)
