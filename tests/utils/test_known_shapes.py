import json

import keras
import numpy as np

from kmm.utils.known_shapes import KnownShapes


def test_known_inputs_give_the_outputs_with_their_batch():
    shapes = KnownShapes()
    inputs = {"words": keras.KerasTensor((None, 5), "int32"), "images": keras.KerasTensor((None, 4, 4, 3))}
    assert shapes.find(inputs) is None
    shapes.add(inputs, {"pooled": np.zeros((1, 8), "float16"), "all": [np.zeros((1, 5, 8), "float32")]})
    found = shapes.find({"words": np.zeros((7, 5), "int32"), "images": np.zeros((7, 4, 4, 3), "float32")})
    assert found["pooled"].shape == (7, 8) and found["pooled"].dtype == "float16"
    assert found["all"][0].shape == (7, 5, 8)
    assert shapes.find({**inputs, "words": keras.KerasTensor((None, 6), "int32")}) is None
    assert shapes.find({**inputs, "words": keras.KerasTensor((None, 5), "int64")}) is None


def test_the_memory_survives_as_plain_data():
    shapes = KnownShapes()
    shapes.add(np.zeros((2, 3), "float32"), [np.zeros((2, 4), "float32"), np.zeros((2,), "int64")])
    revived = KnownShapes(json.loads(json.dumps(shapes.get_config())))
    vector, number = revived.find(keras.KerasTensor((None, 3)))
    assert vector.shape == (None, 4) and number.shape == (None,) and number.dtype == "int64"
    assert revived.get_config() == shapes.get_config()
