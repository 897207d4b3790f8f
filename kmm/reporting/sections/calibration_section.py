"""How far a model's probabilities can be trusted."""

from kmm.evaluation.calibration import calibration
from kmm.reporting.html_elements import definitions, heading, interval, number, paragraph, side_by_side, table
from kmm.reporting.line_chart import line_chart
from kmm.reporting.section import Section

MEANS = {
    "referring": ("probability of the target", "share of pixels in the target"),
    "semantic": ("probability of the answer", "share of pixels that are right"),
}

MIN_GAP = 0.02
"""The distance between a mean probability and a frequency from which the page speaks of it."""


def calibration_section(context):
    """The reliability curve and the expected error.

    Args:
        context: a `kmm.reporting.report_context.ReportContext`.

    Returns:
        A `Section` whose data is what `kmm.evaluation.calibration` gives.
    """
    data = calibration(context.scores)
    probability, frequency = MEANS[data["task"]]
    bins = [own for own in data["bins"] if own["share"] > 0]
    curve = {
        "name": frequency,
        "xs": [own["probability"] for own in bins],
        "ys": [own["frequency"] for own in bins],
        "intervals": [own["interval"] for own in bins],
    }
    chart = line_chart([curve], probability, (0.0, 1.0), (0.0, 1.0), dots=True, diagonal=True)
    figures = definitions(
        [
            ("expected error", _figure(data, "expected_error")),
            ("maximum error", _figure(data, "maximum_error")),
            ("mean probability minus frequency", _figure(data, "mean_gap")),
        ]
    )
    rows = [
        [f"{own['low']:.2f} to {own['high']:.2f}", number(own["probability"]), number(own["frequency"]), _percent(own)]
        for own in bins
    ]
    bins_table = table(["probability", "mean", "comes true", "pixels"], rows)
    text = (
        f"{_verdict(data)} The expected error over all pixels is {number(data['expected_error'])} (Guo et al., 2017)."
    )
    note = (
        "On the dotted line a probability is what it says. Most pixels are easy, which makes the expected error small."
    )
    curve_block = heading("Reliability") + chart + paragraph(note, "note")
    return Section(data, [paragraph(text), side_by_side(curve_block, heading("Figures") + figures + bins_table)])


def _verdict(data):
    """Whether the model's answers come true as often as it says; the easy background of a phrase is no answer.

    >>> bins = [{"low": 0.0, "probability": 0.01, "frequency": 0.01, "share": 0.9}]
    >>> bins.append({"low": 0.5, "probability": 0.8, "frequency": 0.6, "share": 0.1})
    >>> _verdict({"task": "referring", "bins": bins})
    'Pixels answered as the target have a mean probability of 0.80, and 60 % are: more is promised than kept.'
    """
    is_referring = data["task"] == "referring"
    bins = [own for own in data["bins"] if own["share"] > 0 and (own["low"] >= 0.5 or not is_referring)]
    if not bins:
        return "No pixel is answered as the target."
    total = sum(own["share"] for own in bins)
    said, kept = (sum(own["share"] * own[name] for own in bins) / total for name in ("probability", "frequency"))
    what, are = ("Pixels answered as the target", "are") if is_referring else ("Answers", "are right")
    says = "what is promised is kept"
    if abs(said - kept) >= MIN_GAP:
        says = "more is promised than kept" if said > kept else "less is promised than kept"
    return f"{what} have a mean probability of {number(said, 2)}, and {100 * kept:.0f} % {are}: {says}."


def _figure(data, name):
    return f"{number(data[name])} {interval(*(data[f'{name}_interval'] or (None, None)))}".strip()


def _percent(own):
    share = 100 * own["share"]
    return f"{share:.1f} %" if share >= 0.1 else "< 0.1 %"
