import json
import math

import numpy as np

from kmm.reporting.html_elements import paragraph
from kmm.reporting.report_page import ReportPage
from kmm.reporting.section import Section

TITLES = {"scores": "Scores", "audit": "Does it <read>?", "speed": "Speed", "words": "Words"}
NASTY = "<script>alert(1)</script>"


def test_the_page_grows_section_by_section(tmp_path, parse):
    page = ReportPage(tmp_path / "new", NASTY, TITLES)
    page.add("scores", Section({"iou": math.nan, "n": np.int64(3), "kinds": {"a": (0.25, None)}}, [paragraph("Half.")]))
    page.write(f"{NASTY} works.", [("overall <IoU>", "0.5", "[0.4, 0.6]")], {"split": "val"})
    found = json.loads((tmp_path / "new" / "report.json").read_text())
    assert found["state"] == "running" and found["split"] == "val" and found["summary"] == f"{NASTY} works."
    assert found["sections"] == {"scores": {"iou": None, "n": 3, "kinds": {"a": [0.25, None]}}}
    text = parse((tmp_path / "new" / "report.html").read_text()).text
    assert "Half." in text and "Still to come: Does it <read>?, Speed, Words." in text and "overall <IoU>" in text

    page.fail("audit", ValueError(f"bad {NASTY}"))
    page.fail("speed", KeyError())
    page.add("words", None)
    page.write()
    found = json.loads((tmp_path / "new" / "report.json").read_text())
    assert found["state"] == "partial" and found["failures"] == {"audit": f"bad {NASTY}", "speed": "KeyError"}
    text = parse((tmp_path / "new" / "report.html").read_text()).text
    assert "What failed: Does it <read>?, Speed." in text and f"bad {NASTY}" in text and "Still to come" not in text
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["report.html", "report.json"]


def test_a_complete_page(tmp_path, parse):
    page = ReportPage(tmp_path, "streets", {"scores": "Scores"})
    page.add("scores", Section({}, []))
    page.write("All is well.")
    assert json.loads((tmp_path / "report.json").read_text())["state"] == "complete"
    page = parse((tmp_path / "report.html").read_text())
    assert "incomplete" not in page.text
    assert ("a", {"href": "#scores"}) in page.tags
