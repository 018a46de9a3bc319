"""Score against model size: what may be drawn, two forms of a curve with their bands, and the choice between them.

Scores are fractions, sizes are parameters. Everything inside works on rows: one row is one set of size means, so that the
fit, the fits without one size and the bootstrap replicates are the same call.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, fdtrc

from harness.scoring.statistics.resampling import Floats

Form = Literal["power", "logit"]

NAMES: Mapping[Form, tuple[str, ...]] = {"power": ("ceiling", "amplitude", "exponent"), "logit": ("level", "slope")}
REPLICATES = 1_000
EXPONENTS = (0.02, 5.0)
"""Of sizes that double: below, a curve is a straight line in log size; above, a single step."""
HUBER = 1.345
"""Standard errors beyond which a residual counts linearly: 95 % efficient where noise is normal."""
FLOOR = 1e-6
"""Least noise (a ten-thousandth of a point), so that seeds that agree exactly do not divide by zero."""
TINY = 1e-300
LOGIT_LIMIT = 30.0


class Effort(NamedTuple):
    """How far a fit is driven: rounds that narrow the exponent fourfold with Huber sweeps in each; steps of the logit fit."""

    rounds: int
    sweeps: int
    steps: int


EXACT = Effort(15, 8, 60)
QUICK = Effort(5, 5, 12)


@dataclass(frozen=True)
class ScalingFit:
    """A fitted curve between the smallest and the largest measured size.

    Intervals are of the parameters; an exponent's is open on a side where it ends at a limit of `EXPONENTS`. `loso_error` is
    the mean absolute error in predicting the mean of a left-out size; `draws` holds one row of parameters a replicate.
    """

    form: Form
    parameters: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    sizes: tuple[float, ...]
    reference: float
    chance: float
    level: float
    loso_error: Mapping[Form, float]
    draws: Floats = field(repr=False, compare=False)

    def curve(self, x: ArrayLike) -> Floats:
        """Return the fitted scores (n,) at sizes x (n,); ValueError outside the measured sizes."""
        fitted = np.array([[self.parameters[name] for name in NAMES[self.form]]])
        curve: Floats = predict(self.form, fitted, self._doublings(x), self.chance)[0]
        return curve

    def band(self, x: ArrayLike) -> tuple[Floats, Floats]:
        """Return the pointwise bounds (n,), (n,) of the curve at sizes x (n,); ValueError outside the measured sizes."""
        curves = predict(self.form, self.draws, self._doublings(x), self.chance)
        low, high = np.quantile(curves, [(1 - self.level) / 2, (1 + self.level) / 2], axis=0)
        fitted = self.curve(x)
        return np.minimum(low, fitted), np.maximum(high, fitted)

    def _doublings(self, x: ArrayLike) -> Floats:
        sizes = np.atleast_1d(np.asarray(x, dtype=np.float64))
        outside = sizes[~((sizes >= self.sizes[0]) & (sizes <= self.sizes[-1]))]
        if len(outside):
            raise ValueError(f"the curve holds from {self.sizes[0]:g} to {self.sizes[-1]:g} parameters only, got {outside[0]:g}")
        doublings: Floats = np.log2(sizes / self.reference)
        return doublings


@dataclass(frozen=True)
class _Sizes:
    """The distinct sizes (k,), smallest first, in doublings from their geometric mean, and what was measured at them.

    `means` and `seeds` (k,); `variance` is that of one seed with its degrees of freedom, pooled within sizes; `limit` (k,)
    is the Huber limit of each mean.
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


def presentation(seeds: Mapping[float, int]) -> Literal["points", "line", "fit"]:
    """Return how scores at these sizes may be drawn, given the number of seeds at each.

    Fewer than 3 sizes are points, 3 or 4 are joined, and 5 or more with at least 3 seeds each carry a fit.
    """
    if len(seeds) < 3:
        return "points"
    return "fit" if len(seeds) >= 5 and min(seeds.values()) >= 3 else "line"


