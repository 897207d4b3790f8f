import numpy as np
import pytest
from PIL import Image

from kmm.visualization import plot_audit

ROW = {"score": 0.2, "interval": [0.1, 0.3], "true_score": 0.8, "num_samples": 60}
CONDITIONS = {"true": {"score": 0.8, "interval": [0.7, 0.9], "num_samples": 90}, "shuffled": ROW, "blank": ROW}
WORDS = [{"word": f"w{k}", "drop": k / 10, "interval": [0, k / 5], "num_samples": 9 - k} for k in range(4)]
KINDS = [{"kind": "class", "drop": 0.3, "interval": [0.2, 0.4], "num_samples": 5}]
AUDIT = {
    "score_name": "overall_iou",
    "conditions": CONDITIONS,
    "words": WORDS,
    "word_kinds": KINDS,
    "verdicts": {"text": {"sentence": "The model costs 5 $ or 6 $."}},
}


def drawn(tmp_path, audit, **options):
    plot_audit(audit, tmp_path / "audit.png", **options)
    with Image.open(tmp_path / "audit.png") as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def test_what_is_drawn(tmp_path):
    whole = drawn(tmp_path, AUDIT)
    for changed in (
        {"conditions": {**CONDITIONS, "blank": {**ROW, "true_score": 0.7}}},
        {"words": [{**WORDS[0], "drop": -0.2}, *WORDS[1:]]},
    ):
        assert (drawn(tmp_path, {**AUDIT, **changed}) != whole).any(), changed
    assert drawn(tmp_path, AUDIT, title="A title").shape[0] > whole.shape[0]


def test_without_words_there_is_one_panel(tmp_path):
    one = drawn(tmp_path, {**AUDIT, "words": [], "word_kinds": []})
    assert one.shape[1] < 0.6 * drawn(tmp_path, AUDIT).shape[1]
    missing = {"score": None, "interval": None, "true_score": None, "num_samples": 0}
    again = drawn(
        tmp_path, {**AUDIT, "words": [], "word_kinds": [], "conditions": {**CONDITIONS, "sides_swapped": missing}}
    )
    np.testing.assert_array_equal(again, one, err_msg="conditions without a sample are left out")


def test_nothing_to_draw(tmp_path):
    with pytest.raises(ValueError, match=r"a condition with a score. Received: \['true'\]"):
        plot_audit({**AUDIT, "conditions": {"true": {**ROW, "score": None}}}, tmp_path / "audit.png")
