"""Confidence intervals for one score."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from harness.scoring.statistics.resampling import Floats, f1, resampled_sums

REPLICATES = 2_000


def wilson(successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval for a proportion, as fractions; (0, 1) for n = 0.

    Centre (p + z²/2n) / (1 + z²/n), half width z/(1 + z²/n) · √(p(1−p)/n + z²/4n²).
    Source: E. B. Wilson. 1927. JASA 22(158), 209–212.
    """
    from scipy.special import ndtri  # noqa: PLC0415 - takes 0.2 s, and most checks need no interval

    if n == 0:
        return 0.0, 1.0
    z = float(ndtri(0.5 + level / 2))
    p = successes / n
    shrink = 1 + z * z / n
    centre = (p + z * z / (2 * n)) / shrink
    half = z / shrink * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # At 0 and n successes the bound is exactly 0 or 1; rounding must not push it past the score.
    return (0.0 if successes == 0 else max(0.0, centre - half)), (
        1.0 if successes == n else min(1.0, centre + half)
    )


def bootstrap_mean(
    values: NDArray[np.floating], *, replicates: int = REPLICATES, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the mean of values (n,) from 0 to 1; (0, 1) for n = 0.

    Source: B. Efron. 1979. Annals of Statistics 7(1), 1–26.
    """
    if len(values) == 0:
        return 0.0, 1.0
    means = resampled_sums(values[:, None], replicates, np.random.default_rng(seed))[:, 0] / len(values)
    return _percentiles(means, float(values.mean()), level)


def bootstrap_f1(
    counts: NDArray[np.integer], *, replicates: int = REPLICATES, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of F1 from counts (units, 3); (0, 1) without a unit.

    The counts are true positives, proposed and gold. A unit is resampled as a whole, such as a source
    sentence with its proposed and its gold pair; units without either do not change F1 and can be omitted.
    Source: as for the mean.
    """
    if len(counts) == 0:
        return 0.0, 1.0
    scores = f1(resampled_sums(counts, replicates, np.random.default_rng(seed)))
    return _percentiles(scores, float(f1(counts.sum(axis=0))), level)


def _percentiles(drawn: Floats, score: float, level: float) -> tuple[float, float]:
    """Return the percentile interval of draws (replicates,), widened to include the score and clipped to 0–1.

    Normal draws are unbounded and may exceed 0 or 1. If all values are equal, rounding may exclude the score.
    """
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return max(0.0, min(float(low), score)), min(1.0, max(float(high), score))
