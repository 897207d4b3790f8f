"""What an audit of the language says, in words and as a table."""

import textwrap

from kmm.visualization.plot_audit import CONDITION_LABELS, SCORE_LABELS

MIN_GAP = 0.02
"""The gap from which words count as used."""

MIN_PICTURES = 8
"""Fewer pictures allow no verdict: their intervals are too narrow."""

MIN_SIDE_GAP = {"referring": 0.05, "semantic": 0.02}
"""The gap from which a model counts as telling left from right."""


def text_verdict(conditions, score_name):
    """Whether a model uses its text.

    The true prompts are compared with another picture's, or with no words where there are no others:

    - "yes": the gap is at least 0.02 and its interval lies above 0;
    - "no": the interval lies below 0.02; the sentence says so where the model loses without any words all the same;
    - "unclear": anything else, and less than 8 pictures.

    Args:
        conditions: as in the result of `kmm.evaluation.audit_language`; the true prompts alone for a model that reads
            no words.
        score_name: the main score.

    Returns:
        A dict of `answer` ("yes", "no", "unclear" or "no words") and `sentence`.

    Example:

    >>> row = {"true_score": 0.61, "score": 0.6, "gap": 0.01, "gap_interval": [0.0, 0.015], "num_pictures": 90}
    >>> text_verdict({"true": {"score": 0.61}, "shuffled": row, "blank": row}, "overall_iou")["sentence"]
    'The model does not use its text: overall IoU 0.61 with, 0.60 with the words of other pictures.'
    """
    if set(conditions) == {"true"}:
        return {"answer": "no words", "sentence": "The model reads no words: it sees the picture alone."}
    name = next((name for name in ("shuffled", "blank") if _can_be_judged(conditions[name])), None)
    if name is None:
        sentence = "It cannot be told whether the model uses its text: too few pictures with other words."
        return {"answer": "unclear", "sentence": sentence}
    row = conditions[name]
    low, high = row["gap_interval"]
    words = "the words of other pictures" if name == "shuffled" else "no words"
    label = SCORE_LABELS.get(score_name, score_name)
    scores = f"{label} {row['true_score']:.2f} with, {row['score']:.2f} with {words}"
    if row["gap"] >= MIN_GAP and low > 0:
        return {"answer": "yes", "sentence": f"The model uses its text: {scores} (gap {_gap(row)})."}
    if high < MIN_GAP:
        sentence = f"The model does not use its text: {scores}."
        return {"answer": "no", "sentence": sentence + _remark(conditions["blank"])}
    return _unclear("whether the model uses its text", scores, row)


def side_verdict(conditions, task):
    """Whether a model tells left from right: the true prompts against those with the sides swapped.

    - "yes": the gap is at least 0.05 (semantic: 0.02) and its interval lies above 0;
    - "wrong way round": the same below 0;
    - "no": the interval lies between;
    - "unclear": anything else, and less than 8 pictures with a side in their prompts.

    Args:
        conditions: as in the result of `kmm.evaluation.audit_language`.
        task: "referring" or "semantic".

    Returns:
        A dict of `answer` (as above, or "no words" for a model that reads none) and `sentence`.

    Example:

    >>> row = {"true_score": 0.45, "score": 0.44, "gap": 0.01, "gap_interval": [-0.02, 0.03], "num_pictures": 90}
    >>> side_verdict({"true": {"score": 0.6}, "sides_swapped": row}, "referring")["sentence"]
    'The model does not tell left from right: 0.45 with the true side, 0.44 with the sides swapped.'
    """
    if set(conditions) == {"true"}:
        return {"answer": "no words", "sentence": "The model reads no words, so no sides either."}
    row = conditions["sides_swapped"]
    if not _can_be_judged(row):
        count = row["num_pictures"]
        found = {0: "no prompt says", 1: "prompts of only 1 picture say"}.get(count, f"prompts of {count} pictures say")
        sentence = f"It cannot be told whether the model tells left from right: {found} left or right."
        return {"answer": "unclear", "sentence": sentence}
    (low, high), least = row["gap_interval"], MIN_SIDE_GAP[task]
    scores = f"{row['true_score']:.2f} with the true side, {row['score']:.2f} with the sides swapped"
    if row["gap"] >= least and low > 0:
        return {"answer": "yes", "sentence": f"The model tells left from right: {scores} (gap {_gap(row)})."}
    if row["gap"] <= -least and high < 0:
        sentence = f"The model tells left from right the wrong way round: {scores} (gap {_gap(row)})."
        return {"answer": "wrong way round", "sentence": sentence}
    if -least < low and high < least:
        return {"answer": "no", "sentence": f"The model does not tell left from right: {scores}."}
    return _unclear("whether the model tells left from right", scores, row)


