import math

from kmm.reporting.sections.curves_section import curves_section

ROWS = """epoch,learning_rate,loss,overall_iou,val_loss,val_overall_iou,seconds
0,0.1,2.0,0.1,,0.2,7
1,0.1,1.0,0.2,1.5,0.3,8
"""


def test_curves(referring, change, tmp_path, parse):
    (tmp_path / "history.csv").write_text(ROWS)
    section = curves_section(change(referring, file=lambda name: tmp_path / name))
    assert section.data["history"]["loss"] == [2.0, 1.0] and math.isnan(section.data["history"]["val_loss"][0])
    page = parse("".join(section.blocks))
    assert [tag for tag, _ in page.tags].count("polyline") == 4
    assert "overall IoU, validation" in page.text and "seconds" not in page.text and "learning rate" not in page.text


def test_no_history(referring, change, tmp_path):
    assert curves_section(referring) is None
    (tmp_path / "history.csv").write_text("epoch,loss\n")
    assert curves_section(change(referring, file=lambda name: tmp_path / name)) is None
