import numpy as np
import pytest
import tensorflow as tf

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


def test_median_frequency_counts_only_the_masks_that_hold_a_class():
    masks = np.array([[[0, 0, 0, 1]], [[0, 0, 0, 0]], [[0, 0, 1, 2]], [[0, 255, 255, 0]]])
    dataset = tf.data.Dataset.from_tensor_slices((np.zeros(4), masks)).batch(3)
    shares = np.array([11 / 14, 2 / 8, 1 / 4])  # pixels of the class by those of the masks that hold it
    expected = np.median(shares) / shares
    frequencies = np.array([11, 2, 1]) / 14
    found = class_weights_from(dataset, method="median")
    np.testing.assert_allclose(found, expected / np.sum(expected * frequencies))


@pytest.mark.parametrize("beta", [None, 0.9, 0.0])
def test_effective_number(beta):
    found = class_weights_from(TwoPictures(), method="effective", beta=beta)
    base = 15 / 16 if beta is None else beta
    expected = np.array([(1 - base) / (1 - base**12), (1 - base) / (1 - base**4)])
    np.testing.assert_allclose(found, [*expected / np.dot(expected, [12 / 16, 4 / 16]), 0])
    assert beta != 0 or found[:2] == [1, 1]


def test_inverse_frequency():
    found = class_weights_from(TwoPictures(), method="inverse")
    assert found == class_weights_from(TwoPictures(), power=1) and found[1] == pytest.approx(3 * found[0])


class Phrases:
    """Three phrases for each picture of 4 pixels: targets of 1, 0 and 2 pixels, one pixel ignored."""

    name, task, class_names, splits = "phrases", "referring", (), ("train",)

    def num_examples(self, split):
        return 2

    def all_prompts(self, split, index):
        return [("x", "x")] * 3

    def example(self, split, index, epoch=0, num_prompts=1):
        masks = np.array([[[1, 0, 0, 255]], [[0, 0, 0, 255]], [[1, 1, 0, 255]]], np.uint8)[:num_prompts]
        return Example(np.zeros((1, 4, 3), np.uint8), ("x",) * num_prompts, masks, ("x",) * num_prompts)


def test_a_referring_source_has_two_classes():
    assert class_weights_from(Phrases(), method="inverse") == pytest.approx([18 / 2 / 12, 18 / 2 / 6])


def test_a_data_set_of_several_outputs_and_weights():
    masks = {"parts": np.array([[[0, 2]], [[0, 0]]]), "things": np.array([[[0, 1]], [[0, 255]]])}
    dataset = tf.data.Dataset.from_tensor_slices((np.zeros(2), masks, np.ones(2)))
    found = class_weights_from(dataset.batch(2), method="inverse")
    assert found == {"parts": pytest.approx([2 / 3, 0, 2]), "things": pytest.approx([3 / 4, 3 / 2])}
    assert found == class_weights_from(dataset, method="inverse"), "whatever the batches"
    named = class_weights_from(dataset, method="inverse", num_classes={"parts": 4, "things": 2})
    assert named["parts"] == pytest.approx([2 / 3, 0, 2, 0])


def test_more_classes_than_a_byte_holds():
    dataset = tf.data.Dataset.from_tensors((0.0, np.array([[[0, 0, 0, 299]]])))
    weights = class_weights_from(dataset, method="inverse", num_classes=301, ignore_value=-1)
    assert len(weights) == 301 and weights[299] == 3 * weights[0] == 2 and np.count_nonzero(weights) == 2
    rare = tf.data.Dataset.from_tensors((0.0, np.array([[[0, 1]]])))
    assert len(class_weights_from(rare, num_classes=300)) == 300


def test_errors():
    def masks_of(*labels):
        return tf.data.Dataset.from_tensors((0.0, np.array([labels])))

    with pytest.raises(ValueError, match=r"A method is one of .*'median'.*Received: method='rare'"):
        class_weights_from(TwoPictures(), method="rare")
    with pytest.raises(ValueError, match="power must be finite, and beta.*Received: power=0.5, beta=1"):
        class_weights_from(TwoPictures(), method="effective", beta=1)
    with pytest.raises(ValueError, match="Labels must be 0 to 1, or 255.*Received: label 7 in element 0. Correct"):
        class_weights_from(masks_of(0, 7), num_classes=2)
    with pytest.raises(ValueError, match="Received: label -1 in element 0"):
        class_weights_from(masks_of(0, -1))
    with pytest.raises(ValueError, match="There must be pixels that count. Received: none"):
        class_weights_from(masks_of(255, 255))
    with pytest.raises(ValueError, match=r"The data set must end.*dataset.take\(1000\)"):
        class_weights_from(masks_of(0, 1).repeat())
    with pytest.raises(ValueError, match=r"must give \(inputs, masks\). Received: elements TensorSpec"):
        class_weights_from(tf.data.Dataset.range(3))
    source = TwoPictures()
    source.class_names = ("road",)
    with pytest.raises(ValueError, match="Received: label 1 in example 0 of 'train' in 'two'"):
        class_weights_from(source)
