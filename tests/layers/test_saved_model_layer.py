import pathlib
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from kmm.export import SavedModelSession
from kmm.layers import SavedModelLayer
from kmm.utils.saved_model_files import SavedModelFiles
from tests.cases import saved_modules

IMAGES = np.random.default_rng(0).normal(size=(4, 8, 8, 3)).astype("float32")


@pytest.fixture
def elsewhere(monkeypatch):
    """From here on nothing in this process is known any more, as in a new one."""

    def forget():
        monkeypatch.setattr(SavedModelFiles, "_alive", set())

    return forget


def dense_module(penalty=True):
    """`x @ kernel`, in training also a moving mean of the outputs: simple enough to compute by hand."""
    module = saved_modules.new_module()
    module.kernel = tf.Variable([[1.0, -1.0], [0.5, 2.0], [0.0, 1.0]], name="dense/kernel")
    module.mean = tf.Variable([0.0, 0.0], trainable=False, name="dense/mean")

    def call(x, training=False):
        outputs = x @ module.kernel
        if training:
            module.mean.assign(0.5 * module.mean + 0.5 * tf.reduce_mean(outputs, 0))
        return outputs

    module.__call__ = tf.function(call, autograph=False)
    for training in (False, True):
        module.__call__.get_concrete_function(tf.TensorSpec((None, 3)), training=training)
    module.trainable_variables = [module.kernel]
    module.variables = [module.kernel, module.mean]
    if penalty:
        module.regularization_losses = [
            tf.function(lambda: 0.1 * tf.reduce_sum(module.kernel**2), input_signature=[], autograph=False)
        ]
    return module


def arrays(variables):
    return [np.array(variable) for variable in variables]


def moved(before, variables):
    return [not np.array_equal(one, np.array(other)) for one, other in zip(before, variables, strict=True)]


def conv_model(source=saved_modules.CONV_BACKBONE, dtype=None, **options):
    backbone = SavedModelLayer(source, name="backbone", dtype=dtype, **options)
    model = keras.Sequential([keras.Input((8, 8, 3)), backbone, keras.layers.Dense(2, name="answer", dtype=dtype)])
    model.compile(keras.optimizers.AdamW(0.01), "mse")
    return model


def train(model, steps=3):
    for _ in range(steps):
        model.train_on_batch(IMAGES, np.ones((4, 2)))


def test_a_step_of_training_is_as_computed_by_hand():
    layer = SavedModelLayer(dense_module(), name="dense")
    model = keras.Sequential([keras.Input((3,)), layer])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    kernel, mean = arrays(layer.weights)
    x = np.array([[1.0, 2.0, 3.0], [0.0, 1.0, -1.0]], "float32")
    y = np.array([[1.0, 0.0], [2.0, 2.0]], "float32")
    error = x @ kernel - y
    loss = model.train_on_batch(x, y)
    np.testing.assert_allclose(loss, (error**2).mean() + 0.1 * (kernel**2).sum(), rtol=1e-6)
    gradient = 2 * x.T @ error / error.size + 0.2 * kernel
    np.testing.assert_allclose(layer.weights[0], kernel - 0.1 * gradient, rtol=1e-5)
    np.testing.assert_allclose(layer.weights[1], 0.5 * mean + 0.5 * (x @ kernel).mean(0), rtol=1e-6)
    assert [variable.path for variable in layer.weights] == ["dense/dense_kernel", "dense/dense_mean"]


