"""The page and the JSON file of a report, written whole each time something is added."""

import datetime
import json
import os
import pathlib

from kmm.evaluation.evaluate import plain
from kmm.reporting.html_elements import escape, paragraph
from kmm.reporting.page_style import STYLE
from kmm.version import __version__

HTML, JSON = "report.html", "report.json"


class ReportPage:
    """Sections in their order, each made, failed or still to come.

    Args:
        folder: the folder to write `report.html` and `report.json` into; made where there is none.
        title: the page's title.
        titles: a dict from the key of each section to its title, in the order of the page.

    Example:

    >>> import pathlib, tempfile
    >>> from kmm.reporting.section import Section
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = ReportPage(folder, "streets", {"scores": "Scores"})
    ...     page.add("scores", Section({"mean_iou": 0.5}, [paragraph("Half.")]))
    ...     page.write(summary="It works.")
    ...     "<p>Half.</p>" in (pathlib.Path(folder) / "report.html").read_text()
    True
    """

    def __init__(self, folder, title, titles):
        self.folder, self.title, self.titles = pathlib.Path(folder), title, dict(titles)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.sections, self.failures, self.left_out = {}, {}, set()
        self.created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")

    def add(self, key, section):
        """Adds a `kmm.reporting.section.Section`; `None` where there is nothing to say."""
        if section is None:
            self.left_out.add(key)
        else:
            self.sections[key] = section

    def fail(self, key, error):
        """Notes that a section could not be made."""
        self.failures[key] = str(error).strip() or type(error).__name__

    @property
    def pending(self):
        """The keys of sections that are still to come."""
        return [key for key in self.titles if key not in {*self.sections, *self.failures, *self.left_out}]

    def write(self, summary="", tiles=(), more=None):
        """Writes both files; readers see the old ones or the new ones, never parts.

        Args:
            summary: a sentence or two.
            tiles: name, value and note of the figures that stand at the top.
            more: further keys of the JSON file.
        """
        state = "partial" if self.failures else "running" if self.pending else "complete"
        content = {
            "title": self.title,
            "summary": summary,
            "state": state,
            "created": self.created,
            "kmm": __version__,
            **(more or {}),
            "failures": self.failures,
            "sections": {key: self.sections[key].data for key in self.titles if key in self.sections},
        }
        text = json.dumps(plain(content), indent=2, ensure_ascii=False, allow_nan=False)
        _write(self.folder / JSON, text + "\n")
        _write(self.folder / HTML, self._html(summary, tiles))

    def _html(self, summary, tiles):
        shown = [key for key in self.titles if key in self.sections or key in self.failures]
        links = "".join(
            f'<a href="#{key}"{" class=" + chr(34) + "failed" + chr(34) if key in self.failures else ""}>'
            f"{escape(self.titles[key])}</a>"
            for key in shown
        )
        body = "\n".join(
            f'<section id="{key}"><h2>{escape(self.titles[key])}</h2>\n{self._blocks(key)}\n</section>' for key in shown
        )
        boxes = "".join(
            f'<div class="tile"><div class="name">{escape(name)}</div><div class="value">{escape(value)}</div>'
            f'<div class="note">{escape(note)}</div></div>'
            for name, value, note in tiles
        )
        return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(self.title)} · kmm report</title>
<link rel="icon" href="data:,">
<style>{STYLE}</style>
</head>
<body>
<header><div class="wrap">
<p class="eyebrow">kmm report</p>
<h1>{escape(self.title)}</h1>
<p class="lead">{escape(summary)}</p>
{self._alert()}
<div class="tiles">{boxes}</div>
</div></header>
<nav><div class="wrap">{links}</div></nav>
<main class="wrap">
{body}
</main>
<footer class="wrap">Made by kmm {__version__} at {self.created.replace("+00:00", " UTC").replace("T", " ")}.
The numbers of this page are in {JSON}.</footer>
</body>
</html>
"""

    def _blocks(self, key):
        if key in self.failures:
            return paragraph("This part could not be made.", "note") + paragraph(self.failures[key], "says bad")
        return "\n".join(self.sections[key].blocks)

    def _alert(self):
        lines = []
        if self.failures:
            names = ", ".join(self.titles[key] for key in self.titles if key in self.failures)
            lines.append(paragraph(f"This report is incomplete. What failed: {names}.", "says bad"))
        if self.pending:
            names = ", ".join(self.titles[key] for key in self.pending)
            lines.append(paragraph(f"This report is not finished. Still to come: {names}.", "says mild"))
        return "".join(lines)


def _write(path, text):
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_text(text, encoding="utf-8")
    os.replace(unfinished, path)
