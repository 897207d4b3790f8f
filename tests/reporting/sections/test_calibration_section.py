import dataclasses

import numpy as np
import pytest

from kmm.reporting.sections.calibration_section import calibration_section


def test_what_the_probabilities_promise(referring, semantic, change, parse):
    for bin_number, right, says in ((90, 50, "50 % are: more is promised"), (60, 75, "75 % are: less is promised")):
        probabilities = np.zeros((6, 2, 100))
        probabilities[:, 0, bin_number], probabilities[:, 1, bin_number] = 100 - right, right
        context = change(referring, scores=dataclasses.replace(referring.scores, probabilities=probabilities))
        section = calibration_section(context)
        assert section.data["expected_error"] == pytest.approx(abs(bin_number - right) / 100, abs=0.01)
        page = parse("".join(section.blocks))
        assert says in page.text and "circle" in [tag for tag, _ in page.tags]
    assert "share of pixels that are right" in parse("".join(calibration_section(semantic).blocks)).text


def test_right_on_average(referring, change, parse):
    probabilities = np.zeros((6, 2, 100))
    probabilities[:, 1, 50], probabilities[:, 0, 50] = 101, 99
    context = change(referring, scores=dataclasses.replace(referring.scores, probabilities=probabilities))
    assert "what is promised is kept." in parse("".join(calibration_section(context).blocks)).text


def test_easy_background_hides_nothing(referring, change, parse):
    """A mean over all pixels would say that all is well."""
    probabilities = np.zeros((6, 2, 100))
    probabilities[:, 0, 0], probabilities[:, 0, 80], probabilities[:, 1, 80] = 10_000, 30, 70
    context = change(referring, scores=dataclasses.replace(referring.scores, probabilities=probabilities))
    section = calibration_section(context)
    assert section.data["mean_gap"] < 0.005 and "more is promised" in parse("".join(section.blocks)).text
    probabilities[:, :, 80] = 0
    assert "No pixel is answered as the target" in parse("".join(calibration_section(context).blocks)).text
