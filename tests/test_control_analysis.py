"""The analysis of controls, on synthetic trainings whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from experiments.reference.control_analysis import (
    DEV,
    DRIFT,
    ControlledGap,
    adjusted_gap,
    at_equal,
    gap_at_equal,
    gaps_by_view,
    mean_gap,
)

Floats = NDArray[np.float64]


def path(speed: float, *, loss: float = 40.0, bonus: float = 0.0) -> Floats:
    """Return a training whose score falls with how far it moved, whatever its regime, plus a bonus."""
    moved = speed * np.linspace(0, 1, 5)
    return np.column_stack([80 * moved, 1 - moved, 90 - loss * moved + bonus * moved])


def test_a_regime_that_only_moved_less_has_no_gap_at_equal_drift() -> None:
    first, second = path(1.0), path(0.6)
    assert second[-1, 2] - first[-1, 2] == pytest.approx(16)
    assert at_equal(DRIFT, first, second) == pytest.approx(0, abs=1e-9)
    assert at_equal(DEV, first, second) == pytest.approx(0, abs=1e-9)
    assert at_equal(DRIFT, second, first) == pytest.approx(0, abs=1e-9)


def test_a_gap_that_is_not_due_to_drift_stays() -> None:
    assert at_equal(DRIFT, path(1.0), path(0.6, bonus=10)) == pytest.approx(6)


def test_a_level_that_was_never_passed_gives_no_gap_and_no_seed_is_left_out() -> None:
    late = path(1.0)[3:]  # its first stop is beyond where the other ended
    assert at_equal(DEV, late, path(0.5)) is None
    assert gap_at_equal(DEV, {0: path(1.0), 1: late}, {0: path(0.5), 1: path(0.5)}) is None
    found = gap_at_equal(
        DRIFT, {0: path(1.0), 1: path(0.9)}, {0: path(0.6, bonus=10), 1: path(0.6, bonus=11)}
    )
    assert found is not None
    assert (found.points, found.count) == (pytest.approx(6.3), 2)


def test_a_dev_score_that_goes_up_and_down_is_read_where_it_was_passed_first() -> None:
    first = np.array([[0.0, 1.0, 90.0], [60.0, 0.9, 80.0], [40.0, 0.8, 70.0], [50.0, 0.7, 60.0]])
    second = np.array([[0.0, 1.0, 90.0], [30.0, 0.9, 88.0]])
    assert at_equal(DEV, first, second) == pytest.approx(88.0 - 85.0)


def test_gaps_are_read_at_equal_dev_score_and_at_equal_drift() -> None:
    # dev score, drift, score: untouched, early, at the end
    english = np.array([[20.0, 1.0, 50.0], [60.0, 0.9, 60.0], [80.0, 0.8, 40.0]])
    crosslingual = np.array([[10.0, 1.0, 50.0], [40.0, 0.95, 70.0], [50.0, 0.9, 72.0]])
    # Dev 50: English was there three quarters of the way to its early stop, at 57.5.
    assert at_equal(DEV, english, crosslingual) == pytest.approx(72.0 - 57.5)
    # Drift 0.9: English had it at its early stop.
    assert at_equal(DRIFT, english, crosslingual) == pytest.approx(72.0 - 60.0)
    late = np.array([[55.0, 1.0, 50.0], [60.0, 0.9, 60.0]])
    assert at_equal(DEV, late, crosslingual) is None  # never at 50


def test_the_mean_over_seeds_has_students_interval() -> None:
    gaps = [1.0, 2.5, 3.0]
    exact = stats.ttest_1samp(gaps, 0.0)
    found = mean_gap(gaps)
    assert found.p == pytest.approx(exact.pvalue)
    assert found.interval == pytest.approx(tuple(exact.confidence_interval()))
    assert mean_gap([1.0]) == ControlledGap(1.0, None, None, 1)
    assert str(mean_gap([1.0])) == "+1.00 (1)"
    with pytest.raises(ValueError, match="at least one seed"):
        mean_gap([])


def test_the_regression_reads_the_gap_where_both_moved_alike() -> None:
    rng = np.random.default_rng(0)
    moved = [rng.normal(0.2, 0.1, 5) for _ in range(4)]
    gaps = [
        true + 30 * part + rng.normal(0, 0.2, 5)
        for true, part in zip((1.0, 2.0, 3.0, 2.0), moved, strict=True)
    ]
    found = adjusted_gap(gaps, moved)
    assert found is not None and found.interval is not None
    assert found.interval[0] < 2.0 < found.interval[1]
    assert found.points == pytest.approx(2.0, abs=0.5)
    assert adjusted_gap(gaps, [np.full(5, 0.2)] * 4) is None
    assert adjusted_gap([np.array([1.0])] * 2, [np.array([0.1])] * 2) is None


@pytest.mark.parametrize("tails", [False, True])
def test_the_regressions_interval_covers_the_truth(tails: bool) -> None:
    covered = 0
    for number in range(400):
        rng = np.random.default_rng(number)
        moved = [rng.normal(0.1, 0.1, 3) for _ in range(5)]
        noise = [rng.standard_t(4, 3) if tails else rng.standard_normal(3) for _ in moved]
        found = adjusted_gap([3 + 20 * a + b for a, b in zip(moved, noise, strict=True)], moved)
        assert found is not None and found.interval is not None
        covered += found.interval[0] <= 3 <= found.interval[1]
    assert 0.92 <= covered / 400 <= 0.98


def test_views_are_tested_together() -> None:
    rng = np.random.default_rng(1)
    views = [(layer, pooling) for layer in range(6) for pooling in ("mean", "cls")]
    first = {seed: {view: 50 + rng.normal(0, 0.1) for view in views} for seed in range(5)}
    second = {
        seed: {view: 50 + (20 if view == (3, "mean") else 0) + rng.normal(0, 0.1) for view in views}
        for seed in range(5)
    }
    found = gaps_by_view(first, second)
    assert [(one.layer, one.pooling) for one in found if one.decided] == [(3, "mean")]
    assert gaps_by_view(first, {}) == ()
