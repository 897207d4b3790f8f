"""The source tree of the repository, parsed once."""

import ast
import dataclasses
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[2]


@dataclasses.dataclass(frozen=True)
class Module:
    """One parsed source file: `path` as in "kmm/layers/coordinate_map.py", `name` as in "kmm.layers.coordinate_map"."""

    path: str
    text: str = dataclasses.field(repr=False)
    tree: ast.Module = dataclasses.field(repr=False)

    @property
    def name(self):
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def is_package(self):
        return self.path.endswith("__init__.py")

    def nodes(self, *kinds):
        return [node for node in ast.walk(self.tree) if isinstance(node, kinds)]

    def public(self, kind):
        """The names of the public classes or functions that the module defines at its top level."""
        return [node.name for node in self.tree.body if isinstance(node, kind) and not node.name.startswith("_")]


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def library():
    """Every module of kmm."""
    return _modules("kmm")


@pytest.fixture(scope="session")
def shipped(library):
    """Every module that the wheel installs."""
    return library + _modules("data_pipelines")


def _modules(folder):
    paths = sorted((ROOT / folder).rglob("*.py"))
    texts = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}
    return [Module(path, text, ast.parse(text, path)) for path, text in texts.items()]
