import json
import os

import keras
import numpy as np
import pytest

from kmm.export.export_file import export_file
from kmm.preprocessing import RawPrompts

FUNCTIONS = {}


def convert(function, path):
    """A format of the tests' own: a number, under which the function is kept."""
    FUNCTIONS[len(FUNCTIONS)] = function
    path.write_text(str(len(FUNCTIONS) - 1))
    (path.parent / "weights.bin").write_text("part of it")


def open_file(path):
    function = FUNCTIONS[int(path.read_text())]
    return lambda inputs: {name: value.numpy() for name, value in function(inputs).items()}


def open_wrong(path):
    run = open_file(path)
    return lambda inputs: {name: -value for name, value in run(inputs).items()}


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_file_and_what_belongs_to_it(make_model, tmp_path):
    model = make_model(3)
    names = ("road", "car", "sky")
    path = export_file(model, tmp_path / "new" / "model.x", ".x", convert, open_file, class_names=names)
    assert path == tmp_path / "new" / "model.x" and files(path.parent) == [
        "model.x",
        "model.x.json",
        "weights.bin",
    ]
    about = json.loads((tmp_path / "new" / "model.x.json").read_text())
    assert about["class_names"] == list(names) and about["num_classes"] == 3 and about["threshold"] is None
    assert about["image_size"] == [16, 24] and about["compared_with_keras"]["equal_pixels"] == 1.0
    assert about["inputs"]["padding_mask"] == ["uint8", [None, 4]]
    revived = keras.saving.get_registered_object(f"kmm>{about['tokenizer']['class_name']}")
    assert revived(**about["tokenizer"]["config"]).vocabulary == model.prompt_tokenizer.vocabulary


def test_the_file_appears_last_and_whole(make_model, tmp_path, monkeypatch):
    moved, replace = [], os.replace
    monkeypatch.setattr(os, "replace", lambda old, new: (moved.append(os.path.basename(new)), replace(old, new)))
    export_file(make_model(1, with_words=False), tmp_path / "model.x", ".x", convert, open_file)
    assert moved[-1] == "model.x" and sorted(moved) == files(tmp_path)


def test_a_wrong_answer_is_not_kept(make_model, tmp_path):
    with pytest.raises(RuntimeError, match="so it was removed. Received: a share of equal pixels of 0.[0-8]"):
        export_file(make_model(1), tmp_path / "model.x", ".x", convert, open_wrong)
    assert files(tmp_path) == []


def test_a_lower_bar_is_the_users_choice(make_model, tmp_path):
    model = make_model(1)
    path = export_file(
        model, tmp_path / "model.x", ".x", convert, open_wrong, min_equal=0.0, max_difference=None, details={"a": 1}
    )
    assert json.loads((tmp_path / "model.x.json").read_text())["a"] == 1 and path.exists()


def test_a_converter_that_fails_names_the_parts(make_model, tmp_path):
    def fail(function, path):
        path.write_text("half")
        raise OSError("no kernel for Erfc")

    with pytest.raises(ValueError, match=r"cannot be written as a .x file.*Functional.*OSError: no kernel for Erfc"):
        export_file(make_model(1), tmp_path / "model.x", ".x", fail, open_file)
    assert files(tmp_path) == []


def test_samples_of_the_user_are_asked(make_model, tmp_path):
    seen = []

    def open_and_watch(path):
        run = open_file(path)
        return lambda inputs: (seen.append(inputs["images"]), run(inputs))[1]

    images = np.full((2, 16, 24, 3), 7.0)
    model = make_model(1, with_words=False)
    export_file(model, tmp_path / "model.x", ".x", convert, open_and_watch, samples={"images": images})
    assert [value.shape[0] for value in seen] == [2, 1] and all(np.all(value == 7.0) for value in seen)


def test_nothing_is_replaced(make_model, tmp_path):
    (tmp_path / "model.x.json").write_text("mine")
    with pytest.raises(FileExistsError, match="never replaces a file.*model.x.json.*Choose another name"):
        export_file(make_model(1), tmp_path / "model.x", ".x", convert, open_file)
    assert files(tmp_path) == ["model.x.json"]
    with pytest.raises(FileExistsError, match="never replaces a file.*weights.bin"):
        (tmp_path / "weights.bin").write_text("mine")
        export_file(make_model(1), tmp_path / "other.x", ".x", convert, open_file)
    assert files(tmp_path) == ["model.x.json", "weights.bin"]


def test_errors(make_model, tmp_path):
    model = make_model(3)
    with pytest.raises(ValueError, match=r"must end in '.x'. Received: path='.*model.y'"):
        export_file(model, tmp_path / "model.y", ".x", convert, open_file)
    with pytest.raises(ValueError, match="each of the 3 classes. Received: 2 names"):
        export_file(model, tmp_path / "model.x", ".x", convert, open_file, class_names=("a", "b"))
    images = keras.Input((16, 16, 3), name="images")
    flat = keras.Model({"images": images}, keras.layers.Flatten()(images))
    with pytest.raises(ValueError, match=r"shape \(batch, height, width, classes\). Received: \(None, 768\)"):
        export_file(flat, tmp_path / "model.x", ".x", convert, open_file)
    assert files(tmp_path) == []


def test_models_of_strings_are_refused(tmp_path):
    images = keras.Input((16, 16, 3), name="images")
    prompts = keras.Input((), dtype="string", name="prompts")
    model = keras.Model({"images": images, "prompts": prompts}, images)
    with pytest.raises(ValueError, match="reads the prompts themselves. Train it with kmm.encoders.LSTMTextEncoder"):
        export_file(model, tmp_path / "model.x", ".x", convert, open_file, tokenizer=RawPrompts())


def test_mixed_precision_is_written_in_float32(make_model, tmp_path):
    dtypes = set()

    def look(function, path):
        graph = function.get_concrete_function().graph
        dtypes.update(tensor.dtype.name for operation in graph.get_operations() for tensor in operation.outputs)
        convert(function, path)

    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = make_model(1, with_words=False)
    finally:
        keras.config.set_dtype_policy("float32")
    export_file(model, tmp_path / "model.x", ".x", look, open_file)
    assert "float32" in dtypes and "bfloat16" not in dtypes
