from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from harness.scoring.statistics.gap_model import GapModel, SizeSeeds, gap_model
from harness.scoring.statistics.mixed_model import cell_means

Floats = NDArray[np.float64]


def series(gaps: Floats, *, matched: bool = True) -> list[SizeSeeds]:
    """Return sizes that double, with these gaps (sizes, seeds); NaN for a missing seed."""
    return [
        SizeSeeds(
            2.0**number,
            {seed: 50.0 for seed, gap in enumerate(row) if np.isfinite(gap)},
            {seed: 50.0 + gap for seed, gap in enumerate(row) if np.isfinite(gap)},
            matched,
        )
        for number, row in enumerate(gaps.tolist())
    ]


def fitted(gaps: Floats) -> GapModel:
    return gap_model(series(gaps), np.zeros((len(gaps),) * 2))


def drawn(rng: np.random.Generator, sizes: int, seeds: int, ratio: float, *, tails: bool = False) -> Floats:
    """Draw gaps (sizes, seeds) around zero: noise of variance 1, a seed's effect of variance `ratio`."""
    noise = rng.standard_t(4, (sizes, seeds)) / np.sqrt(2) if tails else rng.standard_normal((sizes, seeds))
    return np.asarray(noise + np.sqrt(ratio) * rng.standard_normal(seeds))


def test_with_all_seeds_at_all_sizes_the_mean_has_students_interval_over_the_seeds() -> None:
    # Kenward and Roger's test is exact here: that of the seeds' means, and of the residuals for a trend.
    rng = np.random.default_rng(3)
    gaps = 2.0 + drawn(rng, 5, 4, 2.0)
    model = fitted(gaps)
    by_seed = gaps.mean(axis=0)
    exact = stats.ttest_1samp(by_seed, 0.0)
    assert model.mean.points == pytest.approx(by_seed.mean())
    assert model.mean.p == pytest.approx(exact.pvalue, rel=1e-4)
    assert model.mean.interval == pytest.approx(tuple(exact.confidence_interval()), rel=1e-4)
    assert model.trend is not None
    doublings = np.arange(5) - 2.0
    slopes = gaps.T @ doublings / 10
    residual = gaps - gaps.mean(axis=1, keepdims=True) - by_seed + gaps.mean()
    error = np.sqrt((residual**2).sum() / 12 / 4 / 10)
    assert model.trend.points == pytest.approx(slopes.mean())
    assert model.trend.p == pytest.approx(2 * stats.t.sf(abs(slopes.mean()) / error, 12), rel=1e-4)


def test_one_size_is_a_paired_test_and_unmatched_seeds_a_pooled_one() -> None:
    gaps = np.array([[1.0, 3.0, 2.5]])
    exact = stats.ttest_1samp(gaps[0], 0.0)
    model = fitted(gaps)
    assert (model.trend, model.seed_variance) == (None, 0.0)
    assert model.mean.p == pytest.approx(exact.pvalue)
    assert model.sizes[0].interval == pytest.approx(tuple(exact.confidence_interval()), rel=1e-4)
    first, second = {0: 50.0, 1: 52.0, 2: 51.0}, {4: 55.0, 5: 53.0}
    apart = gap_model([SizeSeeds(1e6, first, second, matched=False)], np.zeros((1, 1)))
    pooled = stats.ttest_ind(list(second.values()), list(first.values()))
    assert apart.mean.p == pytest.approx(pooled.pvalue)
    assert not apart.matched


def test_intervals_of_all_sizes_are_wider_than_those_of_one_and_narrower_than_bonferronis() -> None:
    model = fitted(3.0 + drawn(np.random.default_rng(0), 6, 3, 0.5))
    half = [effect.interval[1] - effect.points for effect in model.sizes]
    error = float(np.sqrt((model.seed_variance + model.noise_variance) / 3))
    freedom = model.sizes[0].freedom
    assert error * stats.t.isf(0.025, freedom) < half[0] < error * stats.t.isf(0.025 / 6, freedom) * 1.01
    for effect in model.sizes:
        assert (effect.p < 0.05) == (effect.interval[0] > 0 or effect.interval[1] < 0)


def test_examples_add_to_the_variance_of_the_seeds() -> None:
    gaps = 2.0 + drawn(np.random.default_rng(1), 4, 3, 0.0)
    alone = fitted(gaps).mean
    shared = gap_model(series(gaps), np.full((4, 4), 1.0)).mean
    assert np.ptp(shared.interval) > np.ptp(alone.interval)
    # Examples that all sizes share do not blur the trend.
    with_shared, without = gap_model(series(gaps), np.full((4, 4), 1.0)).trend, fitted(gaps).trend
    assert with_shared is not None
    assert without is not None
    assert with_shared.interval == pytest.approx(without.interval)


