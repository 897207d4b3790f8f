"""Checks of files and precision: what is loaded computes what was saved."""

import pathlib
import tempfile

import keras

from kmm.testing.component_case import expect, expect_equal, to_numpy

_MARKER = "float64"


def check_revived(case):
    """A component made from the configuration, given the same weights, gives bit-equal outputs."""
    component = case.create()
    expected = case.call(component)
    config = keras.saving.serialize_keras_object(component)
    revived = keras.saving.deserialize_keras_object(config, safe_mode=not case.holds_code)
    case.apply(revived)
    revived.set_weights(component.get_weights())
    expect_equal(case.call(revived), expected, case, "The revived component must give equal outputs.")


def check_saving(case):
    """A model holding the component, saved as a `.keras` file and loaded, gives bit-equal outputs.

    A file that holds code must be refused in safe mode.
    """
    _check_round_trip(case, _as_model(case, case.create()))


def check_mixed_precision(case):
    """Under `mixed_bfloat16` variables stay float32, every sub-layer follows the policy, and a file keeps both.

    A sub-layer may be float32 on purpose, as in heads. Outputs stay near those of float32.
    """
    full = case.create()
    expected = case.call(full)
    mixed = _build_mixed(case, full.get_build_config() or {})
    expect(mixed.dtype_policy.name == "mixed_bfloat16", case, "Pass `dtype` on to super().__init__.")
    forgotten = [path for path, name in _policies(mixed) if name == _MARKER]
    expect(not forgotten, case, f"Sub-layers must be made with dtype=self.dtype_policy. Received others: {forgotten}.")
    kept = sorted({weight.dtype for weight in mixed.trainable_weights} - {"float32"})
    expect(not kept, case, f"Trainable variables must stay float32. Received: {kept}.")
    case.apply(mixed)
    mixed.set_weights(full.get_weights())
    expect_equal(case.call(mixed), expected, case, "bfloat16 outputs must be near those of float32.", tolerance=0.1)
    _check_round_trip(case, _as_model(case, mixed))


def _build_mixed(case, build_config):
    """The built component under mixed_bfloat16, while every layer made without a `dtype` gets the policy `_MARKER`."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_MARKER)
    try:
        component = case.create(dtype="mixed_bfloat16")
        if not component.built:
            component.build_from_config(build_config)
        return component
    finally:
        keras.config.set_dtype_policy(policy)


def _as_model(case, component):
    """A functional model that holds the component; a component that is one already stays as it is."""
    if isinstance(component, keras.Model):
        return component
    named = case.named_inputs()
    symbols = {name: keras.Input(array.shape[1:], dtype=str(array.dtype), name=name) for name, array in named.items()}
    return keras.Model(symbols, case.with_inputs(**symbols).apply(component))


def _check_round_trip(case, model):
    inputs = case.inputs if isinstance(case.create(), keras.Model) else case.named_inputs()
    expected = [to_numpy(output) for output in keras.tree.flatten(model(inputs))]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.keras"
        model.save(path)
        if case.holds_code:
            _check_refused(case, path)
        loaded = keras.saving.load_model(path, safe_mode=not case.holds_code)
    found = [to_numpy(output) for output in keras.tree.flatten(loaded(inputs))]
    expect_equal(found, expected, case, "The loaded model must give equal outputs.")
    policies = _policies(loaded), _policies(model)
    expect(policies[0] == policies[1], case, "The loaded model must keep the precision of every layer.")


def _check_refused(case, path):
    try:
        keras.saving.load_model(path)
    except ValueError as error:
        expect("safe_mode=False" in str(error), case, "What is refused in safe mode must name the way out.")
    else:
        expect(False, case, "A file that holds code must be refused in safe mode.")


def _policies(component):
    """The name of the precision policy of the component and of every layer in it but inputs, by path."""
    layers = [layer for layer in component._flatten_layers() if not isinstance(layer, keras.layers.InputLayer)]
    return [(layer.path, layer.dtype_policy.name) for layer in layers]
