from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar as mcnemar_oracle
from statsmodels.stats.proportion import proportion_confint

from harness.statistics.intervals import bootstrap_f1, bootstrap_mean, wilson
from harness.statistics.paired import McNemar, bootstrap_difference, bootstrap_f1_difference, mcnemar
from harness.statistics.resampling import f1, resampled_sums


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
    table = [[np.sum(first & second), np.sum(first & ~second)], [np.sum(~first & second), np.sum(~first & ~second)]]
    assert mcnemar(first, second).p == pytest.approx(mcnemar_oracle(table, exact=True).pvalue)


def test_mcnemar_of_equal_systems_is_one_and_of_other_examples_an_error() -> None:
    assert mcnemar(np.ones(3, bool), np.ones(3, bool)).p == 1.0
    with pytest.raises(ValueError, match=r"same examples, got \(3,\) and \(2,\)"):
        mcnemar(np.ones(3, bool), np.ones(2, bool))


def test_bootstrap_is_repeatable_and_zero_for_equal_systems() -> None:
    same = np.zeros(50)
    assert bootstrap_difference([same, same]) == (0.0, 0.0)
    values = np.array([-1.0, 0, 0, 1, 1, 1, 0, 0])
    assert bootstrap_difference([values]) == bootstrap_difference([values])


def test_bootstrap_equals_a_plain_loop_over_examples() -> None:
    rng = np.random.default_rng(7)
    languages = [rng.choice([-1.0, 0.0, 0.5, 1.0], size=n, p=[0.1, 0.6, 0.1, 0.2]) for n in (200, 80)]
    means = [np.mean([rng.choice(values, len(values)).mean() for values in languages]) for _ in range(6000)]
    # Two Monte Carlo estimates of one quantile: about 0.001 apart.
    assert bootstrap_difference(languages) == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=0.004)


def test_bootstrap_refuses_a_language_without_examples() -> None:
    with pytest.raises(ValueError, match="at least one example in every language"):
        bootstrap_difference([np.zeros(3), np.zeros(0)])


def test_resampled_sums_have_the_moments_of_drawing_one_by_one() -> None:
    values = np.array([[0, 1], [0, 1], [2, 0], [5, 3]])
    sums = resampled_sums(values, 200_000, np.random.default_rng(0))
    assert sums.mean(axis=0) == pytest.approx(values.sum(axis=0), rel=0.01)
    assert np.cov(sums.T) == pytest.approx(4 * np.cov(values.T, ddof=0), rel=0.02)
    # Where every row differs the draws come in portions.
    many = np.random.default_rng(1).normal(size=(3000, 1))
    spread = resampled_sums(many, 3000, np.random.default_rng(2)).std()
    assert spread == pytest.approx(np.sqrt(3000) * many.std(), rel=0.06)


def test_the_interval_of_a_mean_is_about_two_standard_errors() -> None:
    values = np.random.default_rng(0).random(400)
    low, high = bootstrap_mean(values)
    error = values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - 1.96 * error, values.mean() + 1.96 * error), abs=0.005)
    assert bootstrap_mean(np.full(7, 0.1)) == (pytest.approx(0.1), pytest.approx(0.1))
    assert bootstrap_mean(np.zeros(0)) == (0.0, 1.0)


def test_f1_by_hand_and_its_interval_of_binomial_hits() -> None:
    assert f1(np.array([[3, 4, 5], [0, 0, 0]])).tolist() == [6 / 9, 0.0]
    # Everything is proposed and gold, half of it right: F1 is the share, and its error a proportion's.
    right = np.arange(1000) % 2
    low, high = bootstrap_f1(np.stack([right, np.ones(1000, int), np.ones(1000, int)], axis=1))
    assert (low, high) == pytest.approx((0.5 - 0.031, 0.5 + 0.031), abs=0.004)
    assert bootstrap_f1(np.zeros((0, 3), int)) == (0.0, 1.0)


def test_an_f1_difference_pairs_the_units() -> None:
    rng = np.random.default_rng(0)
    right = rng.integers(0, 2, 500)
    ours = np.stack([right, np.ones(500, int), np.ones(500, int)], axis=1)[None]
    better = ours.copy()
    better[0, :25, 0] = 1
    low, high = bootstrap_f1_difference([ours], [better])
    difference = float(f1(better[0].sum(axis=0)) - f1(ours[0].sum(axis=0)))
    assert 0 <= low < difference < high < 2.5 * difference  # far narrower than two independent intervals
    assert bootstrap_f1_difference([ours], [ours]) == (0.0, 0.0)
    with pytest.raises(ValueError, match="the same units, got 500 and 499"):
        bootstrap_f1_difference([ours], [better[:, 1:]])
