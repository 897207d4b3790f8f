"""One component with its arguments and inputs: what every check of this package takes."""

import dataclasses
import inspect
from typing import Any

import keras
import numpy as np
from keras import ops


@dataclasses.dataclass(frozen=True)
class ComponentCase:
    """A component to check: its class, its constructor arguments and small inputs for one call.

    A component is a Keras layer (fusion, decoder, head) or a functional model built by its constructor (an encoder).
    Give at least two samples, and leave at least one padded step at the end of every row of a `padding_mask`.

    Args:
        cls: the class of the component.
        arguments: constructor arguments, by name.
        inputs: NumPy arrays of one call. A tuple is passed argument by argument, as a fusion takes them; a dict or a
            single array is passed as the one argument, as encoders, decoders and heads take it.
        label: a word that tells this case from others of the same class.
        options: other arguments of the call, by name, which are no arrays: the `output_size` of a head.
        needs_known_sizes: whether the component documents that heights and widths must be known when it is built.
        holds_code: whether the component holds code, as a SavedModel is: files with it must be refused in safe mode.

    Example:

    >>> case = ComponentCase(keras.layers.Dense, {"units": 3}, np.ones((2, 4), "float32"))
    >>> [tuple(output.shape) for output in case.call(case.create())]
    [(2, 3)]
    """

    cls: type
    arguments: dict[str, Any]
    inputs: Any
    label: str = ""
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    needs_known_sizes: bool = False
    holds_code: bool = False

    def __str__(self):
        return f"{self.cls.__name__}-{self.label}" if self.label else self.cls.__name__

    def create(self, **overrides):
        """A new component with the arguments of the case."""
        return self.cls(**{**self.arguments, **overrides})

    def named_inputs(self):
        """The input arrays by name: the keys of a dict, or the names of the parameters of `call`."""
        if isinstance(self.inputs, dict):
            return dict(self.inputs)
        values = self.inputs if isinstance(self.inputs, tuple) else (self.inputs,)
        names = [name for name in inspect.signature(self.cls.call).parameters if name != "self"]
        return dict(zip(names, values, strict=False))

    def with_inputs(self, **arrays):
        """The same case with some of the input arrays replaced, by name."""
        named = {**self.named_inputs(), **arrays}
        if isinstance(self.inputs, dict):
            return dataclasses.replace(self, inputs=named)
        values = tuple(named.values())
        return dataclasses.replace(self, inputs=values if isinstance(self.inputs, tuple) else values[0])

    def map_inputs(self, function):
        """The same case with `function` applied to every input array."""
        return self.with_inputs(**{name: function(array) for name, array in self.named_inputs().items()})

    def apply(self, component, **options):
        """Calls the component on the inputs of the case, whatever they hold, and returns what it returns."""
        arguments = self.inputs if isinstance(self.inputs, tuple) else (self.inputs,)
        return component(*arguments, **self.options, **options)

    def call(self, component, **options):
        """Calls the component and returns its outputs as a flat list of NumPy arrays; bfloat16 becomes float32."""
        return [to_numpy(output) for output in keras.tree.flatten(self.apply(component, **options))]


def dtype_name(array):
    """The name of an array's dtype; arrays of text are "string"."""
    return "string" if array.dtype.kind in "OSU" else str(array.dtype)


def to_numpy(tensor):
    """A NumPy array of the tensor; bfloat16 and float16 become float32."""
    if keras.backend.standardize_dtype(tensor.dtype) in ("bfloat16", "float16"):
        tensor = ops.cast(tensor, "float32")
    return np.array(ops.convert_to_numpy(tensor))


def expect(condition, case, message):
    """Raises an `AssertionError` that names the case, also under `python -O`."""
    if not condition:
        raise AssertionError(f"{case}: {message}")


def expect_equal(actual, expected, case, message, tolerance=0.0):
    """Expects two flat lists of arrays to be equal within `tolerance`, relative to the largest expected value."""
    expect(len(actual) == len(expected), case, f"{message} Received: {len(actual)} outputs for {len(expected)}.")
    for index, (one, other) in enumerate(zip(actual, expected, strict=True)):
        expect(one.shape == other.shape, case, f"{message} Received: shapes {one.shape} and {other.shape}.")
        if one.size:
            one, other = one.astype("float64"), other.astype("float64")
            gap, scale = np.abs(one - other).max(), max(1.0, np.abs(other).max())
            expect(gap <= tolerance * scale, case, f"{message} Received: output {index} differs by up to {gap:.3g}.")
