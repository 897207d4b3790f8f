import argparse
import json

import pytest

from kmm.cli.evaluate import add_command
from kmm.cli.main import main
from kmm.cli.protocol_arguments import CORRUPTION_STRENGTHS, TASKS, _named, asks_for_protocol
from kmm.evaluation.corruptions import STRENGTHS
from kmm.evaluation.evaluate_tasks import TASKS as TASKS_OF_LIBRARY


@pytest.mark.slow
def test_a_protocol_and_tasks(model_files, streets, tmp_path, capsys):
    output = tmp_path / "new" / "table.json"
    words = ["evaluate", "--model", model_files["semantic"], "--data", streets, "--split", "val", "--protocol", "kind"]
    words += ["modalities", "corruptions", "--strengths", "2", "--held-out", "car", "--also-data", streets]
    assert main([*words, "--tasks", "segmentation", "--output", str(output)]) == 0
    rows = json.loads(output.read_text())
    groups = list(dict.fromkeys(row["group"] for row in rows))
    assert groups == [
        "all",
        "kind",
        "held_out",
        "other data",
        "corruptions",
        "modalities",
        "what each adds",
        "segmentation",
    ]
    modalities = [row["name"] for row in rows if row["group"] == "modalities"]
    assert modalities == ["image + text", "image", "text", "none"]
    assert [row["name"] for row in rows if row["group"] == "other data"] == ["streets, val"]
    text = capsys.readouterr().out
    assert all(row["name"] in text for row in rows) and f"written: {output}" in text
    assert output.with_suffix(".png").stat().st_size > 5000


def test_plain_scores_without_them():
    def parse(*words):
        parser = argparse.ArgumentParser()
        add_command(parser.add_subparsers())
        return parser.parse_args(["evaluate", "--model", "m", "--data", "d", *words])

    assert not asks_for_protocol(parse())
    for words in (["--tasks", "all"], ["--protocol", "size"], ["--also-data", "d"], ["--held-out", "bus"]):
        assert asks_for_protocol(parse(*words))


def test_the_lists_are_those_of_the_library():
    assert TASKS == TASKS_OF_LIBRARY and CORRUPTION_STRENGTHS == STRENGTHS


@pytest.mark.parametrize(("splits", "split"), [(("val", "dev"), "val"), (("a", "b"), "b"), (("test", "dev"), "dev")])
def test_the_split_of_other_data(splits, split):
    source = argparse.Namespace(splits=splits)
    assert _named(["folder/more"], [source], "dev" if "test" in splits else "test") == {
        f"more, {split}": (source, split)
    }


def test_errors(model_files, streets, fails):
    words = [
        "evaluate",
        "--model",
        model_files["referring"],
        "--data",
        streets,
        "--task",
        "referring",
        "--split",
        "val",
    ]
    assert "--protocol held-out without --held-out" in fails(*words, "--protocol", "held-out")
    assert "found at the model's size" in fails(*words, "--tasks", "all", "--own-resolution")
    assert "compared by all their scores" in fails(*words, "--tasks", "all", "--against", model_files["referring"])
    nowhere = ["evaluate", "--model", "nowhere.keras", "--data", streets]
    assert "compared by all" in fails(*nowhere, "--protocol", "size", "--against", "x"), "before anything is loaded"
