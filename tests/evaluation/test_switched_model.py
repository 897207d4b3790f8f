import numpy as np
import tensorflow as tf

from kmm.evaluation.switched_model import SwitchedModel

MODALITIES = {"image": ["images"], "text": ["token_ids", "padding_mask", "prompts"], "sound": ["waves"]}
INPUTS = {
    "images": tf.constant(np.arange(24).reshape(2, 2, 2, 3), tf.uint8),
    "token_ids": tf.constant([[1, 2]]),
    "padding_mask": tf.constant([[True, False]]),
    "prompts": tf.constant(["a cat"]),
    "waves": tf.constant([[0.5, -1.0]]),
    "depth": tf.constant([7.0]),
}


def test_each_kind_of_input_has_its_stand_in():
    blank = np.full((2, 2, 3), 3.6)
    switched = SwitchedModel(None, MODALITIES, blank)
    for name, value in switched.replace(INPUTS).items():
        np.testing.assert_array_equal(value, INPUTS[name])
    switched.give([])
    replaced = switched.replace(INPUTS)
    expected = {"images": np.full((2, 2, 2, 3), 4), "token_ids": [[0, 0]], "padding_mask": [[False, False]]}
    expected |= {"prompts": [b""], "waves": [[0, 0]], "depth": [7]}
    for name, value in replaced.items():
        assert value.dtype == INPUTS[name].dtype and value.shape == INPUTS[name].shape
        np.testing.assert_array_equal(value, expected[name])
    assert switched.replace({"images": tf.zeros((1, 2, 2, 3))})["images"].numpy()[0, 0, 0, 0] == np.float32(3.6)


def test_switches_work_in_a_compiled_graph():
    class Sum:
        image_size = (2, 2)

        def for_prompts(self, num_prompts):
            return lambda inputs, training: tf.reduce_sum(inputs["waves"]) + num_prompts

    switched = SwitchedModel(Sum(), {"sound": ["waves"]}, 0)
    answer = tf.function(switched.for_prompts(10))
    assert switched.image_size == (2, 2) and answer({"waves": INPUTS["waves"]}) == 9.5
    switched.give([])
    assert answer({"waves": INPUTS["waves"]}) == 10 and answer.experimental_get_tracing_count() == 1