def test_assumptions_and_other_assumptions_are_told() -> None:
    gaps = np.array([[1.6, 6.8, 8.3], [1.1, 7.2, 2.9], [7.8, 6.8, 5.4], [0.2, 3.8, 5.1], [0.7, 2.0, -6.1]])
    model = fitted(gaps)
    seeds, scatter, normal = model.assumptions
    by_seed = gaps - gaps.mean(axis=1, keepdims=True)
    effect = by_seed.mean(axis=0)
    ratio = 5 * (effect**2).sum() / 2 / (((by_seed - effect) ** 2).sum() / 8)
    assert seeds.test == f"F(2, 8) = {ratio:.2f} against none"
    assert seeds.p == pytest.approx(stats.f.sf(ratio, 2, 8))
    assert scatter.p == pytest.approx(stats.levene(*gaps).pvalue)
    assert 0 < normal.p < 1
    least, most = model.sensitivity.values()
    assert least.p == pytest.approx(_pooled(gaps), rel=1e-3)
    assert most.p == pytest.approx(stats.ttest_1samp(gaps.mean(axis=0), 0.0).pvalue, rel=1e-3)


def _pooled(gaps: Floats) -> float:
    """Return the p of no mean gap with one noise for all sizes and no effect of seeds."""
    freedom = gaps.size - len(gaps)
    noise = ((gaps - gaps.mean(axis=1, keepdims=True)) ** 2).sum() / freedom
    return float(2 * stats.t.sf(abs(gaps.mean()) / np.sqrt(noise / gaps.size), freedom))


def test_a_noise_that_cannot_be_estimated_is_refused() -> None:
    with pytest.raises(ValueError, match="no cell has two values"):
        fitted(np.array([[1.0], [2.0]]))


def incomplete(count: int) -> Iterator[tuple[Floats, NDArray[np.intp], NDArray[np.intp]]]:
    """Yield values, cells and seeds of data sets in which some seeds are missing at some sizes."""
    for number in range(count):
        rng = np.random.default_rng(number)
        sizes, seeds = int(rng.integers(3, 7)), int(rng.integers(3, 7))
        gaps = drawn(rng, sizes, seeds, float(rng.choice([0.5, 1.0, 4.0]))) + rng.normal(0, 3, (sizes, 1))
        kept = rng.random(gaps.shape) < 0.85
        kept[:, :2] = True
        cells, numbers = np.nonzero(kept)
        yield gaps[kept], cells, numbers


@pytest.mark.parametrize("count", [12, pytest.param(200, marks=pytest.mark.slow)])
def test_the_variances_and_means_are_those_of_another_implementation(count: int) -> None:
    from statsmodels.regression.mixed_linear_model import MixedLM  # takes a second

    compared = 0
    for values, cells, seeds in incomplete(count):
        fit = cell_means(values, cells, seeds)
        if fit.seeds < 0.02 * fit.noise:  # there the other stops with a warning, or at a negative variance
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            other = MixedLM(values, np.eye(cells.max() + 1)[cells], groups=seeds).fit(
                reml=True, method=["bfgs", "powell"], gtol=1e-8
            )
        assert fit.noise == pytest.approx(other.scale, rel=2e-3)
        assert fit.seeds == pytest.approx(float(other.cov_re[0, 0]), rel=5e-3, abs=2e-3)
        assert fit.means == pytest.approx(other.fe_params, rel=1e-3, abs=1e-3)
        # The covariance by the other's variances; its own standard errors are of a numerical Hessian.
        whole = other.scale * np.eye(len(values)) + float(other.cov_re[0, 0]) * (seeds[:, None] == seeds)
        design = np.eye(cells.max() + 1)[cells]
        plain = np.linalg.inv(design.T @ np.linalg.solve(whole, design))
        assert fit.plain == pytest.approx(plain, rel=5e-3, abs=1e-4)
        compared += 1
    assert compared > count / 2


# ---- simulated worlds; the table is in docs/statistics.md ----------------------------------------

WORLDS = 1000


def rates(sizes: int, seeds: int, ratio: float, *, gap: float = 0.0, tails: bool = False) -> list[float]:
    """Return how often mean, trend and any size are significant, and how often all sizes' intervals are right."""
    counts = np.zeros(4)
    for number in range(WORLDS):
        gaps = gap + drawn(np.random.default_rng(number), sizes, seeds, ratio, tails=tails)
        model = fitted(gaps)
        assert model.trend is not None
        counts += [
            model.mean.p < 0.05,
            model.trend.p < 0.05,
            min(effect.p for effect in model.sizes) < 0.05,
            all(low <= gap <= high for low, high in (effect.interval for effect in model.sizes)),
        ]
    return (counts / WORLDS).tolist()


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("ratio", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("tails", [False, True])
def test_equal_regimes_are_told_apart_in_at_most_five_of_100_worlds(
    seeds: int, ratio: float, tails: bool
) -> None:
    mean, trend, any_size, all_right = rates(5, seeds, ratio, tails=tails)
    print(
        f"{seeds} seeds, ratio {ratio}, tails {tails}: {mean:.3f} {trend:.3f} {any_size:.3f} {all_right:.3f}"
    )
    assert mean <= 0.065
    assert 0.02 <= trend <= 0.065
    assert any_size <= 0.065
    assert all_right >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("gap", [1.0, 2.0])
def test_a_gap_is_found_more_often_with_more_seeds(seeds: int, gap: float) -> None:
    power = {ratio: rates(5, seeds, ratio, gap=gap)[0] for ratio in (0.0, 0.5, 2.0)}
    print(f"power, {seeds} seeds, gap {gap}: {power}")
    assert power[0.0] > power[2.0]
