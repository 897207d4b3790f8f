import html.parser
import types

import numpy as np
import pytest

from kmm.evaluation import SampleScores
from kmm.evaluation.evaluate import summarize

VOID = ("meta", "link", "img", "br", "line", "circle", "polyline")


class PageParser(html.parser.HTMLParser):
    """Checks that tags are balanced, and keeps attributes and text."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text = [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="session")
def parse():
    """Parses HTML, refuses scripts and whatever is not in the page, and gives the tags and the text."""

    def parse(text):
        parser = PageParser()
        parser.feed(text)
        parser.close()
        assert not parser.open, f"not closed: {parser.open}"
        for tag, attributes in parser.tags:
            assert tag not in ("script", "iframe", "object", "base"), tag
            assert not any(name.startswith("on") for name in attributes), attributes
            for name in ("src", "href", "srcset", "action"):
                assert attributes.get(name, "#").startswith(("#", "data:")), attributes
        assert "url(" not in text and "@import" not in text
        return types.SimpleNamespace(tags=parser.tags, text=" ".join(parser.text))

    return parse


def referring_scores():
    """Three pictures with two phrases each; the second phrase of each is absent, and one gets an answer."""
    random = np.random.default_rng(0)
    cells = [[90, 2, 2, 6], [100, 0, 0, 0], [80, 0, 0, 20], [95, 5, 0, 0], [97, 2, 1, 0], [100, 0, 0, 0]]
    confusion = np.array(cells, float).reshape(6, 2, 2)
    prompts = ("the <b>cat</b> on the left", "a dog", "a car", "two large dogs", "the red cat & I", "a dog")
    return SampleScores(
        "referring", ("background", "target"), np.repeat(np.arange(3), 2), prompts, ("attribute", "absent") * 3,
        confusion, random.integers(0, 9, (6, 2, 100)).astype(float),
    )  # fmt: skip


def semantic_scores():
    """Four pictures with three classes, of which the last never occurs."""
    random = np.random.default_rng(0)
    confusion = np.zeros((4, 3, 3))
    confusion[:, :2, :2] = random.integers(1, 50, (4, 2, 2))
    return SampleScores(
        "semantic", ("sky", "road <x>", "car"), np.arange(4), ("a street",) * 4, ("description",) * 4, confusion,
        random.integers(0, 9, (4, 2, 100)).astype(float),
    )  # fmt: skip


def make_context(scores, **replaced):
    """What sections need of a context, of hand-made scores."""
    collector = types.SimpleNamespace(tokenizer=None, images_per_second=20.0, num_prompts=2)
    class_names = () if scores.task == "referring" else scores.class_names
    source = types.SimpleNamespace(name="streets", task=scores.task, class_names=class_names, splits=("val",))
    values = {
        "scores": scores,
        "collector": collector,
        "metrics": summarize(collector, scores),
        "source": source,
        "split": "val",
        "reads_words": True,
        "batch_size": 4,
        "limit": None,
        "verbose": 0,
        "settings": {},
        "file": lambda name: None,
        "model": None,
    }
    return types.SimpleNamespace(**{**values, **replaced})


@pytest.fixture(scope="session")
def referring():
    return make_context(referring_scores())


@pytest.fixture(scope="session")
def semantic():
    return make_context(semantic_scores())


@pytest.fixture(scope="session")
def change():
    """A context with some things replaced."""
    return lambda context, **replaced: types.SimpleNamespace(**{**vars(context), **replaced})
