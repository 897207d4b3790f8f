"""Checks of independence: neither the neighbours in a batch nor padding may change a result."""

import numpy as np

from kmm.feature_keys import PADDING_MASK, SEQUENCE, TOKEN_IDS
from kmm.testing.component_case import expect, expect_equal

_TOLERANCE = 1e-5


def check_samples_independent(case):
    """In inference the first sample gives the same result alone, and in a batch of others."""
    component = case.create()
    num_samples = len(next(iter(case.named_inputs().values())))
    outputs = case.call(component, training=False)
    rows = [max(1, len(output) // num_samples) for output in outputs]  # a layer may make several rows of a sample
    expected = [output[:count] for output, count in zip(outputs, rows, strict=True)]
    alone = case.map_inputs(lambda array: array[:1])
    expect_equal(alone.call(component, training=False), expected, case, "A sample alone must not differ.", _TOLERANCE)
    others = case.map_inputs(lambda array: np.concatenate([array[:1], array[:0:-1], array[:1]]))
    found = zip(others.call(component, training=False), rows, strict=True)
    found = [output[:count] for output, count in found]
    expect_equal(found, expected, case, "A sample must not depend on its neighbours.", _TOLERANCE)


def check_padding(case):
    """Padded steps never count: neither what stands in them nor how many there are; cases without padding pass."""
    if PADDING_MASK not in case.named_inputs():
        return
    component, named = case.create(), case.named_inputs()
    padding_mask = named[PADDING_MASK]
    expect(not padding_mask[:, -1].any(), case, "Leave the last step of every row of padding_mask padded.")
    steps = {name: named[name] for name in (TOKEN_IDS, SEQUENCE) if name in named}
    expected = case.call(component)
    changed = case.with_inputs(**{name: _fill_padding(array, padding_mask) for name, array in steps.items()})
    expect_equal(changed.call(component), expected, case, "Values in padded steps must not count.", _TOLERANCE)
    shorter = case.with_inputs(**{name: array[:, :-1] for name, array in {**steps, PADDING_MASK: padding_mask}.items()})
    found = shorter.call(component)
    cropped = [whole[tuple(map(slice, part.shape))] for whole, part in zip(expected, found, strict=True)]
    expect_equal(found, cropped, case, "The number of padded steps must not count.", _TOLERANCE)


def check_empty_context(case):
    """A sample whose steps are all padded, such as an empty prompt, gives finite outputs and leaves others alone."""
    if PADDING_MASK not in case.named_inputs():
        return
    component = case.create()
    expected = [output[1:] for output in case.call(component)]
    padding_mask = case.named_inputs()[PADDING_MASK].copy()
    padding_mask[0] = False
    found = case.with_inputs(**{PADDING_MASK: padding_mask}).call(component)
    finite = all(np.isfinite(output.astype("float64")).all() for output in found)
    expect(finite, case, "A sample without any real step must give finite outputs.")
    expect_equal([output[1:] for output in found], expected, case, "Other samples must not change.", _TOLERANCE)


def _fill_padding(array, padding_mask):
    """The array with other values wherever the step is padded."""
    other = np.roll(array, 1, axis=0) + np.ones((), array.dtype) if array.dtype.kind == "f" else array * 0 + 1
    mask = padding_mask.reshape(padding_mask.shape + (1,) * (array.ndim - 2))
    return np.where(mask, array, other)
