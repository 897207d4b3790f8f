"""Checks that any component of kmm must pass, one's own included.

>>> import numpy as np
>>> from kmm import fusion, testing
>>> generator = np.random.default_rng(0)
>>> case = testing.ComponentCase(
...     fusion.ConcatFusion,
...     {"filters": 6},
...     (
...         generator.normal(size=(2, 4, 4, 8)).astype("float32"),
...         generator.normal(size=(2, 5, 8)).astype("float32"),
...         generator.normal(size=(2, 8)).astype("float32"),
...         np.array([[True, True, True, False, False], [True, False, False, False, False]]),
...     ),
... )
>>> for check in testing.ALL_CHECKS:
...     check(case)
"""

from kmm.testing.component_case import ComponentCase
from kmm.testing.config_checks import check_config, check_registration
from kmm.testing.sample_checks import check_empty_context, check_padding, check_samples_independent
from kmm.testing.saving_checks import check_mixed_precision, check_revived, check_saving
from kmm.testing.shape_checks import check_symbolic_shape, check_unknown_sizes
from kmm.testing.weight_checks import check_build, check_context_gradients, check_gradients

ALL_CHECKS = (
    check_registration,
    check_config,
    check_revived,
    check_build,
    check_symbolic_shape,
    check_unknown_sizes,
    check_gradients,
    check_context_gradients,
    check_mixed_precision,
    check_samples_independent,
    check_padding,
    check_empty_context,
    check_saving,
)
"""Every check, in the order in which failures are easiest to understand."""

__all__ = [
    "ALL_CHECKS",
    "ComponentCase",
    "check_build",
    "check_config",
    "check_context_gradients",
    "check_empty_context",
    "check_gradients",
    "check_mixed_precision",
    "check_padding",
    "check_registration",
    "check_revived",
    "check_samples_independent",
    "check_saving",
    "check_symbolic_shape",
    "check_unknown_sizes",
]
