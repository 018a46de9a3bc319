from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from harness.scoring.statistics.trend import gap_trend

SIZES = [4e6, 8e6, 16e6, 32e6, 64e6]
KNOWN = [np.inf] * 5


def test_a_straight_line_is_recovered_with_any_weights() -> None:
    trend = gap_trend(SIZES, [1.0, 1.5, 2.0, 2.5, 3.0], [0.1, 0.2, 0.1, 0.4, 0.3], [4] * 5)
    assert trend.slope_per_doubling == pytest.approx(0.5)
    assert trend.p < 0.01


def test_known_errors_give_the_normal_interval_of_weighted_least_squares() -> None:
    gaps, errors = [1.0, 1.4, 2.1, 2.4, 3.1], np.array([0.5, 0.6, 0.4, 0.7, 0.8])
    oracle = sm.WLS(gaps, sm.add_constant(np.log2(SIZES)), weights=1 / errors**2).fit(cov_type="fixed scale")
    trend = gap_trend(SIZES, gaps, errors, KNOWN, draws=200_000)
    assert trend.slope_per_doubling == pytest.approx(oracle.params[1])
    assert trend.interval == pytest.approx(oracle.conf_int()[1], abs=0.005)
    assert trend.p == pytest.approx(oracle.pvalues[1], abs=0.002)


def test_scatter_beyond_the_errors_gives_students_interval_of_weighted_least_squares() -> None:
    gaps, errors = [1.0, 3.0, 1.2, 2.9, 4.6], np.array([0.05, 0.06, 0.04, 0.07, 0.08])
    oracle = sm.WLS(gaps, sm.add_constant(np.log2(SIZES)), weights=1 / errors**2).fit()
    trend = gap_trend(SIZES, gaps, errors, KNOWN)
    assert trend.slope_per_doubling == pytest.approx(oracle.params[1])
    assert trend.interval == pytest.approx(tuple(oracle.conf_int()[1]))
    assert trend.p == pytest.approx(oracle.pvalues[1])


def test_an_error_from_few_seeds_is_averaged_with_the_typical_one() -> None:
    # Degrees 4 against 4: squared errors 0.04, 0.16, 1.00 become their means with the median 0.16.
    uncertain = gap_trend(SIZES[:3], [0.0, 1.0, 3.0], [0.2, 0.4, 1.0], [4, 4, 4])
    moderated = gap_trend(SIZES[:3], [0.0, 1.0, 3.0], np.sqrt([0.10, 0.16, 0.58]), [np.inf] * 3)
    assert uncertain.slope_per_doubling == pytest.approx(moderated.slope_per_doubling)
    # The same scales with eight degrees of freedom have the tails of t.
    assert uncertain.interval[1] - uncertain.interval[0] > 1.1 * (
        moderated.interval[1] - moderated.interval[0]
    )


def test_two_systems_that_do_not_differ_have_no_trend() -> None:
    trend = gap_trend(SIZES, [0.0] * 5, [0.3] * 5, [4] * 5)
    assert (trend.slope_per_doubling, trend.p) == (0.0, 1.0)
    assert trend.interval[0] == -trend.interval[1] < 0


def test_gaps_without_noise_fall_back_to_their_scatter() -> None:
    gaps = [1.0, 1.4, 2.1, 2.4, 3.1]
    oracle = sm.OLS(gaps, sm.add_constant(np.log2(SIZES))).fit()
    assert gap_trend(SIZES, gaps, [0.0] * 5, KNOWN).interval == pytest.approx(tuple(oracle.conf_int()[1]))


def test_p_and_interval_agree() -> None:
    rng = np.random.default_rng(0)
    for seed in range(60):
        gaps = rng.normal(0, 0.5, 5) + 0.25 * np.arange(5)
        trend = gap_trend(SIZES, gaps, rng.uniform(0.1, 0.8, 5), rng.uniform(2, 6, 5), seed=seed)
        if abs(trend.p - 0.05) > 0.001:
            assert (trend.p < 0.05) == (trend.interval[0] > 0 or trend.interval[1] < 0)


def test_order_does_not_matter_and_draws_are_reproducible() -> None:
    columns = np.array([SIZES, [1.0, 1.4, 2.1, 2.4, 3.1], [0.5, 0.6, 0.4, 0.7, 0.8], [4, 3.5, 3, np.inf, 2]])
    trend = gap_trend(*columns)
    assert gap_trend(*columns[:, [3, 1, 4, 0, 2]]) == trend == gap_trend(*columns)
    assert gap_trend(*columns, seed=1).interval != trend.interval


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"gaps": [1.0, 2.0]},
            r"^sizes, gaps, errors and degrees must be rows of one length, got \(3,\), \(2,\), \(3,\), \(3,\)$",
        ),
        ({"sizes": [1e6, 1e6, 2e6]}, r"^a trend needs at least 3 sizes, got 2$"),
        ({"sizes": [1e6, 0.0, 2e6]}, r"^sizes must be positive, got 0$"),
        ({"gaps": [1.0, np.nan, 2.0]}, r"^sizes, gaps and errors must be finite$"),
        ({"errors": [1.0, -0.5, 2.0]}, r"^standard errors cannot be negative, got -0\.5$"),
        ({"degrees": [4.0, np.nan, 4.0]}, r"^degrees of freedom must be positive$"),
        ({"degrees": [4.0, 0.0, 4.0]}, r"^degrees of freedom must be positive$"),
    ],
)
def test_invalid_input_of_a_trend_is_refused(changed: dict[str, list[float]], message: str) -> None:
    valid = {
        "sizes": [1e6, 2e6, 4e6],
        "gaps": [1.0, 2.0, 3.0],
        "errors": [0.5, 0.5, 0.5],
        "degrees": [4.0, 4.0, 4.0],
    }
    with pytest.raises(ValueError, match=message):
        gap_trend(**(valid | changed))
