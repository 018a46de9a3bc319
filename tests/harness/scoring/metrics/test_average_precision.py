from __future__ import annotations

import ir_measures
import numpy as np
import pytest
from ir_measures import AP, R

from harness.scoring.metrics.average_precision import average_precision
from harness.scoring.metrics.rank_distance import rank_distance
from harness.scoring.metrics.recall import recall

# Per question the ranks of its relevant items in any order, 0 for no item.
RANKS = np.array([[1, 3, 0], [5, 2, 4], [0, 0, 0], [0, 21, 0], [20, 0, 1]], np.int32)


def test_average_precision_by_hand() -> None:
    expected = [(1 / 1 + 2 / 3) / 2, (1 / 2 + 2 / 4 + 3 / 5) / 3, 0.0, 1 / 21, (1 / 1 + 2 / 20) / 2]
    assert average_precision(RANKS) == pytest.approx(expected, abs=1e-15)
    # With fewer places than relevant items the divisor is the number of places.
    assert average_precision(RANKS, 2) == pytest.approx([1 / 2, (1 / 2) / 2, 0.0, 0.0, 1 / 2], abs=1e-15)
    assert average_precision(np.array([[1, 2, 3, 4]]), 2) == pytest.approx([1.0])
    assert average_precision(RANKS, 20)[3] == 0.0


def test_recall_by_hand() -> None:
    assert recall(RANKS, 1).tolist() == [1 / 2, 0.0, 0.0, 0.0, 1 / 2]
    assert recall(RANKS, 4).tolist() == [1.0, 2 / 3, 0.0, 0.0, 1 / 2]


def test_rank_distance_by_hand() -> None:
    assert rank_distance(RANKS).tolist() == [2.0, 3.0, 0.0, 0.0, 19.0]


@pytest.mark.parametrize("shape", [(0, 3), (2, 0)])
def test_no_question_and_no_relevant_item_have_their_declared_values(shape: tuple[int, int]) -> None:
    none = np.zeros(shape, np.int32)
    for values in (
        average_precision(none),
        average_precision(none, 20),
        recall(none, 10),
        rank_distance(none),
    ):
        assert (values.dtype, values.tolist()) == (np.float64, [0.0] * shape[0])


def test_the_order_of_the_relevant_items_and_padding_change_nothing() -> None:
    rng = np.random.default_rng(0)
    shuffled = rng.permuted(np.pad(RANKS, ((0, 0), (0, 4))), axis=1)
    for metric in (
        average_precision,
        rank_distance,
        lambda ranks: recall(ranks, 4),
        lambda ranks: average_precision(ranks, 2),
    ):
        assert metric(shuffled).tolist() == metric(RANKS).tolist()


def test_average_precision_and_recall_equal_trec_evals_on_random_rankings() -> None:
    rng = np.random.default_rng(1)
    ranks = np.zeros((500, 15), np.int32)
    qrels: dict[str, dict[str, int]] = {}
    run: dict[str, dict[str, float]] = {}
    for row in ranks:
        relevant = int(rng.integers(1, 16))
        row[rng.permutation(15)[:relevant]] = rng.choice(np.arange(1, 61), relevant, replace=False)
        question = f"q{len(run)}"
        qrels[question] = {f"d{rank}": 1 for rank in row if rank}
        run[question] = {f"d{rank}": -float(rank) for rank in range(1, 61)}
    expected = {measure: np.zeros(500) for measure in (AP, AP @ 20, AP @ 5, R @ 1, R @ 10)}
    for metric in ir_measures.iter_calc(list(expected), qrels, run):
        expected[metric.measure][int(metric.query_id[1:])] = metric.value
    relevant_items = np.count_nonzero(ranks, axis=1)
    np.testing.assert_allclose(average_precision(ranks), expected[AP], atol=1e-12)
    np.testing.assert_allclose(average_precision(ranks, 20), expected[AP @ 20], atol=1e-12)
    # trec_eval divides by all relevant items even where fewer places are looked at.
    np.testing.assert_allclose(
        average_precision(ranks, 5),
        expected[AP @ 5] * relevant_items / np.minimum(relevant_items, 5),
        atol=1e-12,
    )
    np.testing.assert_allclose(recall(ranks, 1), expected[R @ 1], atol=1e-12)
    np.testing.assert_allclose(recall(ranks, 10), expected[R @ 10], atol=1e-12)
