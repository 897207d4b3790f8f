import json

import pytest

from kmm.data import ShapesSource
from kmm.reporting.report_context import ReportContext


def test_what_fails_once_is_not_tried_again():
    context, calls = ReportContext(None, ShapesSource((32, 32)), "val"), []

    def fail():
        calls.append(1)
        raise ValueError("nan in picture 3")

    errors = []
    for _ in range(2):
        with pytest.raises(ValueError, match="nan in picture 3") as error:
            context.remember("scores", fail)
        errors.append(error.value)
    assert len(calls) == 1 and errors[0] is errors[1]
    with pytest.raises(ValueError, match="nan in picture 3"):
        _ = context.scores


def test_what_is_made_once_is_kept():
    context = ReportContext(None, ShapesSource((32, 32)), "val")
    assert context.remember("scores", lambda: [1]) is context.scores


def test_files_of_the_run(tmp_path):
    source = ShapesSource((32, 32))
    (tmp_path / "settings.json").write_text(json.dumps({"epochs": 3}))
    context = ReportContext(None, source, "val", run_folder=str(tmp_path))
    assert context.settings == {"epochs": 3} and context.file("history.csv") is None
    assert context.file("settings.json") == tmp_path / "settings.json"
    assert ReportContext(None, source, "val").settings == {} and not context.reads_words
