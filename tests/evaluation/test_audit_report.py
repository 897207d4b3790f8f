import pytest

from kmm.evaluation.audit_report import audit_table, side_verdict, text_verdict

TRUE = {"score": 0.6, "interval": [0.5, 0.7], "num_samples": 90, "num_pictures": 30}


def row(gap, low, high, num_pictures=30, true_score=0.6):
    interval = None if low is None else [low, high]
    row = {"true_score": true_score, "score": true_score - gap, "gap": gap, "gap_interval": interval}
    return {**row, "interval": [0.1, 0.2], "num_samples": 3 * num_pictures, "num_pictures": num_pictures}


@pytest.mark.parametrize(
    ("shuffled", "answer", "part"),
    [
        (row(0.3, 0.2, 0.4), "yes", "uses its text: overall IoU 0.60 with, 0.30 with the words of other pictures (gap"),
        (row(0.02, 0.001, 0.04), "yes", "(gap 0.02 [0.00, 0.04])"),
        (row(0.01, 0.0, 0.019), "no", "does not use its text: overall IoU 0.60 with, 0.59 with the words of"),
        (row(-0.1, -0.2, -0.05), "no", "0.60 with, 0.70"),
        (row(0.03, -0.01, 0.07), "unclear", "gap 0.03 [-0.01, 0.07] over 30 pictures. Audit more pictures."),
        (row(0.015, 0.005, 0.03), "unclear", "not clear whether the model uses its text"),
        (row(0.5, 0.4, 0.6, num_pictures=7), "unclear", "too few pictures"),
    ],
)
def test_text(shuffled, answer, part):
    verdict = text_verdict({"true": TRUE, "shuffled": shuffled, "blank": row(0, None, None)}, "overall_iou")
    assert verdict["answer"] == answer and part in verdict["sentence"]


def test_text_that_is_missed_but_not_read():
    """Neighbouring pictures may have nearly the same words, which is no proof that words do nothing."""
    conditions = {"true": TRUE, "shuffled": row(0, -0.01, 0.01), "blank": row(0.04, 0.03, 0.05)}
    verdict = text_verdict(conditions, "mean_iou")
    assert verdict["answer"] == "no" and "Without words it falls to 0.56: any words will do, or" in verdict["sentence"]
    for blank in (row(0.01, 0.005, 0.015), row(0.04, -0.01, 0.09), row(0.04, 0.03, 0.05, num_pictures=3)):
        assert "Without" not in text_verdict({**conditions, "blank": blank}, "mean_iou")["sentence"]


def test_text_without_other_words():
    conditions = {"true": TRUE, "shuffled": row(0, None, None, 0), "blank": row(0.3, 0.2, 0.4)}
    assert "mean IoU 0.60 with, 0.30 with no words" in text_verdict(conditions, "mean_iou")["sentence"]
    assert text_verdict({"true": TRUE}, "mean_iou")["answer"] == "no words"


@pytest.mark.parametrize(
    ("swapped", "answer", "part"),
    [
        (row(0.5, 0.4, 0.6), "yes", "tells left from right: 0.60 with the true side, 0.10 with the sides swapped"),
        (row(-0.2, -0.3, -0.1), "wrong way round", "the wrong way round: 0.60 with"),
        (row(0.01, -0.02, 0.04), "no", "does not tell left from right: 0.60 with the true side, 0.59"),
        (row(0.04, 0.02, 0.08), "unclear", "not clear whether the model tells left from right"),
        (row(0, None, None, 0), "unclear", "no prompt says left or right"),
        (row(0.5, 0.4, 0.6, num_pictures=3), "unclear", "prompts of 3 pictures say left or right"),
    ],
)
def test_sides(swapped, answer, part):
    verdict = side_verdict({"true": TRUE, "sides_swapped": swapped}, "referring")
    assert verdict["answer"] == answer and part in verdict["sentence"]


def test_sides_of_descriptions():
    conditions = {"true": TRUE, "sides_swapped": row(0.03, 0.02, 0.04)}
    assert side_verdict(conditions, "semantic")["answer"] == "yes"
    assert side_verdict({"true": TRUE}, "semantic")["answer"] == "no words"


def test_table():
    words = [{"word": "cup", "kind": "class", "drop": 0.25, "interval": None, "num_samples": 3}]
    table = audit_table(
        {
            "score_name": "overall_iou",
            "conditions": {"true": TRUE, "blank": row(-0.001, -0.002, 0.0)},
            "words": words,
            "word_kinds": [{**words[0], "interval": [0.2, 0.3]}],
            "verdicts": {"text": {"sentence": "It reads."}, "sides": {"sentence": "It tells."}},
        }
    )
    lines = table.splitlines()
    assert lines[0].split() == ["overall", "IoU", "interval", "true", "words", "lost", "samples"]
    assert lines[1].split() == ["true", "prompts", "0.600", "0.500", "to", "0.700", "90"]
    assert lines[2].split()[-4:] == ["0.00", "[0.00,", "0.00]", "90"]
    assert "  class" in table and "0.25 [0.20, 0.30]" in table and "0.25 [-]" in table
    assert lines[-1] == "It reads. It tells." and len(set(map(len, lines[:3]))) == 1
