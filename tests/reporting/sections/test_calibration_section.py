import dataclasses

import numpy as np
import pytest

from kmm.reporting.sections.calibration_section import calibration_section


def test_what_the_probabilities_promise(referring, semantic, change, parse):
    for bin_number, says in ((90, "promises more than it keeps"), (10, "promises less than it keeps")):
        probabilities = np.zeros((6, 2, 100))
        probabilities[:, :, bin_number] = 50
        context = change(referring, scores=dataclasses.replace(referring.scores, probabilities=probabilities))
        section = calibration_section(context)
        assert section.data["expected_error"] == pytest.approx(0.4, abs=0.01)
        page = parse("".join(section.blocks))
        assert says in page.text and "circle" in [tag for tag, _ in page.tags]
    assert "share of pixels that are right" in parse("".join(calibration_section(semantic).blocks)).text


def test_right_on_average(referring, change, parse):
    probabilities = np.zeros((6, 2, 100))
    probabilities[:, 1, 50], probabilities[:, 0, 50] = 101, 99
    context = change(referring, scores=dataclasses.replace(referring.scores, probabilities=probabilities))
    assert "are what they say;" in parse("".join(calibration_section(context).blocks)).text
