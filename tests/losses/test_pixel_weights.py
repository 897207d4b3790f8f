import keras
import numpy as np
import pytest
import tensorflow as tf

from kmm.losses import BinarySegmentationCrossEntropy, CategoricalFocal, SegmentationCrossEntropy, pixel_weights


@pytest.mark.parametrize("cls", [SegmentationCrossEntropy, CategoricalFocal])
def test_they_cost_the_same_as_class_weights(batch, cls):
    labels, logits, _ = batch(3)
    expected = cls(class_weights=[0.5, 0.0, 4.0])(labels, logits)
    np.testing.assert_allclose(cls()(labels, logits, pixel_weights(labels, [0.5, 0.0, 4.0])), expected, rtol=1e-5)


def test_two_classes_are_a_positive_weight(batch):
    labels, logits, _ = batch(1)
    expected = BinarySegmentationCrossEntropy(positive_weight=8.0)(labels, logits)
    found = BinarySegmentationCrossEntropy()(labels, logits, pixel_weights(labels, [0.5, 4.0]))
    np.testing.assert_allclose(found, 0.5 * expected, rtol=1e-5)


def test_labels_that_are_no_class_and_weights_without_sense():
    assert np.isnan(pixel_weights([[3, 0, -1]], [1, 2])).tolist() == [[True, False, True]]
    assert pixel_weights(np.array([[-1, 1]]), [1, 2], ignore_value=-1).numpy().tolist() == [[0.0, 2.0]]
    with pytest.raises(ValueError, match=r"finite and not negative. Received: class_weights=\[1.0, -2.0\]"):
        pixel_weights([[0]], [1, -2])


@pytest.mark.slow
def test_a_model_with_two_masks_learns_under_a_dict_of_weights():
    """Each mask under weights of its own, given to `fit` in the data set, equals the sum computed by hand."""
    rng = np.random.default_rng(0)
    images = rng.normal(size=(4, 3, 5, 2)).astype("float32")
    masks = {"parts": rng.integers(0, 3, (4, 3, 5)), "things": rng.integers(0, 2, (4, 3, 5))}
    masks["parts"][0, 0] = 255
    weights = {"parts": [0.5, 1.0, 4.0], "things": [1.0, 9.0]}
    inputs = keras.Input((3, 5, 2))
    channels = {"parts": 3, "things": 1}
    heads = {name: keras.layers.Conv2D(count, 1, name=name)(inputs) for name, count in channels.items()}
    model = keras.Model(inputs, heads)
    losses = {"parts": SegmentationCrossEntropy(), "things": BinarySegmentationCrossEntropy()}
    model.compile(keras.optimizers.SGD(0.0), losses)
    dataset = tf.data.Dataset.from_tensor_slices((images, masks)).batch(2)
    dataset = dataset.map(lambda x, y: (x, y, {name: pixel_weights(y[name], weights[name]) for name in y}))
    logits = model.predict(images, verbose=0)
    expected = 0.0
    for picture, row, column in np.ndindex(4, 3, 5):
        counted = (masks["parts"][picture] != 255).sum()
        label = masks["parts"][picture, row, column]
        if label != 255:
            values = logits["parts"][picture, row, column].astype("float64")
            expected -= weights["parts"][label] * np.log(np.exp(values[label]) / np.exp(values).sum()) / counted / 4
        label, value = masks["things"][picture, row, column], float(logits["things"][picture, row, column, 0])
        expected += weights["things"][label] * np.log(1 + np.exp(-value if label else value)) / 15 / 4
    history = model.fit(dataset, shuffle=False, verbose=0).history
    np.testing.assert_allclose(history["loss"][0], expected, rtol=1e-5)
