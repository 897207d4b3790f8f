import numpy as np

from kmm.evaluation import SampleScores


def make(confusion, task="referring", names=("background", "target")):
    count = len(confusion)
    return SampleScores(
        task, names, np.arange(count), ("words",) * count, ("kind",) * count, np.array(confusion, float),
        np.zeros((count, 2, 100)),
    )  # fmt: skip


def test_ious_of_targets():
    cases = {
        "perfect": ([[5, 0], [0, 4]], 1.0),
        "half": ([[6, 0], [2, 2]], 0.5),
        "empty and empty": ([[9, 0], [0, 0]], 1.0),
        "full answer to an empty target": ([[0, 9], [0, 0]], 0.0),
        "empty answer": ([[5, 0], [4, 0]], 0.0),
        "nothing counted": ([[0, 0], [0, 0]], np.nan),
    }
    scores = make([matrix for matrix, _ in cases.values()])
    np.testing.assert_array_equal(scores.ious, [value for _, value in cases.values()])
    np.testing.assert_allclose(scores.target_areas, [4 / 9, 0.4, 0, 0, 4 / 9, np.nan])


def test_ious_of_classes_leave_out_what_does_not_occur():
    scores = make([[[4, 0, 0], [2, 2, 0], [0, 0, 0]]], "semantic", ("a", "b", "c"))
    np.testing.assert_allclose(scores.class_ious, [[4 / 6, 0.5, np.nan]])
    np.testing.assert_allclose(scores.ious, [(4 / 6 + 0.5) / 2])


def test_select_takes_places_and_conditions():
    scores = make(np.arange(12).reshape(3, 2, 2))
    for chosen in ([True, False, True], [0, 2], np.array([0, 2])):
        part = scores.select(chosen)
        assert len(part) == 2 and part.pictures.tolist() == [0, 2]
        np.testing.assert_array_equal(part.confusion, scores.confusion[[0, 2]])
    assert len(scores.select([False] * 3)) == 0 and len(scores.select([])) == 0
