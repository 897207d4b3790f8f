"""Decoding in a served graph that answers for a damaged file instead of failing its whole batch."""

import tensorflow as tf


def try_decode(decode, file_bytes, fallback):
    """Gives what one op makes of a file, or `fallback` where the op raises.

    TensorFlow has no way to catch an op's error inside a graph but one: a data set that leaves out elements that fail.
    One of a single element costs about 0.15 ms.

    Args:
        decode: function of a scalar string that gives one tensor; the fewer ops it holds the better.
        file_bytes: scalar string.
        fallback: tensor of the same dtype and rank.

    Returns:
        A tensor of the static shape that both agree on.

    Example:

    >>> fallback = tf.zeros((0, 0, 3), "uint8")
    >>> tuple(try_decode(tf.io.decode_png, tf.constant("no picture"), fallback).shape)
    (0, 0, 3)
    """
    decoded = tf.data.Dataset.from_tensors(file_bytes).map(decode).ignore_errors()
    shape = decoded.element_spec.shape.most_specific_compatible_shape(fallback.shape)
    either = decoded.concatenate(tf.data.Dataset.from_tensors(fallback)).take(1)
    return tf.ensure_shape(either.get_single_element(), shape)
