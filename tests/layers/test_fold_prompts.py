import keras
import numpy as np
import pytest

from kmm.layers import FoldPrompts


def test_prompts_of_a_picture_stay_together():
    inputs = np.arange(2 * 3 * 5, dtype="int32").reshape(2, 3, 5)
    outputs = FoldPrompts(dtype="int32")(inputs)
    assert outputs.dtype == "int32"
    np.testing.assert_array_equal(outputs, np.concatenate([inputs[0], inputs[1]]))


@pytest.mark.parametrize(
    "shape, expected",
    [
        ((2, 3, 5), (6, 5)),
        ((None, 3, 5), (None, 5)),
        ((2, None, 5), (None, 5)),
        ((None, None, None), (None, None)),
        ((None, 3, 4, 4, 2), (None, 4, 4, 2)),
    ],
)
def test_symbolic_shape(shape, expected):
    assert FoldPrompts()(keras.KerasTensor(shape)).shape == expected


@pytest.mark.parametrize("dtype", ["int32", "bool", "float32"])
def test_in_a_model_with_unknown_sizes(dtype):
    inputs = keras.Input((None, None), dtype=dtype)
    model = keras.Model(inputs, FoldPrompts(dtype=dtype)(inputs))
    outputs = model.predict(np.ones((2, 3, 4), dtype), verbose=0)
    assert outputs.shape == (6, 4) and outputs.dtype == dtype
