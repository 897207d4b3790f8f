import numpy as np
import pytest

from kmm.metrics import RecallAtK


def score(k, relevant, similarities):
    metric = RecallAtK(k)
    metric.update_state(np.array(relevant), np.array(similarities, "float64"))
    return float(metric.result())


@pytest.mark.parametrize(
    "k, relevant, similarities, expected",
    [
        pytest.param(1, [0, 1], [[9, 1], [1, 9]], 1.0, id="perfect"),
        pytest.param(1, [1, 0], [[9, 1], [1, 9]], 0.0, id="everything wrong"),
        pytest.param(1, [0, 0], [[9, 1], [1, 9]], 0.5, id="one of two"),
        pytest.param(2, [0, 0], [[9, 1], [1, 9]], 1.0, id="as many as candidates"),
        pytest.param(5, [0, 0], [[9, 1], [1, 9]], 1.0, id="more than candidates"),
        pytest.param(1, [[True, False, True]], [[1, 2, 3]], 1.0, id="one relevant is enough"),
        pytest.param(1, [[1, 0, 1]], [[1, 3, 2]], 0.0, id="the first is irrelevant"),
        pytest.param(1, [[0, 0], [1, 0]], [[9, 1], [9, 1]], 1.0, id="nothing relevant: left out"),
        pytest.param(1, [[0, 0]], [[9, 1]], np.nan, id="nothing to score"),
        pytest.param(1, [0, 1], [[5, 5], [5, 5]], 0.0, id="ties count against the model"),
        pytest.param(1, [[1, 1, 0]], [[5, 5, 1]], 1.0, id="ties among relevant ones do not"),
        pytest.param(1, [0, 1], [[np.nan, 1], [np.nan, 1]], 0.0, id="nan counts against the model"),
    ],
)
def test_hand_made_cases(k, relevant, similarities, expected):
    np.testing.assert_allclose(score(k, relevant, similarities), expected)


@pytest.mark.parametrize("k", [1, 2, 5])
def test_equals_the_plain_formula(k):
    rng = np.random.default_rng(k)
    relevant, similarities = rng.random((20, 8)) < 0.2, rng.integers(0, 6, (20, 8))
    hits = []
    for query, values in zip(relevant, similarities, strict=True):
        order = sorted(range(8), key=lambda candidate: (-values[candidate], query[candidate]))
        if query.any():
            hits.append(query[order[:k]].any())
    np.testing.assert_allclose(score(k, relevant, similarities), np.mean(hits), rtol=1e-6)


def test_an_index_is_a_matrix_of_one():
    rng = np.random.default_rng(0)
    indices, similarities = rng.integers(0, 6, 9), rng.normal(size=(9, 6))
    assert score(2, indices, similarities) == score(2, np.eye(6, dtype=bool)[indices], similarities)


def test_whole_numbers_are_similarities_too():
    metric = RecallAtK(1)
    metric.update_state(np.array([0, 1]), np.array([[9, 1], [9, 1]]))
    assert float(metric.result()) == 0.5


@pytest.mark.parametrize("index", [2, -1])
def test_index_of_no_candidate_is_refused(index):
    with pytest.raises(ValueError, match="index in y_true must be a candidate.*Received: 1 others. Give a bool matrix"):
        score(1, [0, index], [[1, 2], [1, 2]])


@pytest.mark.parametrize("relevant, similarities", [((3,), (2, 4)), ((2, 3), (2, 4)), ((2, 1), (2,)), ((), (2, 4))])
def test_wrong_shapes_are_refused(relevant, similarities):
    with pytest.raises(ValueError, match=r"y_pred must be \(queries, candidates\).*Received: y_true.shape="):
        score(1, np.zeros(relevant, "int32"), np.zeros(similarities))


def test_name_tells_k():
    assert [RecallAtK(10).name, RecallAtK(name="other").name] == ["recall_at_10", "other"]


def test_k_must_be_positive():
    with pytest.raises(ValueError, match="k must be at least 1. Received: k=0. Use 1, 5 or 10"):
        RecallAtK(0)
