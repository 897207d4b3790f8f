"""The public names and their signatures, compared with a file, so that a change of either shows in review.

After a wanted change: `pytest tests/architecture/test_public_api.py --update-public-api`, and read the diff.
"""

import importlib
import inspect

import pytest


def signature(value):
    """`(filters, dropout=0.0)`: the parameters without their annotations; nothing for plain values."""
    if not callable(value):
        return ""
    found = inspect.signature(value)
    parameters = [parameter.replace(annotation=parameter.empty) for parameter in found.parameters.values()]
    return str(found.replace(parameters=parameters, return_annotation=found.empty))


@pytest.fixture(scope="module")
def packages(library):
    return [importlib.import_module(module.name) for module in library if module.is_package]


def test_public_names_have_a_docstring(packages):
    missing = [
        f"{package.__name__}.{name}"
        for package in packages
        for name in getattr(package, "__all__", ())
        if callable(getattr(package, name)) and not getattr(package, name).__doc__
    ]
    assert not missing, missing


def test_public_api_is_as_in_the_file(packages, root, request):
    lines = [
        f"{package.__name__}.{name}{signature(getattr(package, name))}"
        for package in packages
        for name in sorted(getattr(package, "__all__", ()))
    ]
    golden = root / "tests/architecture/public_api.txt"
    if request.config.getoption("--update-public-api"):
        golden.write_text("\n".join(lines) + "\n", encoding="utf-8")
    expected = golden.read_text(encoding="utf-8").splitlines()
    gone, new = sorted(set(expected) - set(lines)), sorted(set(lines) - set(expected))
    message = "if this change is wanted, run pytest with --update-public-api and read the diff"
    assert lines == expected, f"{message}\ngone: {gone}\nnew: {new}"
