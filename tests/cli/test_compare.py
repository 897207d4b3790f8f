import pathlib

import pytest

from kmm import data, training
from kmm.cli.compare import AXES
from kmm.cli.main import main
from kmm.training import variants


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """Keeps what `compare` is asked to do, in place of doing it."""
    calls = []

    def compare(**arguments):
        calls.append(arguments)
        arguments["report"]("1/3 A, seed 0: 0.5")
        arguments["output"].mkdir(parents=True, exist_ok=True)
        (arguments["output"] / "comparison.md").write_text("| A | 0.5 ± 0.1 |\n", encoding="utf-8")

    monkeypatch.setattr(training, "compare", compare)
    monkeypatch.chdir(tmp_path)
    return calls


def test_without_options(calls, capsys):
    assert main(["compare", "--over", "fusion"]) == 0
    arguments = calls[0]
    assert isinstance(arguments["source"], data.ShapesSource) and arguments["preset"] == "shapes"
    assert arguments["output"] == pathlib.Path("runs/compare-shapes-fusion") and arguments["variants"] is None
    assert (arguments["seeds"], arguments["steps"], arguments["limit"]) == (3, 1500, None)
    assert (arguments["resume"], arguments["measure"], arguments["parts"]) == (False, True, {})
    text = capsys.readouterr().out
    assert "1/3 A, seed 0" in text and "| A | 0.5 ± 0.1 |" in text and "  comparison.md\n" in text


def test_every_option_arrives(calls, streets, tmp_path):
    words = f"compare --over level --data {streets} --classes {streets}/classes.json --task referring --seeds 2"
    words += f" --output {tmp_path}/out --steps 9 --batch-size 3 --image-size 32 64 --learning-rate 0.5 --limit 5"
    words += " --precision float32 --variants P2 P3 --preset film_fpn --resume --no-speed --decoder FCNDecoder"
    words += " --class-weights inverse --loss"
    assert main([*words.split(), '["BinaryFocal", {"gamma": 1.0}]']) == 0
    arguments = calls[0]
    source = arguments.pop("source")
    assert (source.name, source.task) == ("streets", "referring") and callable(arguments.pop("report"))
    assert arguments == {
        "output": tmp_path / "out",
        "over": "level",
        "variants": ["P2", "P3"],
        "preset": "film_fpn",
        "seeds": 2,
        "steps": 9,
        "batch_size": 3,
        "image_size": (32, 64),
        "learning_rate": 0.5,
        "precision": "float32",
        "parts": {"decoder": "FCNDecoder"},
        "loss": ["BinaryFocal", {"gamma": 1.0}],
        "class_weights": "inverse",
        "limit": 5,
        "resume": True,
        "measure": False,
    }


def test_variants_with_arguments(calls, fails):
    part = ["BilinearFusion", {"rank": 8}]
    assert (
        main(["compare", "--over", "fusion", "--variants", "ConcatFusion", 'r8=["BilinearFusion", {"rank": 8}]']) == 0
    )
    assert calls[0]["variants"] == {"ConcatFusion": "ConcatFusion", "r8": part}
    message = fails("compare", "--over", "fusion", "--variants", 'r8=["BilinearFusion", {rank: 8}]')
    assert "in JSON. Received: [" in message and "Quote it for the shell" in message


def test_axes_are_those_of_the_library():
    assert AXES == variants.AXES
