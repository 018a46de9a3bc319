"""How a gap between two systems, such as multilingual minus English-only, changes with model size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from harness.scoring.statistics.resampling import Floats

DRAWS = 10_000
BORROWED = 4.0
"""Degrees of freedom that the typical error lends to each: those of a gap between 3 seeds and 3."""
FLOOR = 1e-9
"""Least standard error, so that gaps without any noise do not divide by zero."""


@dataclass(frozen=True)
class GapTrend:
    """By how many points the gap grows a doubling of size, its interval, and the two-sided p value of no growth."""

    slope_per_doubling: float
    interval: tuple[float, float]
    p: float


def gap_trend(
    sizes: ArrayLike,
    gaps: ArrayLike,
    errors: ArrayLike,
    degrees: ArrayLike,
    *,
    draws: int = DRAWS,
    level: float = 0.95,
    seed: int = 0,
) -> GapTrend:
    """Fit a line to gaps (n,) in points against log₂ of sizes (n,), in any order.

    `errors` (n,) are the gaps' standard errors, `degrees` (n,) the degrees of freedom these rest on; infinite
    ones are known.

    An error from a few seeds is itself uncertain, and the smallest would take all the weight: each squared
    error is averaged with the median one, by its own degrees of freedom against 4 (variances are moderated
    so, with an estimate for the 4, in G. K. Smyth. 2004. Statistical Applications in Genetics and Molecular
    Biology 3(1), 3), and carries both. Weights are the inverse of these squares. The interval is the wider of
    two around the slope: of `draws` slopes of lines through t-distributed errors of these scales, and, where
    residuals scatter more than such errors do (reduced χ² above 1), √χ² standard errors times Student's t
    with n − 2 degrees of freedom. p is the larger of the two p values.

    ValueError for shapes that differ, fewer than 3 distinct sizes, anything not finite but `degrees`, sizes
    or degrees of freedom that are not positive, and negative errors.
    """
    x, y, variances, freedom = _checked(sizes, gaps, errors, degrees)
    borrowed = BORROWED / (freedom + BORROWED)
    variances = np.maximum((1 - borrowed) * variances + borrowed * np.median(variances), FLOOR**2)
    freedom = freedom + BORROWED

    weights = 1 / variances
    away = x - (weights * x).sum() / weights.sum()
    pulls = weights * away / (weights * away * away).sum()
    slope = float((pulls * y).sum())
    residuals = y - (weights * y).sum() / weights.sum() - slope * away

    drawn = np.abs(_slopes_of_noise(pulls * np.sqrt(variances), freedom, draws, np.random.default_rng(seed)))
    half = float(np.quantile(drawn, level))
    p = float(1 + (drawn >= abs(slope)).sum()) / (1 + draws)

    # A t-distributed error varies more than its scale says.
    variances = variances * (1 + 2 / (freedom - 2))
    rest = len(x) - 2
    scatter = float((residuals**2 / variances).sum()) / rest
    if scatter > 1:
        error = float(np.sqrt(scatter * (pulls**2 * variances).sum()))
        half = max(half, float(stdtrit(rest, 0.5 + level / 2)) * error)
        p = max(p, 2 * float(stdtr(rest, -abs(slope) / error)))
    return GapTrend(slope, (slope - half, slope + half), p)


def _checked(
    sizes: ArrayLike, gaps: ArrayLike, errors: ArrayLike, degrees: ArrayLike
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return log₂ of the sizes, the gaps, their squared errors and degrees of freedom, by size; ValueError as `gap_trend` says."""
    columns = [np.asarray(column, dtype=np.float64) for column in (sizes, gaps, errors, degrees)]
    if columns[0].ndim != 1 or len({column.shape for column in columns}) > 1:
        raise ValueError(
            f"sizes, gaps, errors and degrees must be rows of one length, got {', '.join(str(c.shape) for c in columns)}"
        )
    x, y, spread, freedom = columns
    if not all(np.isfinite(column).all() for column in (x, y, spread)):
        raise ValueError("sizes, gaps and errors must be finite")
    if (x <= 0).any():
        raise ValueError(f"sizes must be positive, got {x.min():g}")
    if (spread < 0).any():
        raise ValueError(f"standard errors cannot be negative, got {spread.min():g}")
    if not (freedom > 0).all():
        raise ValueError("degrees of freedom must be positive")
    distinct = len(np.unique(x))
    if distinct < 3:
        raise ValueError(f"a trend needs at least 3 sizes, got {distinct}")
    # Sorted by all columns: sums and draws must not depend on the order of the input.
    order = np.lexsort((freedom, spread, y, x))
    return np.log2(x[order]), y[order], spread[order] ** 2, freedom[order]


def _slopes_of_noise(scales: Floats, freedom: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """Return the sums (draws,) over n of scaled t-distributed errors; infinite freedom (n,) is the normal distribution."""
    errors = rng.standard_normal((draws, len(scales))) * scales
    known = np.isinf(freedom)
    finite = np.where(known, 1.0, freedom)
    errors *= np.where(known, 1.0, np.sqrt(finite / rng.chisquare(finite, errors.shape)))
    return np.asarray(errors.sum(axis=1))
