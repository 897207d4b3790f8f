import numpy as np
import pytest
import tensorflow as tf

from kmm.metrics.checked_value import checked_value

MESSAGE = "Labels must be classes. Received: {count} others."


def test_value_passes_when_nothing_is_invalid():
    np.testing.assert_array_equal(checked_value(tf.constant([0.5, 1.0]), tf.constant([0.0, 0.0]), MESSAGE), [0.5, 1.0])


def test_invalid_is_counted_in_the_error():
    with pytest.raises(ValueError, match="Labels must be classes. Received: 3 others."):
        checked_value(tf.constant([0.5, 1.0]), tf.constant([2, 1]), MESSAGE)


def test_compiled_function_gives_nan():
    compiled = tf.function(lambda num_invalid: checked_value(tf.constant([0.5, 1.0]), num_invalid, MESSAGE))
    np.testing.assert_array_equal(compiled(tf.constant([0, 1])), [0.5, np.nan])
