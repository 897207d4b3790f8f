import keras
import numpy as np
import pytest

from kmm import encoders, layers, models, preprocessing
from kmm.training import BranchAdamW, branch_multipliers, layer_multipliers
from tests.cases.saved_modules import CONV_BACKBONE

TOKENIZER = preprocessing.PromptTokenizer(["red", "circle"], sequence_length=3)


def small_model():
    return models.referring_segmenter((16, 16), TOKENIZER, widths=(4, 4), blocks=0, text_units=4, fusion_filters=8)


def branch(*names):
    """A functional model of dense layers, as encoders are: its name is in no path."""
    inputs = x = keras.Input((2,))
    for name in names:
        x = keras.layers.Dense(2, name=name)(x)
    return inputs, x


def two_branches(second):
    inputs = keras.Input((2,))
    parts = [keras.Model(*branch("one", "two"), name="first"), keras.Model(*branch(second), name="second")]
    return keras.Model(inputs, parts[1](parts[0](inputs)))


def test_parts_train_at_their_own_rates():
    """With rate 0 for the image encoder everything moves but its weights, in the model for several prompts too."""
    model = small_model()
    trained = model.for_prompts(2)
    multipliers = branch_multipliers(trained, {"image_encoder": 0.0, "text_encoder": 0.5})
    assert multipliers == branch_multipliers(model, {"image_encoder": 0.0, "text_encoder": 0.5})
    assert multipliers["embedding"] == 0.5 and multipliers["p1_step/convolution"] == 0.0
    before = {weight.path: weight.numpy() for weight in model.trainable_variables}
    gradients = [np.ones(weight.shape, "float32") for weight in trained.trainable_variables]
    BranchAdamW(0.01, multipliers, weight_decay=0.0).apply(gradients, trained.trainable_variables)
    steps = {weight.path: before[weight.path] - weight.numpy() for weight in model.trainable_variables}
    slow = {weight.path for weight in model.image_encoder.trainable_variables}
    words = {weight.path for weight in model.context_encoders["text"].trainable_variables}
    for path, step in steps.items():
        expected = 0.0 if path in slow else 0.005 if path in words else 0.01
        np.testing.assert_allclose(step, expected, atol=1e-6)


def test_variables_of_a_saved_model():
    """They move at their own rate too."""
    layer = layers.SavedModelLayer(CONV_BACKBONE)
    encoder = encoders.SavedModelImageEncoder(layer, (16, 32), name="image_encoder")
    images = keras.Input((16, 32, 3))
    outputs = keras.layers.Conv2D(1, 1, name="head")(next(iter(encoder(images).values())))
    model = keras.Model(images, outputs)
    optimizer = BranchAdamW(0.01, branch_multipliers(model, {"image_encoder": 0.5}), weight_decay=0.0)
    before = [weight.numpy() for weight in model.trainable_variables]
    optimizer.apply([np.ones(weight.shape, "float32") for weight in before], model.trainable_variables)
    own = set(map(id, encoder.trainable_variables))
    assert own and len(own) < len(before)
    for weight, old in zip(model.trainable_variables, before, strict=True):
        np.testing.assert_allclose(old - weight.numpy(), 0.005 if id(weight) in own else 0.01, atol=1e-6)


def test_frozen_variables_are_left_out():
    model = two_branches("three")
    model.get_layer("first").get_layer("one").trainable = False
    assert branch_multipliers(model, {"first": 0.1, "second": 1}) == {"two": 0.1, "three": 1}


def test_names_shared_by_two_parts():
    model = two_branches("two")
    message = r"paths of the same beginning: \['two/bias', 'two/kernel'\]. Received: \['first'\]. Rename the layers"
    with pytest.raises(ValueError, match=message):
        branch_multipliers(model, {"first": 0.1})


def test_part_errors():
    model = two_branches("three")
    with pytest.raises(ValueError, match=r"no part of that name. Received: 'third'. It has \['first', 'second'\]"):
        branch_multipliers(model, {"third": 0.1})
    model.get_layer("first").trainable = False
    with pytest.raises(ValueError, match="The part has nothing to train. Received: 'first'"):
        branch_multipliers(model, {"first": 0.1})


def test_layers_fall_off_towards_the_input():
    encoder = keras.Model(*branch("one", "two", "three"))
    assert layer_multipliers(encoder, 0.5) == {"one": 0.25, "two": 0.5, "three": 1.0}
    optimizer = BranchAdamW(0.1, layer_multipliers(encoder, 0.5))
    optimizer.build(encoder.trainable_variables)
    assert list(optimizer._factors) == [0.25, 0.25, 0.5, 0.5, 1.0, 1.0]


@pytest.mark.parametrize("decay", [0, -0.5, 1.5])
def test_decay_error(decay):
    with pytest.raises(ValueError, match=f"decay must be above 0 and at most 1. Received: decay={decay}"):
        layer_multipliers(keras.Model(*branch("one")), decay)
