import pytest

from kmm.data import ShapesSource
from kmm.training.settings import make_settings


def test_the_presets_own_and_what_replaces_it():
    settings = make_settings(
        ShapesSource(), precision="float32", seed=3, epochs=None, batch_size=2, image_size=(64, 32)
    )
    expected = {"preset": "shapes", "seed": 3, "policy": "float32", "batch_size": 2, "image_size": [64, 32]}
    assert settings.items() >= expected.items() and settings["epochs"] > 1


def test_parts_are_plain_data():
    settings = make_settings(ShapesSource(), parts={"fusion": ("ConcatFusion", {}), "fusion_levels": ("P3",)})
    assert settings["parts"] == {"fusion": ["ConcatFusion", {}], "fusion_levels": ["P3"]}, "as JSON gives them back"
    assert "parts" not in make_settings(ShapesSource(), parts={}), "as in the settings of earlier runs"
    with pytest.raises(TypeError, match="Parts of a run are plain data.*Received: parts=.*Register a class"):
        make_settings(ShapesSource(), parts={"fusion": ShapesSource})


def test_the_loss_and_its_weights_are_there_only_if_given():
    settings = make_settings(ShapesSource(), loss=("BinaryTversky", {"alpha": 0.3}), class_weights="median")
    assert settings["loss"] == ["BinaryTversky", {"alpha": 0.3}] and settings["class_weights"] == "median"
    assert not {"loss", "class_weights"} & set(make_settings(ShapesSource(), loss=None)), "as in earlier runs"
    with pytest.raises(ValueError, match="The loss must suit the task 'referring'. Received: 'CategoricalDice'"):
        make_settings(ShapesSource(), loss="CategoricalDice")
    with pytest.raises(ValueError, match=r"weighed by one of .*'none'\). Received: class_weights='rare'. Give weights"):
        make_settings(ShapesSource(), class_weights="rare")
    with pytest.raises(TypeError, match="plain data"):
        make_settings(ShapesSource(), loss=ShapesSource)


@pytest.mark.parametrize("name", ["epochs", "batch_size", "learning_rate"])
@pytest.mark.parametrize("value", [0, -1, float("inf")])
def test_refuses_numbers_without_sense(name, value):
    with pytest.raises(ValueError, match=f"{name} must be positive. Received: {name}={value}"):
        make_settings(ShapesSource(), **{name: value})


@pytest.mark.parametrize("factor", [-0.1, float("nan")])
def test_refuses_factors_without_sense(factor):
    with pytest.raises(ValueError, match="at least 0, and 0 freezes the part. Received: decoder="):
        make_settings(ShapesSource(), learning_rate_factors={"decoder": factor})
