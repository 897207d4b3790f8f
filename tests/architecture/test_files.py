"""How files are named, sized and placed."""

import ast
import json
import re

TOO_LONG_FOR_A_REASON = {}
"""Path of a shipped file beyond 300 lines: why it is better whole."""

TESTED_ELSEWHERE = {
    "kmm/fusion/sentence_fusion.py": "the tests of the fusions that derive from it",
    "kmm/encoders/gru_text_encoder.py": "tests/encoders/test_recurrent_text_encoder.py",
    "kmm/encoders/lstm_text_encoder.py": "tests/encoders/test_recurrent_text_encoder.py",
    "kmm/evaluation/difference.py": "a record; tests/evaluation/test_bootstrap.py",
    "kmm/evaluation/divide.py": "its doctest, and every score that may be of nothing",
    "kmm/feature_keys.py": "names only; every test uses them",
    "kmm/visualization/grey_picture.py": "its doctest; tests/visualization/test_plot_gallery.py",
    "kmm/visualization/read_history.py": "tests/visualization/test_plot_curves.py, from a CSV file",
    "kmm/serving/client/answer.py": "a record; tests/serving/client/test_read_masks.py",
    "kmm/serving/client/async_grpc_transport.py": "tests/serving/client/test_grpc_transport.py, as the blocking one",
    "kmm/serving/client/client_base.py": "tests/serving/client/test_client.py and test_async_client.py",
    "kmm/serving/client/encoded_picture.py": "a record; tests/serving/client/test_request_plans.py",
    "kmm/serving/client/model_plans.py": "tests/serving/client/test_request_plans.py, of the class derived from it",
    "kmm/serving/client/request_step.py": "a record; tests/serving/client/test_request_plans.py",
    "kmm/export/batching_parameters.py": "tests/serving/deployment/test_server_configs.py",
    "kmm/export/check_saved_model.py": "tests/export/test_verify_export.py, which runs it as the program that it is",
    "kmm/export/draw_answers.py": "tests/export/test_export_saved_model.py",
    "kmm/export/export_onnx.py": "tests/export/test_single_files.py and test_every_format.py",
    "kmm/export/export_openvino.py": "tests/export/test_single_files.py and test_every_format.py",
    "kmm/export/model_facts.py": "tests/export/test_export_saved_model.py, test_endpoints.py and test_model_card.py",
    "kmm/export/model_parts.py": "tests/export/test_endpoints.py",
    "kmm/export/sample_requests.py": "tests/export/test_verify_export.py",
    "kmm/export/statuses.py": "tests/export/test_read_pictures.py",
    "kmm/export/text_operations.py": "tests/export/test_verify_export.py",
    "kmm/export/try_decode.py": "tests/export/test_read_pictures.py",
    "kmm/export/warm_up.py": "tests/export/test_verify_export.py",
    "kmm/version.py": "read by setup.cfg",
    "kmm/visualization/finish_figure.py": "the tests of the plots that it finishes",
    "kmm/losses/binary_loss.py": "tests/losses/test_every_loss.py",
    "kmm/losses/categorical_loss.py": "tests/losses/test_every_loss.py",
    "kmm/losses/check_argument.py": "the tests of the losses whose arguments it refuses",
    "kmm/losses/pixel_mean.py": "the formulas in the tests of every loss",
    "kmm/data/example.py": "a record and a protocol; the tests of every source use them",
    "kmm/reporting/page_style.py": "a style sheet; tests/reporting/test_make_report.py draws it in a browser",
    "kmm/reporting/section.py": "a record; the tests of every section use it",
    "kmm/testing/component_case.py": "tests/testing/test_checks.py",
    "kmm/testing/config_checks.py": "tests/testing/test_checks.py",
    "kmm/testing/sample_checks.py": "tests/testing/test_checks.py",
    "kmm/testing/saving_checks.py": "tests/testing/test_checks.py",
    "kmm/testing/shape_checks.py": "tests/testing/test_checks.py",
    "kmm/testing/weight_checks.py": "tests/testing/test_checks.py",
}
"""Path of a module without a test file of its own: what tests it."""

TOP_LEVEL_FOLDERS = {"kmm", "tests", "notebooks", "data_pipelines"}
BUILD_OUTPUTS = re.compile(r"build|dist|runs|__pycache__|.*\.egg-info")
SEVERAL_CLASSES_ALLOWED = {"kmm/data/example.py": "the record and the protocol that gives it"}


def snake_case(name):
    """`overall_iou` for `OverallIoU`, `fcn_decoder` for `FCNDecoder`."""
    plain = name.replace("IoU", "Iou").replace("FiLM", "Film")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", plain).lower()


def test_files_have_at_most_300_lines(shipped):
    long_files = {module.path: module.text.count("\n") for module in shipped if module.text.count("\n") > 300}
    assert set(long_files) == set(TOO_LONG_FOR_A_REASON), long_files


def test_a_file_is_named_after_its_one_public_class(library):
    violations = []
    for module in library:
        classes, stem = module.public(ast.ClassDef), module.name.split(".")[-1]
        if module.path in SEVERAL_CLASSES_ALLOWED or module.is_package or not classes:
            continue
        if [snake_case(name) for name in classes] != [stem]:
            violations.append(f"{module.path}: {classes}")
    assert not violations, "\n".join(violations)


def test_packages_define_nothing_themselves(library):
    violations = [m.path for m in library if m.is_package and m.path != "kmm/__init__.py" and m.public(ast.ClassDef)]
    assert not violations, "\n".join(violations)


def test_every_module_starts_with_a_docstring(shipped):
    violations = [module.path for module in shipped if not ast.get_docstring(module.tree)]
    assert not violations, "\n".join(violations)


def test_every_folder_with_modules_is_a_package(shipped):
    packages = {module.path.rpartition("/")[0] for module in shipped if module.is_package}
    folders = {module.path.rpartition("/")[0] for module in shipped}
    assert not folders - packages, f"without __init__.py, so missing in the wheel: {sorted(folders - packages)}"


def test_every_module_has_a_test_file(library, root):
    missing = []
    for module in library:
        *folders, stem = module.path.removeprefix("kmm/").removesuffix(".py").split("/")
        test_file = root.joinpath("tests", *folders, f"test_{stem}.py")
        if not module.is_package and module.path not in TESTED_ELSEWHERE and not test_file.exists():
            missing.append(test_file.relative_to(root).as_posix())
    assert not missing, "\n".join(missing)


def test_lists_of_exceptions_name_existing_files(root):
    listed = [*TOO_LONG_FOR_A_REASON, *TESTED_ELSEWHERE, *SEVERAL_CLASSES_ALLOWED]
    assert not [path for path in listed if not (root / path).exists()]


def test_top_level_folders_are_fixed(root):
    folders = {path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")}
    extra = {name for name in folders - TOP_LEVEL_FOLDERS if not BUILD_OUTPUTS.fullmatch(name)}
    assert not extra, f"no other folder at the top: {sorted(extra)}"


def test_notebooks_hold_no_outputs(root):
    violations = []
    for path in sorted((root / "notebooks").glob("**/*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        if any(cell.get("outputs") or cell.get("execution_count") for cell in cells):
            violations.append(path.name)
    assert not violations, f"clear the outputs of: {violations}"