def audit_table(audit):
    """An audit as lines of text: the conditions, the words that matter and the verdicts.

    Args:
        audit: what `kmm.evaluation.audit_language` returns.

    Example:

    >>> row = {"score": 0.5, "interval": [0.4, 0.6], "num_samples": 6}
    >>> verdict = {"text": {"sentence": "The model reads no words."}}
    >>> audit = {"score_name": "mean_iou", "conditions": {"true": row}, "word_kinds": [], "words": []}
    >>> print(audit_table({**audit, "verdicts": verdict}))
                                 mean IoU           interval   true words                  lost   samples
    true prompts                    0.500     0.400 to 0.600                                            6
    <BLANKLINE>
    The model reads no words.
    """
    label = SCORE_LABELS.get(audit["score_name"], audit["score_name"])
    lines = [_line("", label, "interval", "true words", "lost", "samples")]
    for name, row in audit["conditions"].items():
        compared = (_number(row["true_score"]), _gap(row)) if "gap" in row else ("", "")
        interval = _interval(row["interval"], " to ")
        lines.append(_line(CONDITION_LABELS[name], _number(row["score"]), interval, *compared, row["num_samples"]))
    for title, key, rows in (("kind of word", "kind", audit["word_kinds"]), ("word", "word", audit["words"][:12])):
        if rows:
            lines += ["", f"{title:26}{'lost without it':>22}{'times':>9}"]
            lines += [f"  {row[key]:24}{_gap(row, 'drop', 'interval'):>22}{row['num_samples']:9}" for row in rows]
    sentences = " ".join(verdict["sentence"] for verdict in audit["verdicts"].values())
    return "\n".join([*lines, "", *textwrap.wrap(sentences, 96)])


def _can_be_judged(row):
    return row["num_pictures"] >= MIN_PICTURES and row["gap_interval"]


def _remark(blank):
    """What stands against a "no": that the model needs words all the same."""
    if not _can_be_judged(blank) or blank["gap"] < MIN_GAP or blank["gap_interval"][0] <= 0:
        return ""
    score = f"{blank['score']:.2f}"
    return f" Without words it falls to {score}: any words will do, or those of other pictures say much the same."


def _unclear(what, scores, row):
    sentence = f"It is not clear {what}: {scores}, gap {_gap(row)} over {row['num_pictures']} pictures."
    return {"answer": "unclear", "sentence": f"{sentence} Audit more pictures."}


def _line(*cells):
    label, *values = map(str, cells)
    return f"{label:26}" + "".join(
        f"{value:>{width}}" for value, width in zip(values, (12, 19, 13, 22, 10), strict=True)
    )


def _gap(row, value="gap", interval="gap_interval"):
    return f"{_number(row[value], 2)} [{_interval(row[interval], ', ', 2)}]"


def _interval(ends, separator, digits=3):
    return separator.join(_number(end, digits) for end in ends) if ends else "-"


def _number(value, digits=3):
    return "-" if value is None else f"{round(value, digits) + 0.0:.{digits}f}"  # no minus before 0
