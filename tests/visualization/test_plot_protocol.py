import numpy as np
import pytest
from PIL import Image

from kmm.visualization import plot_protocol

ROW = {
    "group": "all", "name": "shapes, test", "score_name": "overall_iou", "score": 0.5, "interval": [0.4, 0.6],
    "num_samples": 24,
}  # fmt: skip
GROUPS = [ROW, {**ROW, "group": "size", "name": "small", "score": 0.3, "interval": [0.2, 0.35]}]
CURVES = [
    {
        **ROW,
        "group": "corruptions",
        "name": f"{name} {strength}",
        "corruption": name,
        "strength": strength,
        "score": 0.4,
    }
    for name in ("noise", "fog")
    for strength in (1, 5)
]


def drawn(tmp_path, rows, **options):
    plot_protocol(rows, tmp_path / "protocol.png", **options)
    with Image.open(tmp_path / "protocol.png") as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def test_what_is_drawn(tmp_path):
    whole = drawn(tmp_path, [*GROUPS, *CURVES])
    assert whole.shape[1] > drawn(tmp_path, GROUPS).shape[1], "curves stand in a second panel"
    for key, value in {"interval": [0.1, 0.35], "name": "large", "score_name": "mean_iou"}.items():
        assert (drawn(tmp_path, [ROW, {**GROUPS[1], key: value}, *CURVES]) != whole).any(), key
    assert (drawn(tmp_path, [*GROUPS, *CURVES[:-1], {**CURVES[-1], "score": 0.1}]) != whole).any()


def test_rows_that_were_not_scored(tmp_path):
    unknown = {**ROW, "group": "kind", "name": "absent", "score": None, "interval": None}
    np.testing.assert_array_equal(drawn(tmp_path, [*GROUPS, unknown]), drawn(tmp_path, GROUPS))
    assert drawn(tmp_path, [{**ROW, "group": "boxes", "interval": None}]).shape[0] > 100, "no whole, no interval"
    with pytest.raises(ValueError, match="at least one row with a score. Received: 1 rows"):
        plot_protocol([unknown], tmp_path / "protocol.png")


def test_what_a_modality_takes_away_is_drawn(tmp_path):
    """Scores below 0 would lie left of an axis that begins there."""
    rows = [ROW, {**ROW, "group": "what each adds", "name": "text", "score": -0.2, "interval": [-0.3, -0.1]}]
    without_interval = [ROW, {**rows[1], "interval": None}]
    assert (drawn(tmp_path, rows) != drawn(tmp_path, without_interval)).any(), "the interval is to be seen"
