import pathlib
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from kmm import decoders, heads, losses
from kmm.encoders import SavedModelImageEncoder
from kmm.layers import SavedModelLayer
from kmm.models import MultimodalModel
from kmm.utils.saved_model_files import SavedModelFiles
from tests.cases import saved_modules

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 16, 32, 3), dtype="uint8")
ENDPOINTS = {"return_endpoints": True}
REAL = pathlib.Path(__file__).parents[3] / "shared" / "data" / "mobilenet_v2" / "saved_model"


def module_of(function):
    """A module without variables around a function of images."""
    module = saved_modules.new_module()
    spec = tf.TensorSpec((None, None, None, 3))
    module.__call__ = tf.function(function, input_signature=[spec], autograph=False)
    return module


@pytest.mark.parametrize("value_range", [(0, 1), (-1, 1), (0, 255)])
def test_the_module_sees_its_own_range_of_values(value_range):
    encoder = SavedModelImageEncoder(module_of(lambda x: x[:, ::4, ::4]), (16, 32), value_range=value_range)
    low, high = value_range
    expected = low + (high - low) * (IMAGES[:, ::4, ::4] / 255)
    np.testing.assert_allclose(encoder(IMAGES)["P2"], expected, rtol=1e-5, atol=1e-6)


def test_maps_are_the_levels_that_their_sizes_say():
    encoder = SavedModelImageEncoder(saved_modules.CONV_BACKBONE, (16, 32), arguments=ENDPOINTS)
    assert encoder.pyramid_levels == ("P1", "P2") and encoder.image_size == (16, 32)
    assert {level: tuple(map.shape) for level, map in encoder(IMAGES).items()} == {
        "P1": (2, 8, 16, 4),
        "P2": (2, 4, 8, 6),
    }
    layer = SavedModelLayer(saved_modules.CONV_BACKBONE, arguments=ENDPOINTS)
    np.testing.assert_allclose(encoder(IMAGES)["P2"], layer(IMAGES / 255)["stride_4"], rtol=1e-5, atol=1e-6)
    one = SavedModelImageEncoder(saved_modules.CONV_BACKBONE, (16, 32), levels=["P2"], arguments=ENDPOINTS)
    assert one.pyramid_levels == ("P2",)


def test_a_vector_is_the_same_everywhere():
    encoder = SavedModelImageEncoder(saved_modules.CONV_BACKBONE, (16, 32), levels=("P3",))
    vector = SavedModelLayer(saved_modules.CONV_BACKBONE)(IMAGES / 255)
    expected = np.broadcast_to(np.asarray(vector)[:, None, None], (2, 2, 4, 6))
    np.testing.assert_allclose(encoder(IMAGES)["P3"], expected, rtol=1e-5, atol=1e-6)
    for size, level in (((64, 96), "P5"), ((24, 48), "P3")):
        assert SavedModelImageEncoder(saved_modules.CONV_BACKBONE, size).pyramid_levels == (level,)


def test_taps_choose_among_outputs_of_one_size():
    module = module_of(lambda x: {"before": x[:, ::2, ::2], "after": 2 * x[:, ::2, ::2]})
    with pytest.raises(
        ValueError, match=r"of one size. Received: {'P1': \['after', 'before'\]}.*taps={'P1': 'before'}"
    ):
        SavedModelImageEncoder(module, (16, 32))
    encoder = SavedModelImageEncoder(module, (16, 32), taps={"P1": "after"})
    np.testing.assert_allclose(encoder(IMAGES)["P1"], 2 * (IMAGES[:, ::2, ::2] / 255), rtol=1e-5)
    for taps in ({"P1": "behind"}, {"P2": "after"}):
        with pytest.raises(ValueError, match="A tap names an output of its level's size. Received: taps="):
            SavedModelImageEncoder(module, (16, 32), taps=taps)


def test_levels_that_the_module_does_not_give_are_refused():
    with pytest.raises(
        ValueError, match=r"Received: levels=\('P2', 'P4'\), without a map for \['P4'\].*\['P1', 'P2'\]"
    ):
        SavedModelImageEncoder(saved_modules.CONV_BACKBONE, (16, 32), levels=("P2", "P4"), arguments=ENDPOINTS)
    with pytest.raises(ValueError, match=r"Received: levels=\('P2', 'P3'\), without"):
        SavedModelImageEncoder(saved_modules.CONV_BACKBONE, (16, 32), levels=("P2", "P3"))
    with pytest.raises(ValueError, match="Received: levels=None, without a map"):
        SavedModelImageEncoder(saved_modules.CONV_BACKBONE, (15, 31))
    with pytest.raises(ValueError, match="multiples of 32"):
        SavedModelImageEncoder(saved_modules.CONV_BACKBONE, (18, 32), arguments=ENDPOINTS, levels=("P2",))