def fit_scaling(
    sizes: ArrayLike,
    scores: ArrayLike,
    *,
    chance: float,
    form: Form | None = None,
    replicates: int = REPLICATES,
    level: float = 0.95,
    seed: int = 0,
) -> ScalingFit:
    """Fit a curve to scores (n,) of models of the given sizes (n,), one entry for each size and seed, in any order.

    power: y = C − A · (x/x₀)^(−b) with chance ≤ y, C ≤ 1, A ≥ 0, b > 0 (ceiling, amplitude, exponent), after
    J. Kaplan et al. 2020, arXiv 2001.08361, with a free ceiling as in J. Hoffmann et al. 2022, arXiv 2203.15556;
    logit: (y − chance) / (1 − chance) = σ(α + β · log₂(x/x₀)) (level, slope a doubling). x₀ is the sizes' geometric mean.

    Size means are fitted on the scale of the scores, weighted by their seeds, with Huber's loss (P. J. Huber. 1964. Annals
    of Mathematical Statistics 35(1), 73–101) beyond 1.345 standard errors of a mean; one seed's noise is the median absolute
    difference of two seeds of a size × 1.048, so that a failed run neither sets the scale nor draws the curve.

    The power law is chosen where two things hold, else the logit form, which has a parameter less: its error in predicting
    left-out sizes is at most 0.8 of the logit form's, and the logit form misses the size means by more than the seeds'
    noise allows (F test of lack of fit, p < 0.1). `form` overrules the choice. Intervals and bands are percentiles of a
    seeded bootstrap (`_bootstrap`), given the form.

    ValueError for shapes that differ, anything not finite, sizes that are not positive, fewer than 5 sizes, fewer than
    3 seeds at a size, scores in points, and a chance, level or number of replicates that makes no sense.
    """
    if not 0 <= chance < 1:
        raise ValueError(f"chance is a fraction from 0 to below 1, got {chance:g}")
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, got {level:g}")
    if replicates < REPLICATES:
        raise ValueError(f"a band needs at least {REPLICATES} replicates, got {replicates}")
    data = _size_means(sizes, scores, chance)
    # The first row has every size; in the others one size is left out, as one without weight.
    weights = data.seeds * np.vstack([np.ones(len(data.sizes)), 1 - np.eye(len(data.sizes))])
    fits: dict[Form, Floats] = {name: _fit(name, data, data.means[None], weights, EXACT) for name in NAMES}
    loso = {name: _left_out_error(name, data, fits[name][1:]) for name in NAMES}
    chosen = form or _choose(data, fits["logit"][:1], loso)
    draws = _bootstrap(chosen, data, fits[chosen][:1], replicates, np.random.default_rng(seed))
    fitted = fits[chosen][0]
    bounds = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
    low, high = np.minimum(bounds[0], fitted), np.maximum(bounds[1], fitted)
    names = NAMES[chosen]
    return ScalingFit(
        form=chosen,
        parameters={name: float(value) for name, value in zip(names, fitted, strict=True)},
        intervals={name: (float(a), float(b)) for name, a, b in zip(names, low, high, strict=True)},
        sizes=tuple(data.sizes.tolist()),
        reference=data.reference,
        chance=chance,
        level=level,
        loso_error=loso,
        draws=draws,
    )


def predict(form: Form, parameters: Floats, doublings: Floats, chance: float) -> Floats:
    """Return the scores (rows, n) that parameters (rows, 3 or 2) give at n sizes in doublings from the reference.

    Never below chance and never above 1, also where a power law is continued below the sizes it was fitted to.
    """
    if form == "logit":
        level, slope = parameters.T[..., None]
        return np.asarray(chance + (1 - chance) * expit(level + slope * doublings))
    ceiling, amplitude, exponent = parameters.T[..., None]
    return np.asarray(np.clip(ceiling - amplitude * np.exp2(-exponent * doublings), chance, 1.0))


