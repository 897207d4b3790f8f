import importlib
import json
import pathlib
import shutil

import pytest

from kmm import reporting
from kmm.cli.main import main


@pytest.fixture
def run(model_files, tmp_path):
    """The folder of a run."""
    folder = tmp_path / "run"
    folder.mkdir()
    shutil.copy(model_files["semantic"], folder / "model.keras")
    return folder


@pytest.fixture
def asked(monkeypatch):
    """What `make_report` is asked for; it writes an empty page."""
    calls = []

    def make_report(model, source, split, output, *others):
        calls.append((model.num_classes, source.name, source.task, split, pathlib.Path(output), *others))
        output.mkdir(exist_ok=True)
        (output / "report.html").write_text("")

    monkeypatch.setattr(reporting, "make_report", make_report)
    return calls


def test_the_data_of_the_run_or_other_ones(run, asked, streets, tmp_path, capsys):
    recorded = {"data": streets, "task": "semantic", "classes": None}
    (run / "settings.json").write_text(json.dumps({"source": recorded}))
    assert main(["report", str(run)]) == 0
    assert f"written: {run / 'report' / 'report.html'}" in capsys.readouterr().out
    moved = shutil.move(streets, tmp_path / "moved")
    words = ["report", str(run), "--data", str(moved), "--split", "train", "--output", str(tmp_path / "out")]
    assert main([*words, "--limit", "3", "--batch-size", "2"]) == 0
    assert asked == [
        (2, "streets", "semantic", "val", run / "report", run, None, 16),
        (2, "moved", "semantic", "train", tmp_path / "out", run, 3, 2),
    ]


def test_errors(run, streets, tmp_path, fails):
    assert "must hold model.keras. Received: " in fails("report", tmp_path / "nowhere")
    assert "none is recorded in " in fails("report", run)
    (run / "settings.json").write_text("{}")
    assert "Give --data" in fails("report", run)
    (run / "settings.json").write_text(json.dumps({"source": {"data": str(tmp_path / "gone")}}))
    assert "gone" in fails("report", run)
    assert "split='trial'" in fails("report", run, "--data", streets, "--split", "trial")
    assert "must not be a file" in fails("report", run, "--data", streets, "--output", run / "model.keras")


def test_an_earlier_report_is_not_called_written(run, streets, capsys):
    (run / "report").mkdir()
    (run / "report" / "report.html").write_text("an earlier one")
    assert main(["report", str(run), "--data", streets, "--split", "trial"]) == 2
    assert "written" not in capsys.readouterr().out


def test_a_section_that_fails(run, streets, monkeypatch, fails, capsys):
    """The page is kept, and the exit code is 2."""

    def broken(context):
        raise ValueError("nan for picture 1")

    module = importlib.import_module("kmm.reporting.make_report")
    monkeypatch.setattr(module, "SECTIONS", {"scores": ("Scores", broken)})
    assert fails("report", run, "--data", streets) == "nan for picture 1"
    assert "nan for picture 1" in (run / "report" / "report.html").read_text()
