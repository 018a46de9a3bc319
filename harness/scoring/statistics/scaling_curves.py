"""The two forms of a curve of score against model size, and the fit of many of them in one call.

Scores are fractions, sizes are parameters. Each row is one set of size means, so that the fit, the fits
without one size and the bootstrap replicates are the same call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from scipy.special import expit

from harness.scoring.statistics.resampling import Floats

Form = Literal["power", "logit"]

NAMES: Mapping[Form, tuple[str, ...]] = {
    "power": ("ceiling", "amplitude", "exponent"),
    "logit": ("level", "slope"),
}
EXPONENTS = (0.02, 5.0)
"""Limits, per doubling of size: below, a curve is a straight line in log size; above, a single step."""
HUBER = 1.345
"""Standard errors beyond which the loss of a residual is linear: 95 % efficient for normal noise."""
TINY = 1e-300
LOGIT_LIMIT = 30.0


class Effort(NamedTuple):
    """The number of iterations of a fit.

    A power law takes `rounds`, each of which narrows the exponent's grid fourfold, with `sweeps` of Huber
    weights in each; a logit line takes `steps`.
    """

    rounds: int
    sweeps: int
    steps: int


EXACT = Effort(15, 8, 60)
QUICK = Effort(5, 5, 12)


@dataclass(frozen=True)
class SizeMeans:
    """The mean score and the number of seeds at each distinct size (k,), smallest first.

    `doublings` (k,) are log₂ of the sizes over `reference`, their geometric mean; `variance` is that of one
    seed, pooled within sizes, with `degrees` of freedom; `limit` (k,) is the Huber limit of each mean.
    """

    sizes: Floats
    reference: float
    doublings: Floats
    means: Floats
    seeds: Floats
    variance: float
    degrees: int
    limit: Floats
    chance: float


def predict(form: Form, parameters: Floats, doublings: Floats, chance: float) -> Floats:
    """Return the scores (rows, n) of parameters (rows, 3 or 2) at sizes in doublings (n,) from the reference.

    Never below chance and never above 1, also where a power law is extrapolated below the fitted sizes.
    """
    if form == "logit":
        level, slope = parameters.T[..., None]
        return np.asarray(chance + (1 - chance) * expit(level + slope * doublings))
    ceiling, amplitude, exponent = parameters.T[..., None]
    return np.asarray(np.clip(ceiling - amplitude * np.exp2(-exponent * doublings), chance, 1.0))


def fit_curves(form: Form, data: SizeMeans, means: Floats, weights: Floats, effort: Effort) -> Floats:
    """Return the parameters (rows, 3 or 2) of each row of means (rows or 1, k) under weights (rows or 1, k).

    Internally sizes are the first axis, (k, rows, candidates): sums over the first axis are several times
    faster than over the last.
    """
    means, weights = (
        np.ascontiguousarray(values.T)[:, :, None] for values in np.broadcast_arrays(means, weights)
    )
    return (_fit_logit if form == "logit" else _fit_power)(data, means, weights, effort)


def _huber(residuals: Floats, limit: Floats) -> Floats:
    """Return ½r² up to the limit and limit · (|r| − ½ limit) beyond."""
    within = np.minimum(np.abs(residuals), limit)
    return np.asarray(within * (np.abs(residuals) - 0.5 * within))


def _reweighted(weights: Floats, residuals: Floats, limit: Floats) -> Floats:
    """Return the weights of iteratively reweighted least squares for Huber's loss at these residuals."""
    return np.asarray(weights * (limit / np.maximum(np.abs(residuals), limit)))


def _fit_power(data: SizeMeans, means: Floats, weights: Floats, effort: Effort) -> Floats:
    """Return ceiling, amplitude and exponent (rows, 3) of the least Huber loss.

    For one exponent the curve is y = C · (1 − h) + p · h with h = (x/x_min)^(−b): linear in the ceiling C and
    the score p at the smallest size, chance ≤ p ≤ C ≤ 1. So the search is over b only: a grid, then finer
    grids around the best (variable projection: G. H. Golub and V. Pereyra. 1973. SIAM Journal on Numerical
    Analysis 10(2), 413–432).
    """
    from_smallest, limit = (data.doublings - data.doublings[0])[:, None, None], data.limit[:, None, None]
    low, high = np.log(EXPONENTS)
    rows = np.arange(means.shape[1])
    exponents = np.broadcast_to(np.linspace(low, high, 25), (len(rows), 25))
    step = (high - low) / 24
    reweighted = weights
    for remaining in range(effort.rounds, -1, -1):
        falling = np.exp2(-np.exp(exponents) * from_smallest)
        for _ in range(effort.sweeps):
            ceiling, start = _ceiling_and_start(falling, means, reweighted, data.chance)
            residuals = means - ceiling + (ceiling - start) * falling
            reweighted = _reweighted(weights, residuals, limit)
        best = (rows, (weights * _huber(residuals, limit)).sum(0).argmin(1))
        if remaining:
            reweighted = reweighted[:, *best][:, :, None]
            exponents = np.clip(exponents[best][:, None] + step * np.linspace(-1, 1, 9), low, high)
            step /= 4
    exponent = np.exp(exponents[best])
    amplitude = (ceiling - start)[best] * np.exp2(exponent * data.doublings[0])
    return np.stack([ceiling[best], amplitude, exponent], axis=1)


