from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar as mcnemar_oracle
from statsmodels.stats.proportion import proportion_confint

from harness.scoring.statistics.intervals import bootstrap_f1, bootstrap_mean, wilson
from harness.scoring.statistics.mcnemar import McNemar, mcnemar
from harness.scoring.statistics.resampling import f1, resampled_sums, signed_sums


@pytest.mark.parametrize(("successes", "n"), [(0, 5), (1, 5), (5, 5), (971, 1000), (1, 2), (317, 390)])
def test_wilson_equals_statsmodels(successes: int, n: int) -> None:
    assert wilson(successes, n) == pytest.approx(proportion_confint(successes, n, method="wilson"), abs=1e-12)


def test_wilson_of_nothing_says_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_wilson_holds_the_score_at_both_ends() -> None:
    assert wilson(0, 7)[0] == 0.0
    assert wilson(7, 7)[1] == 1.0


def test_mcnemar_by_hand() -> None:
    # 10 against 2 discordant examples: p = 2 · (C(12,0) + C(12,1) + C(12,2)) / 2^12 = 158 / 4096.
    first = np.array([True] * 10 + [False] * 2 + [True] * 988)
    second = np.array([False] * 10 + [True] * 2 + [True] * 988)
    assert mcnemar(first, second) == McNemar(10, 2, pytest.approx(158 / 4096))


@pytest.mark.parametrize("seed", range(20))
def test_mcnemar_equals_statsmodels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = rng.random(80) < 0.7, rng.random(80) < 0.6
    table = [
        [np.sum(first & second), np.sum(first & ~second)],
        [np.sum(~first & second), np.sum(~first & ~second)],
    ]
    assert mcnemar(first, second).p == pytest.approx(mcnemar_oracle(table, exact=True).pvalue)


def test_mcnemar_of_equal_systems_is_one_and_of_other_examples_an_error() -> None:
    assert mcnemar(np.ones(3, bool), np.ones(3, bool)).p == 1.0
    with pytest.raises(ValueError, match=r"same examples, got \(3,\) and \(2,\)"):
        mcnemar(np.ones(3, bool), np.ones(2, bool))


def test_resampled_sums_have_the_moments_of_drawing_one_by_one() -> None:
    values = np.array([[0, 1], [0, 1], [2, 0], [5, 3]])
    sums = resampled_sums(values, 100_000, np.random.default_rng(0))
    assert sums.mean(axis=0) == pytest.approx(values.sum(axis=0), rel=0.01)
    assert np.cov(sums.T) == pytest.approx(4 * np.cov(values.T, ddof=0), rel=0.02)


def test_many_distinct_rows_are_resampled_with_normal_weights() -> None:
    values = np.random.default_rng(1).normal(size=(300, 2)) @ np.array([[1.0, 0.5], [0.0, 2.0]])
    sums = resampled_sums(values, 50_000, np.random.default_rng(2))
    assert sums.mean(axis=0) == pytest.approx(values.sum(axis=0), abs=0.8)
    assert np.cov(sums.T) == pytest.approx(
        300 * np.cov(values.T, ddof=0), abs=0.03 * float(np.sum(values**2))
    )
    # The same distribution as drawing rows one by one, up to Monte Carlo error.
    rng = np.random.default_rng(3)
    plain = np.array([values[rng.integers(0, 300, 300)].sum(axis=0) for _ in range(5000)])
    levels = (0.025, 0.25, 0.5, 0.75, 0.975)
    spread = plain.std(axis=0)
    assert np.quantile(sums, levels, axis=0) / spread == pytest.approx(
        np.quantile(plain, levels, axis=0) / spread, abs=0.12
    )


@pytest.mark.parametrize(("n", "unequal"), [(20, 20), (150, 150), (5000, 120)])
def test_few_rows_that_are_unlike_the_others_are_drawn_one_by_one_whatever_they_hold(
    n: int, unequal: int
) -> None:
    # One row weighs more than all others: nothing about its sum is normal.
    values = np.zeros((n, 2))
    values[:unequal] = np.random.default_rng(1).random((unequal, 2))
    values[0] = [300.0, 500.0]
    sums = resampled_sums(values, 20_000, np.random.default_rng(2))
    heavy = np.random.default_rng(3).binomial(n, 1 / n, 20_000)
    for column, weight in enumerate((300.0, 500.0)):
        rounds = np.bincount((sums[:, column] // weight).astype(int), minlength=4)[:4] / 20_000
        assert rounds == pytest.approx(np.bincount(heavy, minlength=4)[:4] / 20_000, abs=0.02)
    assert np.cov(sums.T) == pytest.approx(n * np.cov(values.T, ddof=0), rel=0.05)
    # All differences of one sign: of n signs all must fall alike, 2 in 2ⁿ times.
    exchanged = signed_sums(values[:unequal], 20_000, np.random.default_rng(2))
    assert np.mean(np.abs(exchanged[:, 0]) >= values[:, 0].sum() - 1e-9) < 0.001
    assert np.unique(np.abs(exchanged[:, 0]) > 150).tolist() == [True]


@pytest.mark.parametrize("mean", [0.02, 0.97])
def test_intervals_stay_fractions(mean: float) -> None:
    # 300 distinct values near a bound, whose normal draws pass it.
    values = np.clip(np.random.default_rng(0).exponential(0.02, 300), 0, 1)
    values[0] = 1.0
    values = values if mean < 0.5 else 1 - values
    for low, high in (
        bootstrap_mean(values),
        bootstrap_mean(values[:4]),
        bootstrap_mean(np.r_[0.0, np.linspace(0.99, 1, 16)]),
    ):
        assert 0 <= low <= high <= 1
    counts = np.array([[k, k, k] for k in range(1, 400)] + [[0, 0, 9]])
    low, high = bootstrap_f1(counts)
    assert 0 < low < high <= 1


@pytest.mark.parametrize("distinct", [2, 300])
def test_signs_are_kept_or_changed_by_chance(distinct: int) -> None:
    values = np.random.default_rng(1).normal(size=(distinct, 2)).repeat(600 // distinct, axis=0)
    sums = signed_sums(values, 50_000, np.random.default_rng(2))
    assert sums.mean(axis=0) == pytest.approx([0.0, 0.0], abs=0.5)
    assert np.cov(sums.T) == pytest.approx(values.T @ values, abs=0.03 * float(np.sum(values**2)))
    assert not signed_sums(np.zeros((5, 3)), 4, np.random.default_rng(0)).any()


def test_the_interval_of_a_mean_is_about_two_standard_errors() -> None:
    values = np.random.default_rng(0).random(400)
    low, high = bootstrap_mean(values)
    error = values.std() / 20
    assert (low, high) == pytest.approx(
        (values.mean() - 1.96 * error, values.mean() + 1.96 * error), abs=0.005
    )
    assert bootstrap_mean(np.full(7, 0.1)) == (pytest.approx(0.1), pytest.approx(0.1))
    assert bootstrap_mean(np.zeros(0)) == (0.0, 1.0)


def test_f1_by_hand_and_its_interval_of_binomial_hits() -> None:
    assert f1(np.array([[3, 4, 5], [0, 0, 0]])).tolist() == [6 / 9, 0.0]
    # Everything is proposed and gold, half of it right: F1 is the share, and its error a proportion's.
    right = np.arange(1000) % 2
    low, high = bootstrap_f1(np.stack([right, np.ones(1000, int), np.ones(1000, int)], axis=1))
    assert (low, high) == pytest.approx((0.5 - 0.031, 0.5 + 0.031), abs=0.004)
    assert bootstrap_f1(np.zeros((0, 3), int)) == (0.0, 1.0)