def _size_means(sizes: ArrayLike, scores: ArrayLike, chance: float) -> _Sizes:
    """Check the input and gather it by size."""
    x, y = np.asarray(sizes, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"sizes and scores must be one row of the same length, got {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("sizes and scores must be finite")
    if (x <= 0).any():
        raise ValueError(f"sizes must be positive, got {x.min():g}")
    if (y > 1).any():
        raise ValueError(f"scores are fractions, got {y.max():g}")
    # Sorted by score too: sums must not depend on the order of the input.
    order = np.lexsort((y, x))
    distinct, starts, seeds = np.unique(x[order], return_index=True, return_counts=True)
    if len(distinct) < 5:
        raise ValueError(f"a fit needs at least 5 sizes, got {len(distinct)}")
    if seeds.min() < 3:
        raise ValueError(f"a fit needs at least 3 seeds at every size, got {seeds.min()} at {distinct[seeds.argmin()]:g}")
    groups = np.split(y[order], starts[1:])
    pairs = np.concatenate([np.abs(np.subtract.outer(group, group))[np.triu_indices(len(group), 1)] for group in groups])
    # Two normal seeds differ by less than 0.6745 · √2 standard deviations half of the time.
    noise = max(float(np.median(pairs)) / (0.6744897501960817 * math.sqrt(2)), FLOOR)
    degrees = len(y) - len(groups)
    variance = sum(float(((group - group.mean()) ** 2).sum()) for group in groups) / degrees
    reference = float(np.exp(np.log(distinct).mean()))
    return _Sizes(
        sizes=distinct,
        reference=reference,
        doublings=np.log2(distinct / reference),
        means=np.array([group.mean() for group in groups]),
        seeds=seeds.astype(np.float64),
        variance=max(variance, FLOOR**2),
        degrees=degrees,
        limit=HUBER * noise / np.sqrt(seeds),
        chance=chance,
    )


def _lack_of_fit(form: Form, data: _Sizes, fitted: Floats) -> tuple[float, int]:
    """Return the residual variance of the size means around fitted (1, parameters), for one seed, and its degrees of freedom."""
    residuals = data.means - predict(form, fitted, data.doublings, data.chance)[0]
    degrees = len(data.sizes) - len(NAMES[form])
    return float((data.seeds * residuals**2).sum()) / degrees, degrees


def _left_out_error(form: Form, data: _Sizes, fitted: Floats) -> float:
    """Return the mean absolute error at the size that each row of fitted (k, parameters) was fitted without."""
    predicted = np.diagonal(predict(form, fitted, data.doublings, data.chance))
    return float(np.abs(predicted - data.means).mean())


def _choose(data: _Sizes, logit: Floats, loso: Mapping[Form, float]) -> Form:
    """Return the form that `fit_scaling` says, given the logit fit and both errors on left-out sizes."""
    misfit, degrees = _lack_of_fit("logit", data, logit)
    p = float(fdtrc(degrees, data.degrees, misfit / data.variance))
    return "power" if p < 0.1 and loso["power"] <= 0.8 * loso["logit"] else "logit"


def _bootstrap(form: Form, data: _Sizes, fitted: Floats, replicates: int, rng: np.random.Generator) -> Floats:
    """Return the parameters (replicates, …) refitted to the curve plus drawn errors of the size means.

    Drawing 3 seeds with replacement would shrink their variance by a third, so errors are drawn: normal with variance s²/S,
    over a χ² that all sizes of a replicate share, which gives a linear curve its exact t interval. s² is the lack of fit's
    where that exceeds the seeds' own variance (the sizes scatter beyond their seeds), else the two pooled.
    Source: B. Efron. 1979. Annals of Statistics 7(1), 1–26, for the idea.
    """
    variance, degrees = _lack_of_fit(form, data, fitted)
    if variance <= data.variance:
        variance = (variance * degrees + data.variance * data.degrees) / (degrees + data.degrees)
        degrees += data.degrees
    errors = rng.standard_normal((replicates, len(data.sizes))) * np.sqrt(variance / data.seeds)
    errors *= np.sqrt(degrees / rng.chisquare(degrees, (replicates, 1)))
    centre = predict(form, fitted, data.doublings, data.chance)
    return _fit(form, data, centre + errors, data.seeds[None], QUICK)


def _fit(form: Form, data: _Sizes, means: Floats, weights: Floats, effort: Effort) -> Floats:
    """Return the parameters (rows, 3 or 2) of each row of means (rows or 1, k) under weights (rows or 1, k).

    The searches put sizes first, (k, rows, tries): sums over the first of the axes are several times faster than over the last.
    """
    means, weights = (np.ascontiguousarray(values.T)[:, :, None] for values in np.broadcast_arrays(means, weights))
    return (_fit_logit if form == "logit" else _fit_power)(data, means, weights, effort)


def _huber(residuals: Floats, limit: Floats) -> Floats:
    """Return ½r² up to the limit and limit · (|r| − ½ limit) beyond."""
    within = np.minimum(np.abs(residuals), limit)
    return np.asarray(within * (np.abs(residuals) - 0.5 * within))


def _reweighted(weights: Floats, residuals: Floats, limit: Floats) -> Floats:
    """Return the weights of the least squares that touch Huber's loss at these residuals."""
    return np.asarray(weights * (limit / np.maximum(np.abs(residuals), limit)))


def _fit_power(data: _Sizes, means: Floats, weights: Floats, effort: Effort) -> Floats:
    """Return ceiling, amplitude and exponent (rows, 3) of the least Huber loss.

    For one exponent the curve is y = C · (1 − h) + p · h with h = (x/x_min)^(−b): linear in the ceiling C and the score p at
    the smallest size, chance ≤ p ≤ C ≤ 1. So the search is over b alone: a grid, then ever finer ones around the best
    (variable projection: G. H. Golub and V. Pereyra. 1973. SIAM Journal on Numerical Analysis 10(2), 413–432).
    """
    above, limit = (data.doublings - data.doublings[0])[:, None, None], data.limit[:, None, None]
    low, high = np.log(EXPONENTS)
    rows = np.arange(means.shape[1])
    exponents = np.broadcast_to(np.linspace(low, high, 25), (len(rows), 25))
    step = (high - low) / 24
    reweighted = weights
    for remaining in range(effort.rounds, -1, -1):
        falling = np.exp2(-np.exp(exponents) * above)
        for _ in range(effort.sweeps):
            ceiling, start = _ends(falling, means, reweighted, data.chance)
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


def _ends(falling: Floats, means: Floats, weights: Floats, chance: float) -> tuple[Floats, Floats]:
    """Return the C and p (rows, grid) of the least weighted squares of means − C · (1 − h) − p · h, chance ≤ p ≤ C ≤ 1.

    The loss is convex: where the free solution lies outside the triangle, the best point lies on one of its three edges.
    """
    rising = 1 - falling
    weighted_rise, weighted_fall = weights * rising, weights * falling
    rr, ff, rf = (weighted_rise * rising).sum(0), (weighted_fall * falling).sum(0), (weighted_rise * falling).sum(0)
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
    least = np.where(inside, -np.inf, np.inf)
    for c, p in edges:
        loss = c * c * rr + 2 * c * p * rf + p * p * ff - 2 * (c * ry + p * fy)
        better = loss < least
        ceiling, start, least = np.where(better, c, ceiling), np.where(better, p, start), np.where(better, loss, least)
    return ceiling, start


def _fit_logit(data: _Sizes, means: Floats, weights: Floats, effort: Effort) -> Floats:
    """Return level and slope (rows, 2) of the least Huber loss: damped Newton steps from several starts.

    Source: D. W. Marquardt. 1963. Journal of the Society for Industrial and Applied Mathematics 11(2), 431–441.
    """
    chance, x, limit = data.chance, data.doublings[:, None, None], data.limit[:, None, None]
    level, slope = _starts(data, means, weights)

    def miss(level: Floats, slope: Floats) -> tuple[Floats, Floats, Floats]:
        share = expit(level + slope * x)
        residuals = means - chance - (1 - chance) * share
        return share, residuals, (weights * _huber(residuals, limit)).sum(0)

    share, residuals, loss = miss(level, slope)
    damping = np.full(loss.shape, 0.1)
    for _ in range(effort.steps):
        tangent = (1 - chance) * share * (1 - share)
        pulled = _reweighted(weights, residuals, limit) * tangent
        # Beyond its limit Huber's loss has a slope but no curvature; damping adds that of the least squares that touch it.
        curved = np.where(np.abs(residuals) <= limit, weights, 0.0) * tangent * tangent
        damped = curved + damping * pulled * tangent
        aa, ab, bb = damped.sum(0), (curved * x).sum(0), (damped * x * x).sum(0)
        ra, rb = (pulled * residuals).sum(0), (pulled * residuals * x).sum(0)
        determinant = np.maximum(aa * bb - ab * ab, TINY)
        tried_level = np.clip(level + (ra * bb - rb * ab) / determinant, -LOGIT_LIMIT, LOGIT_LIMIT)
        tried_slope = np.clip(slope + (rb * aa - ra * ab) / determinant, -LOGIT_LIMIT, LOGIT_LIMIT)
        new = miss(tried_level, tried_slope)
        better = new[2] <= loss
        level, slope = np.where(better, tried_level, level), np.where(better, tried_slope, slope)
        share, residuals, loss = (np.where(better, ours, old) for ours, old in zip(new, (share, residuals, loss), strict=True))
        damping = np.clip(np.where(better, damping / 10, damping * 10), 1e-12, 1e12)
    best = (np.arange(len(loss)), loss.argmin(1))
    return np.stack([level[best], slope[best]], axis=1)


def _starts(data: _Sizes, means: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return levels and slopes (rows, n) on the scale of clipped logits: the line through the means, flat, and chords.

    Where a robust loss leaves out the rest, a fit passes through two points: the smallest or the largest size and another.
    """
    x = data.doublings[:, None, None]
    share = np.clip((means - data.chance) / (1 - data.chance), 0.02, 0.98)
    logits = np.log(share / (1 - share))
    middle, height = (weights * x).sum(0) / weights.sum(0), (weights * logits).sum(0) / weights.sum(0)
    slope = (weights * (x - middle) * logits).sum(0) / (weights * (x - middle) ** 2).sum(0)
    levels, slopes = [height - middle * slope, height], [slope, np.zeros_like(slope)]
    last = len(x) - 1
    for i, j in [(0, j) for j in range(1, last + 1)] + [(i, last) for i in range(1, last)]:
        slopes.append((logits[j] - logits[i]) / (x[j] - x[i]))
        levels.append(logits[i] - slopes[-1] * x[i])
    return np.concatenate(levels, axis=1), np.concatenate(slopes, axis=1)
