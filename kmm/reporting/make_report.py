"""A report about a trained model: one page and its numbers."""

from kmm.reporting.html_elements import interval, number
from kmm.reporting.report_context import ReportContext
from kmm.reporting.report_page import HTML, ReportPage
from kmm.reporting.sections.audit_section import audit_section
from kmm.reporting.sections.calibration_section import calibration_section
from kmm.reporting.sections.confusion_section import confusion_section
from kmm.reporting.sections.curves_section import curves_section
from kmm.reporting.sections.data_card import data_card
from kmm.reporting.sections.gallery_section import gallery_section
from kmm.reporting.sections.generalization_section import generalization_section
from kmm.reporting.sections.model_card import model_card
from kmm.reporting.sections.parts_section import parts_section
from kmm.reporting.sections.scores_section import label, scores_section
from kmm.reporting.sections.speed_section import speed_section
from kmm.reporting.sections.versions_section import versions_section
from kmm.reporting.sections.words_section import words_section

SECTIONS = {
    "scores": ("Scores", scores_section),
    "audit": ("Does it read?", audit_section),
    "words": ("Word by word", words_section),
    "parts": ("Score by kind or class", parts_section),
    "confusion": ("Confusion", confusion_section),
    "gallery": ("Best and worst", gallery_section),
    "calibration": ("Calibration", calibration_section),
    "generalization": ("Where it holds", generalization_section),
    "curves": ("Training", curves_section),
    "speed": ("Speed", speed_section),
    "model": ("Model card", model_card),
    "data": ("Data card", data_card),
    "versions": ("Versions", versions_section),
}
"""Title and function of each section, in the order of the page."""


def make_report(model, source, split, output, run_folder=None, limit=None, batch_size=16, verbose=1):
    """Writes one self-contained page about a trained model, `report.html`, and its numbers, `report.json`.

    The page holds the scores with their intervals, by kind of phrase or by class, what is taken for what, the best and
    the worst answers, whether the words are used, how far the probabilities can be trusted, where the scores hold, the
    curves of the training, the speed, and what model and data are. It loads nothing from anywhere and needs no script.

    Both files are written anew after each section. A section that fails leaves the others: the page names what failed,
    the rest is computed, and at the end the first error is raised.

    Args:
        model: a `kmm.models.MultimodalModel`.
        source: a `kmm.data.Source`.
        split: which split of it.
        output: the folder to write into.
        run_folder: the folder that `kmm train` wrote, for the curves, the settings and the size of the file; `None`
            leaves these out.
        limit: only the first pictures; `None` for all.
        batch_size: pictures in a batch.
        verbose: 0 for no progress bars.

    Returns:
        The path of `report.html`.

    Raises:
        ValueError: if the source has no such split. What a section raises, such as the same for an empty split, nan
            predictions or labels outside the classes, comes last, when the partial report is written.
    """
    context = ReportContext(model, source, split, run_folder, limit, batch_size, verbose)
    if split not in source.splits:
        raise ValueError(
            f"The split must be one of the data. Received: split={split!r}; {source.name!r} has "
            f"{tuple(source.splits)}. Choose one of them."
        )
    title = f"{source.name}, {source.task} segmentation"
    page = ReportPage(output, title, {key: title for key, (title, _) in SECTIONS.items()})
    more = {"data": source.name, "task": source.task, "split": split, "limit": limit}
    first_error = None
    for key, (_, function) in SECTIONS.items():
        try:
            page.add(key, function(context))
        except Exception as error:  # whatever it is, the rest of the report is made
            first_error = first_error or error
            page.fail(key, error)
        page.write(_summary(context, page), _tiles(context, page), more)
    if first_error is not None:
        raise first_error
    return page.folder / HTML


def _summary(context, page):
    """What the report says, in a few sentences."""
    if "scores" not in page.sections:
        return f"{type(context.model).__name__} on the split {context.split} of {context.source.name}."
    metrics, name = context.metrics, _main(context)
    words = "" if context.source.task == "semantic" else f" with {metrics['num_samples']:,} phrases"
    first = "the first " if metrics["num_pictures"] == context.limit else ""
    text = (
        f"On {first}{metrics['num_pictures']:,} pictures{words} of the split {context.split} of {context.source.name}, "
        f"this model scores {number(metrics[name])} ({label(name)})."
    )
    if "audit" in page.sections:
        text += f" {page.sections['audit'].data['verdicts']['text']['sentence']}"
    return text


def _tiles(context, page):
    """The figures that stand at the top."""
    if "scores" not in page.sections:
        return []
    metrics, name = context.metrics, _main(context)
    second = "sample_mean_iou" if name == "overall_iou" else "pixel_accuracy"
    tiles = [(label(key), number(metrics[key]), _range(metrics, key)) for key in (name, second)]
    gap = page.sections["audit"].data["conditions"].get("shuffled", {}) if "audit" in page.sections else {}
    if gap.get("gap_interval"):
        tiles.append(("lost with wrong words", number(gap["gap"]), f"{interval(*gap['gap_interval'])} (95 %)"))
    tiles.append(("pictures scored", number(metrics["num_pictures"], 0), f"{metrics['num_samples']:,} samples"))
    if "speed" in page.sections:
        speed = page.sections["speed"].data
        tiles.append(("pictures per second", number(speed["images_per_second"], 0), "on this machine"))
        tiles.append(("parameters", number(speed["parameters"] / 1e6, 2) + " M", ""))
    return tiles


def _range(metrics, name):
    return f"{interval(*metrics['intervals'][name])} (95 %)" if None not in metrics["intervals"][name] else ""


def _main(context):
    return "overall_iou" if context.source.task == "referring" else "mean_iou"
