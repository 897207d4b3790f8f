import pytest

from kmm.reporting.sections import audit_section as module

ROW = {"score": 0.2, "interval": [0.1, 0.3], "num_samples": 40}
GAP = {"true_score": 0.61, "gap": 0.41, "gap_interval": [0.3, 0.5], "p_value": 0.001}
AUDIT = {
    "score_name": "overall_iou",
    "conditions": {"true": {**ROW, "score": 0.61}, "shuffled": {**ROW, **GAP}, "blank": {**ROW, "interval": None}},
    "verdicts": {
        "text": {"answer": "yes", "sentence": "The model uses its <text>."},
        "sides": {"answer": "no", "sentence": "The model does not tell left from right."},
    },
    "words": [{"word": "<left>", "kind": "position", "drop": 0.31, "interval": [0.2, 0.44], "num_samples": 9}],
    "word_kinds": [{"kind": "position", "drop": None, "interval": None, "num_samples": 9}],
}


@pytest.fixture
def audited(monkeypatch):
    """Sets what the audit finds."""
    return lambda audit: monkeypatch.setattr(module, "audit_language", lambda *args, **options: audit)


def test_verdicts_conditions_and_words(referring, audited, parse):
    audited(AUDIT)
    section = module.audit_section(referring)
    page = parse("".join(section.blocks))
    assert section.data is AUDIT
    classes = [attributes.get("class") for tag, attributes in page.tags if tag == "p"]
    assert classes[:2] == ["says good", "says bad"]
    for text in ("The model uses its <text>.", "another picture's prompts", "0.610", "[0.200, 0.440]", "<left>", "0.5"):
        assert text in page.text


def test_a_model_without_words(referring, audited, parse):
    sentence = "The model reads no words: it sees the picture alone."
    verdict = {"answer": "no words", "sentence": sentence}
    audited({**AUDIT, "conditions": {"true": ROW}, "verdicts": {"text": verdict, "sides": verdict}})
    assert parse("".join(module.audit_section(referring).blocks)).text == sentence