def _ceiling_and_start(
    falling: Floats, means: Floats, weights: Floats, chance: float
) -> tuple[Floats, Floats]:
    """Return the C and p (rows, grid) that minimise the weighted squares of means − C · (1 − h) − p · h.

    Under chance ≤ p ≤ C ≤ 1; h is `falling`. The loss is convex: where the unconstrained solution is outside
    this triangle, the best point is on one of its three edges.
    """
    rising = 1 - falling
    weighted_rise, weighted_fall = weights * rising, weights * falling
    rr, ff, rf = (
        (weighted_rise * rising).sum(0),
        (weighted_fall * falling).sum(0),
        (weighted_rise * falling).sum(0),
    )
    ry, fy = (weighted_rise * means).sum(0), (weighted_fall * means).sum(0)
    determinant = np.maximum(rr * ff - rf * rf, TINY)
    ceiling, start = (ry * ff - fy * rf) / determinant, (fy * rr - ry * rf) / determinant
    inside = (chance <= start) & (start <= ceiling) & (ceiling <= 1)
    flat = np.clip((ry + fy) / np.maximum(rr + 2 * rf + ff, TINY), chance, 1)
    edges = [
        (flat, flat),
        (np.clip((ry - chance * rf) / np.maximum(rr, TINY), chance, 1), np.full_like(flat, chance)),
        (np.ones_like(flat), np.clip((fy - rf) / np.maximum(ff, TINY), chance, 1)),
    ]
    lowest = np.where(inside, -np.inf, np.inf)
    for c, p in edges:
        loss = c * c * rr + 2 * c * p * rf + p * p * ff - 2 * (c * ry + p * fy)
        better = loss < lowest
        ceiling, start, lowest = (
            np.where(better, c, ceiling),
            np.where(better, p, start),
            np.where(better, loss, lowest),
        )
    return ceiling, start


def _fit_logit(data: SizeMeans, means: Floats, weights: Floats, effort: Effort) -> Floats:
    """Return level and slope (rows, 2) of the least Huber loss: damped Newton steps from several starts.

    Source: D. W. Marquardt. 1963. Journal of the Society for Industrial and Applied Mathematics 11(2),
    431–441.
    """
    chance, x, limit = data.chance, data.doublings[:, None, None], data.limit[:, None, None]
    level, slope = _starts(data, means, weights)

    def evaluate(level: Floats, slope: Floats) -> tuple[Floats, Floats, Floats]:
        share = expit(level + slope * x)
        residuals = means - chance - (1 - chance) * share
        return share, residuals, (weights * _huber(residuals, limit)).sum(0)

    share, residuals, loss = evaluate(level, slope)
    damping = np.full(loss.shape, 0.1)
    for _ in range(effort.steps):
        tangent = (1 - chance) * share * (1 - share)
        gradient_weights = _reweighted(weights, residuals, limit) * tangent
        # Beyond its limit Huber's loss has a slope but no curvature; damping adds the curvature of the
        # reweighted least squares.
        curvature = np.where(np.abs(residuals) <= limit, weights, 0.0) * tangent * tangent
        damped = curvature + damping * gradient_weights * tangent
        aa, ab, bb = damped.sum(0), (curvature * x).sum(0), (damped * x * x).sum(0)
        ra, rb = (gradient_weights * residuals).sum(0), (gradient_weights * residuals * x).sum(0)
        determinant = np.maximum(aa * bb - ab * ab, TINY)
        new_level = np.clip(level + (ra * bb - rb * ab) / determinant, -LOGIT_LIMIT, LOGIT_LIMIT)
        new_slope = np.clip(slope + (rb * aa - ra * ab) / determinant, -LOGIT_LIMIT, LOGIT_LIMIT)
        evaluated = evaluate(new_level, new_slope)
        better = evaluated[2] <= loss
        level, slope = np.where(better, new_level, level), np.where(better, new_slope, slope)
        share, residuals, loss = (
            np.where(better, new, old) for new, old in zip(evaluated, (share, residuals, loss), strict=True)
        )
        damping = np.clip(np.where(better, damping / 10, damping * 10), 1e-12, 1e12)
    best = (np.arange(len(loss)), loss.argmin(1))
    return np.stack([level[best], slope[best]], axis=1)


def _starts(data: SizeMeans, means: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return starting levels and slopes (rows, n): the line through the clipped logits, a flat line, chords.

    The chords join the smallest or the largest size to each other one: a robust fit that treats all other
    means as outliers passes through two points.
    """
    x = data.doublings[:, None, None]
    share = np.clip((means - data.chance) / (1 - data.chance), 0.02, 0.98)
    logits = np.log(share / (1 - share))
    mean_x, mean_logit = (weights * x).sum(0) / weights.sum(0), (weights * logits).sum(0) / weights.sum(0)
    slope = (weights * (x - mean_x) * logits).sum(0) / (weights * (x - mean_x) ** 2).sum(0)
    levels, slopes = [mean_logit - mean_x * slope, mean_logit], [slope, np.zeros_like(slope)]
    last = len(x) - 1
    for i, j in [(0, j) for j in range(1, last + 1)] + [(i, last) for i in range(1, last)]:
        slopes.append((logits[j] - logits[i]) / (x[j] - x[i]))
        levels.append(logits[i] - slopes[-1] * x[i])
    return np.concatenate(levels, axis=1), np.concatenate(slopes, axis=1)
