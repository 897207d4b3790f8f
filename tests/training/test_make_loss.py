import keras
import pytest

from kmm import losses
from kmm.training.make_loss import make_loss


@keras.saving.register_keras_serializable(package="mine")
class MyLoss(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return y_pred


def test_the_tasks_own():
    assert isinstance(make_loss(None, "referring"), losses.BinaryCrossEntropyDice)
    loss = make_loss(None, "semantic", [1.0, 2.0])
    assert isinstance(loss, losses.SegmentationCrossEntropy) and loss.class_weights == [1.0, 2.0]


def test_names_and_arguments():
    assert isinstance(make_loss("BinaryDice", "referring"), losses.BinaryDice)
    loss = make_loss(["CategoricalFocal", {"gamma": 1.0, "class_weights": [3.0, 1.0]}], "semantic", [1.0, 2.0])
    assert loss.gamma == 1.0 and loss.class_weights == [3.0, 1.0], "its own weights stay"
    assert isinstance(make_loss("mine>MyLoss", "semantic"), MyLoss)


def test_losses_made_of_others():
    part = [
        "CombinedLoss",
        {"losses": ["BinaryFocal", ["BoundaryWeighted", {"loss": ["BinaryTversky", {"beta": 0.6}]}]]},
    ]
    loss = make_loss(part, "referring", [0.5, 2.0], must_weigh=True)
    focal, weighted = loss.losses
    assert focal.positive_weight == 4.0 and weighted.loss.beta == 0.6
    assert part[1]["losses"][0] == "BinaryFocal", "what was given stays as it is"


@pytest.mark.parametrize(
    "part, task, options, message",
    [
        ("BinaryDise", "referring", {}, r"A part of kmm.losses is one of .*'BinaryDice'.*Received: 'BinaryDise'"),
        (["BinaryDice", {"power": 1}], "referring", {}, r"BinaryDice takes the arguments.*Unknown: \['power'\]"),
        ("BoundaryWeighted", "referring", {}, r"Missing: \['loss'\]"),
        ("CategoricalDice", "referring", {}, "must suit the task 'referring'.*Use one of .*'BinaryCrossEntropyDice'"),
        (["BoundaryWeighted", {"loss": "BinaryDice"}], "semantic", {}, "must suit the task 'semantic'.*'ExpectedCost'"),
        ("BinaryDice", "referring", {"class_weights": [1.0, 2.0], "must_weigh": True}, "must take weights of classes"),
        ("BinaryFocal", "referring", {"class_weights": [1.0, 0.0]}, "must hold both targets and background"),
    ],
)
def test_errors(part, task, options, message):
    with pytest.raises(ValueError, match=message):
        make_loss(part, task, **options)
