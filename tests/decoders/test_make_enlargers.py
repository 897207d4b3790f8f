import numpy as np

from kmm.decoders.make_enlargers import make_enlargers


def test_sizes_follow_the_gaps():
    enlargers = make_enlargers(("P1", "P2", "P5", "P6"), "mixed_bfloat16")
    assert [(level, layer.size[0]) for level, layer in enlargers.items()] == [("P5", 2), ("P2", 8), ("P1", 2)]
    assert [layer.name for layer in enlargers.values()] == ["p5_enlarge", "p2_enlarge", "p1_enlarge"]
    assert enlargers["P2"].compute_dtype == "bfloat16"
    assert tuple(enlargers["P2"](np.ones((1, 1, 2, 3))).shape) == (1, 8, 16, 3)


def test_one_level_needs_none():
    assert make_enlargers(("P4",), None) == {}
