"""How a gap between two systems, such as multilingual minus English-only, changes with model size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from harness.scoring.statistics.resampling import Floats

DRAWS = 10_000
PRIOR_FREEDOM = 4.0
"""Degrees of freedom of the median error when it is averaged with each error: a gap of 3 seeds against 3."""
FLOOR = 1e-9
"""Smallest standard error, against division by zero for gaps without noise."""


@dataclass(frozen=True)
class GapTrend:
    """The growth of a gap in points per doubling of size, its interval and the two-sided p of no growth."""

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

    `errors` (n,) are the gaps' standard errors, `degrees` (n,) their degrees of freedom; infinite ones mean
    that the error is known.

    An error from a few seeds is itself uncertain, and the smallest would get nearly all the weight: each
    squared error is averaged with the median one, weighted by its degrees of freedom against 4, and gets the
    sum of both (variances are moderated in this way, with an estimate for the 4, in G. K. Smyth. 2004.
    Statistical Applications in Genetics and Molecular Biology 3(1), 3). Weights are the inverse of these
    squares. The interval is the wider of two around the slope: of `draws` slopes of lines through
    t-distributed errors of these scales, and, where residuals scatter more than such errors do (reduced χ²
    above 1), √χ² standard errors times Student's t with n − 2 degrees of freedom. p is the larger of the two
    p values.

    Raises ValueError for shapes that differ, fewer than 3 distinct sizes, values that are not finite (except
    `degrees`), sizes or degrees of freedom that are not positive, and negative errors.
    """
    x, y, variances, freedom = _checked(sizes, gaps, errors, degrees)
    prior = PRIOR_FREEDOM / (freedom + PRIOR_FREEDOM)
    variances = np.maximum((1 - prior) * variances + prior * np.median(variances), FLOOR**2)
    freedom = freedom + PRIOR_FREEDOM

    weights = 1 / variances
    centred = x - (weights * x).sum() / weights.sum()
    # The slope is the sum of the gaps times these coefficients.
    coefficients = weights * centred / (weights * centred * centred).sum()
    slope = float((coefficients * y).sum())
    residuals = y - (weights * y).sum() / weights.sum() - slope * centred

    scales = coefficients * np.sqrt(variances)
    drawn = np.abs(_slopes_of_noise(scales, freedom, draws, np.random.default_rng(seed)))
    half_width = float(np.quantile(drawn, level))
    p = float(1 + (drawn >= abs(slope)).sum()) / (1 + draws)

    # The variance of a t-distributed error is larger than its squared scale.
    variances = variances * (1 + 2 / (freedom - 2))
    residual_degrees = len(x) - 2
    reduced_chi2 = float((residuals**2 / variances).sum()) / residual_degrees
    if reduced_chi2 > 1:
        error = float(np.sqrt(reduced_chi2 * (coefficients**2 * variances).sum()))
        half_width = max(half_width, float(stdtrit(residual_degrees, 0.5 + level / 2)) * error)
        p = max(p, 2 * float(stdtr(residual_degrees, -abs(slope) / error)))
    return GapTrend(slope, (slope - half_width, slope + half_width), p)


def _checked(
    sizes: ArrayLike, gaps: ArrayLike, errors: ArrayLike, degrees: ArrayLike
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return log₂ of the sizes, the gaps, squared errors and degrees of freedom, sorted; see `gap_trend`."""
    columns = [np.asarray(column, dtype=np.float64) for column in (sizes, gaps, errors, degrees)]
    if columns[0].ndim != 1 or len({column.shape for column in columns}) > 1:
        raise ValueError(
            "sizes, gaps, errors and degrees must be rows of one length, "
            f"got {', '.join(str(column.shape) for column in columns)}"
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
    """Return the sums (draws,) of t-distributed errors of scales (n,); infinite freedom (n,) means normal."""
    errors = rng.standard_normal((draws, len(scales))) * scales
    known = np.isinf(freedom)
    finite = np.where(known, 1.0, freedom)
    errors *= np.where(known, 1.0, np.sqrt(finite / rng.chisquare(finite, errors.shape)))
    return np.asarray(errors.sum(axis=1))
