"""What library code never does, and what every serializable class must do."""

import ast
import importlib
import inspect
import subprocess
import sys

import keras

from kmm import decoders, fusion

CONTRACTS = (decoders.Decoder, fusion.Fusion)
"""Bases of components, never made themselves, so never in a file."""

PICKLING = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal"}


def test_no_assert_statements(shipped):
    violations = [f"{module.path}:{node.lineno}" for module in shipped for node in module.nodes(ast.Assert)]
    assert not violations, f"raise ValueError or TypeError instead: {violations}"


def test_nothing_is_unpickled(library):
    violations = []
    for module in library:
        for node in module.nodes(ast.Import, ast.ImportFrom, ast.keyword):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                names = [node.module if isinstance(node, ast.ImportFrom) else node.arg]
            if any(name and (name.split(".")[0] in PICKLING or name == "allow_pickle") for name in names):
                violations.append(f"{module.path}: {ast.unparse(node)}")
    assert not violations, f"pickles run code when read: {violations}"


def test_every_raise_says_what_is_wrong(library):
    violations = [
        f"{module.path}:{node.lineno}"
        for module in library
        for node in module.nodes(ast.Raise)
        if (isinstance(node.exc, ast.Name) and node.exc.id.endswith("Error"))
        or (isinstance(node.exc, ast.Call) and not node.exc.args)
    ]
    assert not violations, f"exceptions with no text: {violations}"


def test_serializable_classes_are_registered_as_kmm(library):
    violations = []
    for package in [importlib.import_module(module.name) for module in library if module.is_package]:
        for name in getattr(package, "__all__", ()):
            cls = getattr(package, name)
            if not inspect.isclass(cls) or not hasattr(cls, "get_config") or cls in CONTRACTS:
                continue
            registered = keras.saving.get_registered_name(cls)
            if registered != f"kmm>{name}":
                violations.append(f"{package.__name__}.{name} is registered as {registered!r}")
    assert not violations, "\n".join(violations)


def test_after_import_kmm_every_registered_class_can_be_loaded(library, root):
    """In a fresh process: a file with `kmm>Name` must load after `import kmm` alone, without `custom_objects`."""
    names = [f"kmm>{node.name}" for module in library for node in module.nodes(ast.ClassDef) if _is_registered(node)]
    program = (
        f"import kmm, keras\nmissing = [n for n in {names} if keras.saving.get_registered_object(n) is None]\n"
        "raise SystemExit(f'not registered by import kmm: {missing}' if missing else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _is_registered(node):
    return any("register_keras_serializable" in ast.unparse(decorator) for decorator in node.decorator_list)