def test_everything_moves_and_nothing_when_frozen():
    model = conv_model()
    layer = model.get_layer("backbone")
    before = arrays(layer.weights)
    train(model)
    assert all(moved(before, layer.weights)) and len(layer.weights) == 10 and len(layer.losses) == 2
    layer.trainable = False
    model.compile("adam", "mse")
    before = arrays(layer.weights)
    train(model)
    assert not any(moved(before, layer.weights)) and not layer.losses and not layer.trainable_weights
    layer.trainable = True
    model.compile("adam", "mse")
    train(model)
    assert all(moved(before, layer.weights))


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
@pytest.mark.slow
def test_a_file_carries_the_module_its_values_and_the_optimizer(tmp_path, elsewhere, dtype):
    folder = tmp_path / "module"
    shutil.copytree(saved_modules.CONV_BACKBONE, folder)
    model = conv_model(folder, dtype=dtype)
    train(model)
    model.save(tmp_path / "model.keras")
    shutil.rmtree(folder)
    elsewhere()
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=False)
    for one, other in zip(model.variables, loaded.variables, strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(model.optimizer.variables, loaded.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one, other)
    assert loaded.get_layer("backbone").compute_dtype == keras.DTypePolicy(dtype).compute_dtype
    np.testing.assert_array_equal(*(keras.ops.cast(each(IMAGES), "float32") for each in (model, loaded)))
    before = arrays(loaded.get_layer("backbone").weights)
    for each in (model, loaded):
        train(each)
    assert all(moved(before, loaded.get_layer("backbone").weights))
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    elsewhere()
    loaded.save(tmp_path / "again.keras")  # the file of a file
    again = keras.saving.load_model(tmp_path / "again.keras", safe_mode=False)
    np.testing.assert_array_equal(*(keras.ops.cast(each(IMAGES), "float32") for each in (loaded, again)))


def test_frozen_stays_frozen_in_a_file(tmp_path, elsewhere):
    model = conv_model(trainable=False)
    train(model, steps=1)
    model.save(tmp_path / "model.keras")
    elsewhere()
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=False)
    layer = loaded.get_layer("backbone")
    before = arrays(layer.weights)
    train(loaded)
    assert not layer.trainable and not any(moved(before, layer.weights))


def test_mixed_precision_changes_outputs_alone():
    layer = SavedModelLayer(saved_modules.CONV_BACKBONE, dtype="mixed_bfloat16")
    assert layer(IMAGES).dtype == "bfloat16" and {weight.dtype for weight in layer.weights} == {"float32"}
    exact = SavedModelLayer(saved_modules.CONV_BACKBONE)(IMAGES)
    np.testing.assert_array_equal(layer(IMAGES), keras.ops.cast(exact, "bfloat16"))


@pytest.mark.slow
def test_a_checkpoint_is_complete(tmp_path, elsewhere):
    model = conv_model()
    train(model)
    path = tf.train.Checkpoint(model=model, optimizer=model.optimizer).save(tmp_path / "checkpoint")
    model.save(tmp_path / "model.keras")
    elsewhere()
    for other in (conv_model(), keras.saving.load_model(tmp_path / "model.keras", safe_mode=False)):
        for variable in other.variables:
            variable.assign(keras.ops.zeros_like(variable))
        tf.train.Checkpoint(model=other, optimizer=other.optimizer).restore(path).assert_existing_objects_matched()
        for one, restored in zip(model.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(one, restored)


@pytest.mark.slow
def test_a_loaded_object_is_copied():
    module = tf.saved_model.load(saved_modules.CONV_BACKBONE)
    model = conv_model(module)
    before = arrays(module.variables)
    train(model, steps=1)
    assert not any(moved(before, module.variables)) and any(moved(before, model.get_layer("backbone").weights))


def test_a_signature_infers_and_never_trains():
    layer = SavedModelLayer(saved_modules.CONV_BACKBONE, signature="serving_default")
    np.testing.assert_array_equal(layer(IMAGES)["vector"], SavedModelLayer(saved_modules.CONV_BACKBONE)(IMAGES))
    np.testing.assert_array_equal(layer({"images": IMAGES})["vector"], layer(IMAGES)["vector"])
    assert not layer.trainable_weights and len(layer.weights) == 10 and not layer.losses
    before = arrays(layer.weights)
    layer(IMAGES, training=True)
    assert not any(moved(before, layer.weights))


def test_variables_that_are_read_but_not_listed_are_kept(tmp_path, elsewhere):
    module = dense_module()
    module.variables = [module.kernel]
    layer = SavedModelLayer(module)
    assert [weight.name for weight in layer.weights] == ["dense_kernel", "dense_mean"]
    layer(np.ones((2, 3)), training=True)
    model = keras.Sequential([keras.Input((3,)), layer])
    model.save(tmp_path / "model.keras")
    elsewhere()
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=False)
    np.testing.assert_array_equal(loaded.get_weights()[1], layer.get_weights()[1])
    assert layer.get_weights()[1].any()


