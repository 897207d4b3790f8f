import pytest

from tests.benchmarks.bootstrap_coverage import coverage, simulate, truth


@pytest.mark.slow
@pytest.mark.parametrize("task", ["referring", "semantic"])
def test_intervals_hold_the_truth_as_often_as_they_say(task):
    held = coverage(task, num_sets=200, num_pictures=80, num_resamples=500)
    assert all(0.9 <= share <= 0.98 for share in held.values()), held
    narrow = coverage(task, num_sets=100, num_pictures=80, num_resamples=300, level=0.5)
    assert all(0.37 <= share <= 0.63 for share in narrow.values()), narrow


@pytest.mark.slow
def test_samples_taken_as_independent_promise_too_much():
    held = coverage("referring", num_sets=100, num_pictures=80, num_resamples=300, clustered=False)
    assert all(share < 0.92 for share in held.values()), held


def test_the_truth_does_not_hang_on_the_draw():
    for task in ("referring", "semantic"):
        known = truth(task, num_pictures=5000)
        assert known == pytest.approx(truth(task, num_pictures=20_000), abs=0.02)
        assert len(simulate(task, 8, seed=0)) == {"referring": 32, "semantic": 8}[task]
