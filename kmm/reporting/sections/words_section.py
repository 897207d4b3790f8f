"""Which words decide on single answers, and where a model looks for them."""

import pathlib
import tempfile

import numpy as np

from kmm.evaluation.attention_maps import attention_maps
from kmm.evaluation.word_importance import word_importance
from kmm.reporting.html_elements import heading, paragraph, picture
from kmm.reporting.section import Section
from kmm.reporting.sections.gallery_section import choose_samples
from kmm.visualization import plot_attention, plot_word_importance

COUNT = 3
"""Answers that are looked at."""

MOST_WORDS = 16
"""Words of a prompt from which it is too long to be shown word by word."""


def words_section(context):
    """Some of the best answers again, without each of their words, and the attention to words where there is some.

    Args:
        context: a `kmm.reporting.report_context.ReportContext`.

    Returns:
        A `Section` whose data holds `answers`: dicts of `prompt`, `picture` and `words`, pairs of word and change;
        `None` for a model that reads no words, or without a prompt that is short enough.
    """
    if not context.reads_words:
        return None
    scores = context.scores
    is_short = [0 < len(prompt.split()) <= MOST_WORDS for prompt in scores.prompts]
    short = scores.select(is_short)
    places = choose_samples(short, best=True, count=COUNT) if len(short) else []
    if not places:
        return None
    asked = [
        (context.source.example(context.split, int(short.pictures[place])).image, short.prompts[place])
        for place in places
    ]
    rows = [word_importance(context.model, *question) for question in asked]
    answers = [
        {
            "prompt": row["prompt"],
            "picture": int(short.pictures[place]),
            "words": [[word["word"], word["change"]] for word in row["words"]],
        }
        for place, row in zip(places, rows, strict=True)
    ]
    class_names = context.source.class_names
    sheet = _sheet(lambda path: plot_word_importance(rows, path, class_names=class_names), "answers without each word")
    note = "The darker a word, the more of the mask changes when it is left out. No truth is needed for this."
    blocks = [sheet, paragraph(note, "note")]
    if any(hasattr(fusion, "attention_maps") for fusion in getattr(context.model, "fusions", {}).values()):
        maps = [attention_maps(context.model, *question) for question in asked]
        sheet = _sheet(lambda path: plot_attention(maps, path), "attention to each word")
        note = "Bright places attend to the word. Attention is what is read, not why the answer is what it is."
        blocks += [heading("Attention"), sheet, paragraph(note, "note")]
    return Section({"answers": answers}, blocks)


def _sheet(plot, alt):
    """What a function draws into a PNG file, as a picture on white."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "sheet.png"
        plot(path)
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
    return f'<div class="sheet">{picture(pixels, alt)}</div>'
