"""Checks of shapes: what Keras is told while a model is wired must be what the component computes."""

import keras

from kmm.testing.component_case import dtype_name, expect


def check_symbolic_shape(case):
    """With only the batch size unknown, the symbolic shapes and dtypes equal those of the computed outputs."""
    _compare(case, lambda array: (None, *array.shape[1:]), may_stay_open=(0,))


def check_unknown_sizes(case):
    """With heights, widths and lengths unknown too, the symbolic shapes leave only those open: channels stay known.

    A functional model fixes its own input sizes at construction; only its batch size and lengths are unknown here. A
    case that says `needs_known_sizes` passes.
    """
    if case.needs_known_sizes:
        return
    _compare(case, _only_channels, may_stay_open=(0, 1, 2))


def _only_channels(array):
    has_channels = array.dtype.kind == "f" or array.ndim > 2
    return (*[None] * (array.ndim - 1), array.shape[-1]) if has_channels else (None,) * array.ndim


def _compare(case, shape_of, may_stay_open):
    component = case.create()
    if shape_of is _only_channels and isinstance(component, keras.Model):
        symbolic = component.output
    else:
        symbols = case.map_inputs(lambda array: keras.KerasTensor(shape_of(array), dtype=dtype_name(array)))
        symbolic = symbols.apply(component)
    computed = case.apply(component)
    keras.tree.assert_same_structure(symbolic, computed)
    for symbol, tensor in zip(keras.tree.flatten(symbolic), keras.tree.flatten(computed), strict=True):
        told, found = tuple(symbol.shape), tuple(tensor.shape)
        expect(len(told) == len(found), case, f"Symbolic and computed ranks must be equal. Received: {told}, {found}.")
        dtypes = [keras.backend.standardize_dtype(item.dtype) for item in (symbol, tensor)]
        expect(dtypes[0] == dtypes[1], case, f"Symbolic and computed dtypes must be equal. Received: {dtypes}.")
        open_axes = [axis for axis in may_stay_open if "float" not in dtypes[0] or axis < len(told) - 1]
        for axis, (size, computed_size) in enumerate(zip(told, found, strict=True)):
            fits = size == computed_size or (size is None and axis in open_axes)
            expect(fits, case, f"Symbolic and computed shapes must fit. Received: {told}, {found}.")
