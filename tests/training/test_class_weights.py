import numpy as np
import pytest

from kmm.data import Example
from kmm.training import class_weights_from


class TwoPictures:
    """16 counted pixels: 12 of class 0, 4 of class 1, none of class 2; the others are ignored."""

    name, task, class_names, splits = "two", "semantic", ("road", "car", "cyclist"), ("train", "val")

    def num_examples(self, split):
        return {"train": 2, "val": 1}[split]

    def example(self, split, index, epoch=0, num_prompts=1):
        mask = np.array([[0, 0, 0, 0, 0], [0, 0, 1, 1, 255]] if index else [[0, 0, 0, 0], [0, 1, 1, 255]], np.uint8)
        return Example(np.zeros((*mask.shape, 3), np.uint8), ("a street",), mask[None], ("description",))


@pytest.mark.parametrize("power", [0, 0.5, 1])
def test_equals_the_formula(power):
    frequencies = np.array([12 / 16, 4 / 16])
    expected = frequencies**-power / (frequencies ** (1 - power)).sum()
    weights = class_weights_from(TwoPictures(), power=power)
    np.testing.assert_allclose(weights, [*expected, 0])
    assert all(type(weight) is float for weight in weights)
    assert np.dot(weights[:2], frequencies) == pytest.approx(1), "the average pixel weighs 1"


def test_default_and_split():
    assert class_weights_from(TwoPictures()) == class_weights_from(TwoPictures(), "train", 0.5)
    assert class_weights_from(TwoPictures(), "val", power=1) == pytest.approx([7 / 5 / 2, 7 / 2 / 2, 0])
