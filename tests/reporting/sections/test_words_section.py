import dataclasses
import types

import numpy as np
from PIL import Image

from kmm.reporting.sections import words_section as module

MASK = np.eye(16, dtype=np.uint8)


def importance(model, image, prompt):
    words = [{"word": word, "change": 0.5, "mask": MASK} for word in prompt.split()]
    return {"image": image, "prompt": prompt, "mask": MASK, "words": words}


def attention(model, image, prompt):
    words = tuple(prompt.split())
    return {"image": image, "prompt": prompt, "words": words, "maps": {"P2": np.ones((4, 4, len(words))) / len(words)}}


class Source:
    class_names = ()

    def example(self, split, index):
        return types.SimpleNamespace(image=np.zeros((16, 16, 3), np.uint8))


def plot(rows, path, **options):
    Image.fromarray(rows[0]["image"]).save(path)


def test_answers_word_by_word(referring, change, monkeypatch, parse):
    monkeypatch.setattr(module, "plot_word_importance", plot)
    monkeypatch.setattr(module, "plot_attention", plot)
    monkeypatch.setattr(module, "word_importance", importance)
    monkeypatch.setattr(module, "attention_maps", attention)
    fusion = types.SimpleNamespace(attention_maps=None)
    for fusions, number in (({}, 1), ({"P2": fusion}, 2)):
        context = change(referring, source=Source(), model=types.SimpleNamespace(fusions=fusions))
        section = module.words_section(context)
        assert [tag for tag, _ in parse("".join(section.blocks)).tags].count("img") == number
    assert section.data["answers"][0] == {"prompt": "a car", "picture": 1, "words": [["a", 0.5], ["car", 0.5]]}


def test_nothing_to_show(referring, change):
    assert module.words_section(change(referring, reads_words=False)) is None
    long = dataclasses.replace(referring.scores, prompts=("word " * 99,) * 6)
    assert module.words_section(change(referring, scores=long)) is None
