from kmm.cli.row_table import row_table

ROW = {"name": "fog 5", "score_name": "mean_iou", "score": 0.25, "interval": None, "num_samples": 6}


def test_groups_and_drops():
    rows = [{**ROW, "group": "held_out"}, {**ROW, "group": "corruptions", "relative_drop": 0.505}]
    heading, *lines = row_table(rows).splitlines()
    assert heading.split() == ["score", "95", "%", "interval", "samples", "drop"]
    assert [lines[0], lines[2]] == ["held out", "corruptions"]
    assert lines[3].split() == ["fog", "5", "mean", "IoU", "0.250", "6", "50.5", "%"] and "%" not in lines[1]
    assert len(lines[3]) == len(heading)


def test_long_names_keep_the_columns():
    rows = [{**ROW, "group": "segmentation", "score_name": name} for name in ("mean_iou", "frequency_weighted_iou")]
    heading, _, *lines = row_table(rows).splitlines()
    assert len({len(line) for line in lines}) == 1 and len(lines[0]) == len(heading)
