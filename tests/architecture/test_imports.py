"""Who may import whom: each row of packages imports only rows above it, siblings never import each other."""

import ast
import subprocess
import sys

ROWS = (
    ("utils", "feature_keys", "version"),
    ("layers", "losses", "metrics", "preprocessing"),
    ("encoders", "fusion", "decoders", "heads"),
    ("models",),
    ("data", "export", "visualization"),
    ("evaluation", "serving"),
    ("training",),
    ("reporting",),
    ("cli",),
)
ASIDE = ("testing",)
"""Packages for the user's tests: they may import everything, and nothing imports them."""

TENSORFLOW_PACKAGES = ("preprocessing", "data", "training", "evaluation", "export", "serving", "testing", "cli")
TENSORFLOW_FILES = {
    "kmm/layers/fused_batch_normalization.py": "the fused kernel has no keras.ops name; other backends fall back",
    "kmm/layers/saved_model_function.py": "a SavedModel is TensorFlow's own",
    "kmm/layers/split_words.py": "strings have no keras.ops",
}


def imported_names(module):
    """Full names of all that the module imports, at its top or inside functions: `kmm.layers.x`, `numpy`, ..."""
    names = []
    for node in module.nodes(ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        else:
            base = node.module or ""
            if node.level:
                parents = module.name.split(".")[: None if module.is_package else -1]
                base = ".".join(parents[: len(parents) - node.level + 1] + ([base] if base else []))
            names += [f"{base}.{alias.name}" for alias in node.names]
    return names


def row_of(package):
    return next((row for row, packages in enumerate(ROWS) if package in packages), None)


def test_each_row_imports_only_rows_above(library):
    violations = []
    for module in library:
        package = module.name.split(".")[1] if "." in module.name else None
        if package is None or package in ASIDE:
            continue
        if row_of(package) is None:
            violations.append(f"{module.path}: give {package!r} a row in ROWS")
            continue
        for name in imported_names(module):
            if name.split(".")[0] != "kmm":
                continue
            target = (name.split(".") + [""])[1]
            if target != package and (row_of(target) is None or row_of(target) >= row_of(package)):
                violations.append(f"{module.path} imports {name}")
    assert not violations, "\n".join(violations)


def test_a_client_knows_nothing_of_the_server(library):
    parts = ("client", "server", "deployment", "load")
    allowed = {"client": {"client"}, "server": {"server"}, "deployment": {"deployment"}, "load": {"load", "client"}}
    for module in library:
        part = module.name.split(".")[2] if module.name.startswith("kmm.serving.") else None
        for name in imported_names(module) if part in parts else ():
            other = [*name.split("."), "", ""][2] if name.startswith("kmm.serving.") else None
            assert other not in parts or other in allowed[part], f"{module.path} imports {name}"


def test_tensorflow_is_imported_only_where_allowed(library):
    violations = [
        module.path
        for module in library
        if any(name.split(".")[0] == "tensorflow" for name in imported_names(module))
        and module.path.split("/")[1] not in TENSORFLOW_PACKAGES
        and module.path not in TENSORFLOW_FILES
    ]
    assert not violations, f"use keras.ops, not tensorflow, in: {violations}"


def test_data_pipelines_import_only_the_schema_of_kmm(shipped):
    violations = [
        f"{module.path} imports {name}"
        for module in shipped
        if module.path.startswith("data_pipelines/")
        for name in imported_names(module)
        if name.split(".")[0] == "kmm" and not name.startswith(("kmm.data.record.", "kmm.preprocessing."))
    ]
    assert not violations, "\n".join(violations)


def test_help_of_the_command_line_imports_nothing_heavy(root):
    program = (
        "import sys; sys.argv = ['kmm', '--help']\n"
        "from kmm.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    status = stop.code or 0\nelse:\n    status = 0\n"
        "heavy = [name for name in ('tensorflow', 'keras', 'matplotlib', 'PIL') if name in sys.modules]\n"
        "sys.exit(f'imported: {heavy}' if heavy else status)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "usage: kmm" in done.stdout


def test_importing_kmm_prints_nothing(root):
    done = subprocess.run([sys.executable, "-c", "import kmm"], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
