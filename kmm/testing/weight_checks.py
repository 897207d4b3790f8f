"""Checks of weights: all made by `build`, and all reached by gradients."""

import keras
import numpy as np
import tensorflow as tf

from kmm.feature_keys import POOLED, SEQUENCE
from kmm.testing.component_case import expect


def check_build(case):
    """`build` makes every weight of the component and of its sub-layers; the call adds none and moves none.

    Keras rebuilds a saved layer from its build configuration alone before it loads the weights, so a weight made later
    stays at its initial value after loading.
    """
    component = case.create()
    if not isinstance(component, keras.Model):
        used = case.create()
        case.apply(used)
        component.build_from_config(used.get_build_config() or {})
    expect(component.built, case, "build must leave the component built.")
    before = _weight_shapes(component)
    case.apply(component)
    added = sorted(_weight_shapes(component).items() - before.items())
    expect(not added, case, f"build must make every weight, the call none. Made by the call: {added}.")
    expect(len(before) == len(component.weights), case, "Every weight must have a path of its own.")


def check_gradients(case):
    """Every trainable weight receives a finite gradient that is not zero.

    The weights are moved off their initial values first: a gate that starts at zero hides what lies behind it.
    """
    component = case.create()
    case.apply(component)
    random = np.random.default_rng(0)
    for weight in component.trainable_weights:
        weight.assign(weight + 0.1 * random.normal(size=weight.shape))
    with tf.GradientTape() as tape:
        outputs = keras.tree.flatten(case.apply(component, training=True))
        outputs = [output for output in outputs if output.dtype.is_floating]
        total = sum(tf.reduce_sum(tf.cast(out, "float32") * random.normal(size=out.shape)) for out in outputs)
    variables = [weight.value for weight in component.trainable_weights]
    for weight, gradient in zip(component.trainable_weights, tape.gradient(total, variables), strict=True):
        expect(gradient is not None, case, f"Every weight must take part. No gradient reaches {weight.path}.")
        values = tf.convert_to_tensor(gradient).numpy()
        expect(np.isfinite(values).all(), case, f"Gradients must be finite. {weight.path} has others.")
        expect(np.any(values != 0.0), case, f"Gradients must reach every weight. That of {weight.path} is zero.")


def check_context_gradients(case):
    """What a fusion gives depends on the words: a gradient reaches `sequence` or `pooled` of every sample with words.

    Components without such inputs pass. The weights are moved off their initial values first, as in `check_gradients`.
    """
    names = [name for name in (SEQUENCE, POOLED) if name in case.named_inputs()]
    if not names:
        return
    component = case.create()
    case.apply(component)
    random = np.random.default_rng(0)
    for weight in component.trainable_weights:
        weight.assign(weight + 0.1 * random.normal(size=weight.shape))
    read = {name: tf.Variable(case.named_inputs()[name]) for name in names}
    with tf.GradientTape() as tape:
        outputs = keras.tree.flatten(case.with_inputs(**read).apply(component, training=False))
        total = sum(tf.reduce_sum(tf.cast(out, "float32") * random.normal(size=out.shape)) for out in outputs)
    reached = np.zeros(len(case.named_inputs()[names[0]]), bool)
    for name, gradient in zip(names, tape.gradient(total, list(read.values())), strict=True):
        if gradient is not None:
            values = tf.convert_to_tensor(gradient).numpy()
            expect(np.isfinite(values).all(), case, f"Gradients must be finite. That of {name} is not.")
            reached |= (values != 0.0).reshape(len(values), -1).any(axis=1)
    expect(reached.all(), case, f"A gradient must reach the words of every sample. Received: {reached.tolist()}.")


def _weight_shapes(component):
    return {weight.path: tuple(weight.shape) for weight in component.weights}
