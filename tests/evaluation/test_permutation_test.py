import itertools

import numpy as np
import pytest

from kmm.evaluation.permutation_test import permutation_test


def ratio(sums):
    return sums[..., 0] / sums[..., 1]


def by_hand(first, second):
    """All exchanges, one after the other."""
    found = abs(ratio(first.sum(1)).mean() - ratio(second.sum(1)).mean())
    larger = 0
    for exchanged in itertools.product((False, True), repeat=first.shape[1]):
        one, other = first.copy(), second.copy()
        one[:, exchanged], other[:, exchanged] = second[:, exchanged], first[:, exchanged]
        larger += abs(ratio(one.sum(1)).mean() - ratio(other.sum(1)).mean()) >= found - 1e-12
    return larger / 2 ** first.shape[1]


@pytest.fixture
def answers():
    random = np.random.default_rng(4)
    return random.uniform(1, 9, (2, 2, 7, 2))  # models, runs, pictures, terms


def test_all_exchanges_of_few_pictures(answers):
    assert permutation_test(*answers, ratio) == by_hand(*answers)
    assert permutation_test(answers[0] + [5, 0], answers[1], ratio) == by_hand(answers[0] + [5, 0], answers[1])


def test_draws_come_near_to_all_exchanges(answers):
    drawn = permutation_test(*answers, ratio, num_permutations=120)
    assert drawn == pytest.approx(by_hand(*answers), abs=0.15) and drawn == permutation_test(*answers, ratio, 120)
    assert drawn != permutation_test(*answers, ratio, 120, seed=1)


def test_the_same_answers(answers):
    assert permutation_test(answers[0], answers[0], ratio) == 1.0


def test_chance_shows_as_much_as_it_should():
    random = np.random.default_rng(0)
    values = []
    for _ in range(200):  # two equal models: p is below 0.2 in a fifth of the cases
        answers = random.uniform(1, 9, (2, 1, 12, 2))
        values.append(permutation_test(*answers, ratio, num_permutations=200))
    assert np.mean(np.array(values) <= 0.2) == pytest.approx(0.2, abs=0.07)


def test_large_sets_are_permuted_in_parts(answers, monkeypatch):
    whole = permutation_test(*answers, ratio)
    monkeypatch.setitem(permutation_test.__globals__, "CHUNK", 100)
    assert permutation_test(*answers, ratio) == whole


def test_an_exchange_without_a_score_is_no_evidence():
    """Of one picture only the first answers, of another only the second: exchanging one leaves a model without any."""
    first, second = np.array([[[1.0, 1.0], [0.0, 0.0]]]), np.array([[[0.0, 0.0], [0.0, 1.0]]])
    with np.errstate(invalid="ignore"):
        assert permutation_test(first, second, ratio) == 1.0
