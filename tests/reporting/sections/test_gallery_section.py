import dataclasses

import numpy as np

from kmm.reporting.sections import gallery_section as module


def test_the_best_and_worst_of_different_pictures(referring, semantic):
    scores = referring.scores
    best, worst = (module.choose_samples(scores, best) for best in (True, False))
    assert best == [2, 0, 4]  # IoU 1, 0.6, 0; no empty target among them
    assert worst == [3, 4, 0]  # of two with IoU 0 one of each kind, and the first picture's own worst
    assert module.choose_samples(scores, best=True, count=1) == [2]
    assert sorted(module.choose_samples(semantic.scores, best=False)) == [0, 1, 2, 3]


def test_samples_without_a_counted_pixel_are_not_shown(referring):
    scores = referring.scores.select([0, 2])
    scores.confusion[0] = 0
    assert module.choose_samples(scores, best=True) == module.choose_samples(scores, best=False) == [1]


def test_cards(referring, semantic, monkeypatch, parse):
    random = np.random.default_rng(0)

    def drawn(context, places):
        masks = random.integers(0, 2, (2, 16, 24), "uint8")
        return {place: (random.integers(0, 256, (16, 24, 3), "uint8"), *masks) for place in places}

    monkeypatch.setattr(module, "_predict", drawn)
    for context, number in ((referring, 6), (semantic, 8)):
        section = module.gallery_section(context)
        page = parse("".join(section.blocks))
        assert [tag for tag, _ in page.tags].count("img") == 3 * number
        assert len(section.data["best"]) + len(section.data["worst"]) == number
    section = module.gallery_section(referring)
    assert section.data["best"][1] == {
        "picture": 0, "prompt": "the <b>cat</b> on the left", "kind": "attribute", "iou": 0.6,
    }  # fmt: skip
    text = parse("".join(section.blocks)).text
    assert "the <b>cat</b> on the left" in text and "IoU 0.60 · attribute" in text


def test_nothing_that_counts(referring, change):
    """The first error of a report is then that no pixel counts, and not one about batches."""
    nothing = dataclasses.replace(referring.scores, confusion=0 * referring.scores.confusion)
    assert module.gallery_section(change(referring, scores=nothing)) is None