def test_strings_and_tables_travel_in_files_and_exports(tmp_path, elsewhere):
    module, _ = saved_modules.word_vectors(tmp_path / "words")
    words = keras.Input((), dtype="string")
    model = keras.Model(words, SavedModelLayer(module, name="words")(words))
    shutil.rmtree(tmp_path / "words")
    expected = module.vectors.numpy()[[1, 3, 0]]
    asked = tf.constant(["green", "blue", "red"])
    np.testing.assert_array_equal(model(asked), expected)
    model.save(tmp_path / "model.keras")
    del model
    elsewhere()
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=False)
    np.testing.assert_array_equal(loaded(asked), expected)
    export = tf.Module()
    export.answer = tf.function(lambda words: {"y": loaded(words)}, input_signature=[tf.TensorSpec((None,), "string")])
    export.weights = list(export.answer.get_concrete_function().variables)
    export.tables = loaded.get_layer("words").trackables
    tf.saved_model.save(export, tmp_path / "export", signatures={"serving_default": export.answer})
    with SavedModelSession(tmp_path / "export") as session:
        found = session.run({"words": [b"green", b"blue", b"red"]})["y"]
    np.testing.assert_array_equal(found, expected)
    assert [path.name for path in (tmp_path / "export" / "assets").iterdir()] == ["words.txt"]


def test_safe_mode_refuses_and_says_the_way_out(tmp_path):
    model = conv_model()
    model.save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="A SavedModel is code.*load_model.path, safe_mode=False"):
        keras.saving.load_model(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="A SavedModel is code"):
        keras.models.model_from_json(model.to_json())


def test_a_configuration_alone_is_no_module(elsewhere):
    layer = SavedModelLayer(saved_modules.CONV_BACKBONE, name="backbone")
    config = layer.get_config()
    assert keras.tree.flatten(SavedModelLayer.from_config(config)(IMAGES))[0].shape == (4, 6)
    elsewhere()
    revived = SavedModelLayer.from_config(config)
    with pytest.raises(ValueError, match="'backbone' was made from its configuration alone"):
        revived(IMAGES)
    with pytest.raises(ValueError, match="must hold the SavedModel of the layer 'backbone' .* Received: none"):
        revived.load_assets(None)


def test_a_file_with_another_module_is_refused(tmp_path, elsewhere):
    layer = SavedModelLayer(saved_modules.CONV_BACKBONE, name="backbone")
    other = SavedModelLayer(dense_module())
    elsewhere()
    revived = SavedModelLayer.from_config(layer.get_config())
    other.save_assets(tmp_path)
    with pytest.raises(ValueError, match="Received: another one. The file is damaged"):
        revived.load_assets(tmp_path)


def test_what_cannot_train_is_refused_before_training():
    module, _ = saved_modules.conv_backbone(with_training=False)
    with pytest.raises(ValueError, match="exported with training=True too. Received: source=None, trainable=True"):
        SavedModelLayer(module)
    layer = SavedModelLayer(module, trainable=False)
    assert layer(IMAGES, training=True).shape == (4, 6)
    layer.trainable = True
    with pytest.raises(ValueError, match="exported for inference alone.*Received: training=True"):
        layer(IMAGES, training=True)


def test_inputs_that_do_not_suit_are_refused_when_the_model_is_wired():
    layer = SavedModelLayer(saved_modules.CONV_BACKBONE)
    with pytest.raises(ValueError, match=r"Received: \(None, 8, 8, 4\) float32. It takes: \(None, None, None, 3\)"):
        layer(keras.Input((8, 8, 4)))
    with pytest.raises(ValueError, match="must get inputs that it was exported for"):
        layer({"images": keras.Input((8, 8, 3))})
    with pytest.raises(ValueError, match=r"Received: \(None, 8, 8, 3\) string"):
        layer(keras.Input((8, 8, 3), dtype="string"))


def test_the_source_is_written_down():
    layer = SavedModelLayer(pathlib.Path(saved_modules.CONV_BACKBONE))
    assert layer.get_config()["source"] == saved_modules.CONV_BACKBONE
