"""Every component, checked by every check of kmm.testing."""

import inspect

import pytest

from kmm import decoders, encoders, fusion, heads, layers
from kmm.testing import ALL_CHECKS
from kmm.testing.config_checks import constructor_arguments
from tests.cases import decoders_cases, encoders_cases, fusion_cases, heads_cases, layers_cases

COMPONENT_PACKAGES = (layers, encoders, fusion, decoders, heads)
CONTRACTS = (fusion.Fusion, decoders.Decoder)
"""Bases whose subclasses are components."""

CASE_FILES = (layers_cases, encoders_cases, fusion_cases, decoders_cases, heads_cases)
SLOW_CASES = [case for file in CASE_FILES for case in getattr(file, "SLOW_CASES", ())]
"""Whole pretrained nets, which take seconds to build."""

CASES = [case for file in CASE_FILES for case in file.CASES] + SLOW_CASES


def marked(case):
    return pytest.param(
        case, id=str(case), marks=[pytest.mark.slow] if any(case is slow for slow in SLOW_CASES) else []
    )


@pytest.mark.parametrize("check", ALL_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_component(case, check):
    check(case)


def test_every_public_component_has_a_case():
    public = [getattr(package, name) for package in COMPONENT_PACKAGES for name in package.__all__]
    needed = {value for value in public if inspect.isclass(value)} - set(CONTRACTS)
    missing = sorted(cls.__name__ for cls in needed - {case.cls for case in CASES})
    assert not missing, f"add a ComponentCase for each of: {missing}"


def test_every_argument_differs_from_its_default_in_some_case():
    """An argument lost on reload falls back to its default, which a case with the default value cannot notice."""
    varied = {
        (case.cls, name) for case in CASES for name, value in case.arguments.items() if value != default(case, name)
    }
    missing = [
        f"{cls.__name__}({name})"
        for cls in {case.cls for case in CASES}
        for name in constructor_arguments(cls)
        if name not in ("name", "dtype", "trainable") and (cls, name) not in varied
    ]
    assert not missing, f"give a value other than the default in some case: {sorted(missing)}"


def default(case, name):
    return inspect.signature(case.cls.__init__).parameters[name].default