def test_other_errors():
    with pytest.raises(ValueError, match=r"image_size=\(16,\)"):
        SavedModelImageEncoder(saved_modules.CONV_BACKBONE, (16,))
    with pytest.raises(ValueError, match=r"Received: value_range=\(1, 0\)"):
        SavedModelImageEncoder(saved_modules.CONV_BACKBONE, (16, 32), value_range=(1, 0))
    with pytest.raises(ValueError, match="brings its own arguments.*Received: arguments={'return_endpoints': True}"):
        SavedModelImageEncoder(SavedModelLayer(saved_modules.CONV_BACKBONE), (16, 32), arguments=ENDPOINTS)


def test_a_wrong_picture_size_is_refused(tmp_path):
    folder = saved_modules.write(tmp_path, *saved_modules.conv_backbone(size=8))
    assert SavedModelImageEncoder(folder, (8, 8), levels=("P1",)).pyramid_levels == ("P1",)
    with pytest.raises(ValueError, match=r"Received: \(None, 16, 32, 3\) float32. It takes: \(None, 8, 8, 3\) float32"):
        SavedModelImageEncoder(folder, (16, 32))


@pytest.mark.slow
def test_a_frozen_encoder_stays_frozen_in_a_file(tmp_path, monkeypatch):
    model = MultimodalModel(
        image_encoder=SavedModelImageEncoder(saved_modules.CONV_BACKBONE, (16, 32), levels=("P2",), trainable=False),
        decoder=decoders.FCNDecoder(filters=4, levels=("P2",)),
        heads={"segmentation_masks": heads.SegmentationHead(1)},
    )
    model.compile(keras.optimizers.Adam(), losses.BinaryCrossEntropyDice())
    masks = np.ones((2, 16, 32), "uint8")
    model.train_on_batch({"images": IMAGES}, masks)
    model.save(tmp_path / "model.keras")
    monkeypatch.setattr(SavedModelFiles, "_alive", set())
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=False)
    for each in (model, loaded):
        before = [np.array(weight) for weight in each.image_encoder.get_weights()]
        each.train_on_batch({"images": IMAGES}, masks)
        for one, other in zip(before, each.image_encoder.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_dir(), reason="the pretrained module is not here")
def test_a_real_backbone_fine_tunes(tmp_path, monkeypatch):
    """MobileNetV2 from ImageNet learns to tell the halves of pictures; reloaded it answers as before."""
    folder = tmp_path / "module"
    shutil.copytree(REAL, folder)
    encoder = SavedModelImageEncoder(folder, (64, 64), arguments=ENDPOINTS)
    assert encoder.pyramid_levels == ("P2", "P3", "P4", "P5")
    images = keras.Input((64, 64, 3))
    features = [encoder(images)[level] for level in ("P4", "P5")]
    vectors = keras.layers.Concatenate()([keras.layers.GlobalAveragePooling2D()(map) for map in features])
    model = keras.Model(images, keras.layers.Dense(1)(vectors))
    task = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(3e-4), task)
    random = np.random.default_rng(0)
    pictures = random.integers(0, 60, (8, 64, 64, 3)).astype("float32")
    pictures[:4, :, :32] += 150
    pictures[4:, :, 32:] += 150
    labels = np.repeat([0.0, 1.0], 4)[:, None]
    before = [np.array(weight) for weight in encoder.get_weights()]
    first_loss = float(task(labels, model(pictures, training=True)))
    for _ in range(10):
        model.train_on_batch(pictures, labels)
    assert float(task(labels, model(pictures, training=True))) < 0.5 * first_loss
    still = [
        weight.path for weight, value in zip(encoder.weights, before, strict=True) if np.array_equal(weight, value)
    ]
    assert not still and len(model.losses) == 52
    model.save(tmp_path / "model.keras")
    shutil.rmtree(folder)
    monkeypatch.setattr(SavedModelFiles, "_alive", set())
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=False)
    np.testing.assert_array_equal(loaded(pictures), model(pictures))
    for one, other in zip(loaded.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one, other)
