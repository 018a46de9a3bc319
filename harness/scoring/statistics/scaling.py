"""Fit score against model size: when a curve may be drawn, the choice of its form, and its band.

Scores are fractions, sizes are parameters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import fdtrc

from harness.scoring.statistics.resampling import Floats
from harness.scoring.statistics.scaling_curves import (
    EXACT,
    HUBER,
    NAMES,
    QUICK,
    Form,
    SizeMeans,
    fit_curves,
    predict,
)

REPLICATES = 1_000
FLOOR = 1e-6
"""Smallest noise (a ten-thousandth of a point), against division by zero where seeds agree exactly."""


@dataclass(frozen=True)
class ScalingFit:
    """A fitted curve between the smallest and the largest measured size.

    `intervals` are those of the parameters; that of an exponent is open on a side that ends at a limit of
    `scaling_curves.EXPONENTS`. `loso_error` is the mean absolute error in predicting the mean of a left-out
    size (leave one size out); `draws` has one row of parameters for each replicate.
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
        """Return the pointwise bounds (n,), (n,) of the curve at sizes x (n,).

        Raises ValueError outside the measured sizes.
        """
        curves = predict(self.form, self.draws, self._doublings(x), self.chance)
        low, high = np.quantile(curves, [(1 - self.level) / 2, (1 + self.level) / 2], axis=0)
        fitted = self.curve(x)
        return np.minimum(low, fitted), np.maximum(high, fitted)

    def _doublings(self, x: ArrayLike) -> Floats:
        sizes = np.atleast_1d(np.asarray(x, dtype=np.float64))
        outside = sizes[~((sizes >= self.sizes[0]) & (sizes <= self.sizes[-1]))]
        if len(outside):
            raise ValueError(
                f"the curve holds from {self.sizes[0]:g} to {self.sizes[-1]:g} parameters only, "
                f"got {outside[0]:g}"
            )
        doublings: Floats = np.log2(sizes / self.reference)
        return doublings


def presentation(seeds: Mapping[float, int]) -> Literal["points", "line", "fit"]:
    """Return how scores may be drawn, given the number of seeds at each size.

    Fewer than 3 sizes are drawn as points; at least 5, with at least 3 seeds each, as a fitted curve; others
    as points joined by a line.
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
    """Fit a curve to scores (n,) of models of sizes (n,), one entry for each size and seed, in any order.

    power: y = C − A · (x/x₀)^(−b) with chance ≤ y, C ≤ 1, A ≥ 0, b > 0 (ceiling, amplitude, exponent), after
    J. Kaplan et al. 2020, arXiv 2001.08361, with a free ceiling as in J. Hoffmann et al. 2022, arXiv
    2203.15556; logit: (y − chance) / (1 − chance) = σ(α + β · log₂(x/x₀)) (level, slope a doubling). x₀ is
    the geometric mean of the sizes.

    Size means are fitted on the scale of the scores, weighted by their number of seeds, with Huber's loss
    (P. J. Huber. 1964. Annals of Mathematical Statistics 35(1), 73–101) beyond 1.345 standard errors of a
    mean. The noise of one seed is 1.048 times the median absolute difference of two seeds of a size, so that
    a failed run changes neither the scale nor the curve much.

    The power law is chosen where two conditions hold: its error in predicting left-out sizes is at most 0.8
    of the logit form's, and the logit form misses the size means by more than the seeds' noise explains
    (F test of lack of fit, p < 0.1). Otherwise the logit form is chosen, which has one parameter less. `form`
    overrides the choice. Intervals and bands are percentiles of a seeded bootstrap (`_bootstrap`), given the
    form.

    Raises ValueError for shapes that differ, values that are not finite, sizes that are not positive, fewer
    than 5 sizes, fewer than 3 seeds at a size, scores above 1 (points), a chance or level out of range, and
    too few replicates.
    """
    if not 0 <= chance < 1:
        raise ValueError(f"chance is a fraction from 0 to below 1, got {chance:g}")
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, got {level:g}")
    if replicates < REPLICATES:
        raise ValueError(f"a band needs at least {REPLICATES} replicates, got {replicates}")
    data = _size_means(sizes, scores, chance)
    # The first row of weights includes every size; in each other row one size has weight 0.
    weights = data.seeds * np.vstack([np.ones(len(data.sizes)), 1 - np.eye(len(data.sizes))])
    fits: dict[Form, Floats] = {
        name: fit_curves(name, data, data.means[None], weights, EXACT) for name in NAMES
    }
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


def _size_means(sizes: ArrayLike, scores: ArrayLike, chance: float) -> SizeMeans:
    """Check the input of `fit_scaling` and group it by size."""
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
        raise ValueError(
            f"a fit needs at least 3 seeds at every size, got {seeds.min()} at {distinct[seeds.argmin()]:g}"
        )
    groups = np.split(y[order], starts[1:])
    pairs = np.concatenate(
        [np.abs(np.subtract.outer(group, group))[np.triu_indices(len(group), 1)] for group in groups]
    )
    # Two normal seeds differ by less than 0.6745 · √2 standard deviations half of the time.
    noise = max(float(np.median(pairs)) / (0.6744897501960817 * math.sqrt(2)), FLOOR)
    degrees = len(y) - len(groups)
    variance = sum(float(((group - group.mean()) ** 2).sum()) for group in groups) / degrees
    reference = float(np.exp(np.log(distinct).mean()))
    return SizeMeans(
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


def _lack_of_fit(form: Form, data: SizeMeans, fitted: Floats) -> tuple[float, int]:
    """Return the lack of fit, a variance of one seed, and its degrees of freedom.

    It is the residual variance of the size means around the curve of fitted (1, parameters).
    """
    residuals = data.means - predict(form, fitted, data.doublings, data.chance)[0]
    degrees = len(data.sizes) - len(NAMES[form])
    return float((data.seeds * residuals**2).sum()) / degrees, degrees


def _left_out_error(form: Form, data: SizeMeans, fitted: Floats) -> float:
    """Return the mean absolute error of fitted (k, parameters): row i at size i, which its fit left out."""
    predicted = np.diagonal(predict(form, fitted, data.doublings, data.chance))
    return float(np.abs(predicted - data.means).mean())


def _choose(data: SizeMeans, logit: Floats, loso: Mapping[Form, float]) -> Form:
    """Choose the form as described in `fit_scaling`, from the logit fit (1, 2) and both left-out errors."""
    misfit, degrees = _lack_of_fit("logit", data, logit)
    p = float(fdtrc(degrees, data.degrees, misfit / data.variance))
    return "power" if p < 0.1 and loso["power"] <= 0.8 * loso["logit"] else "logit"


def _bootstrap(
    form: Form, data: SizeMeans, fitted: Floats, replicates: int, rng: np.random.Generator
) -> Floats:
    """Return the parameters (replicates, …) refitted to the curve plus random errors of the size means.

    Resampling 3 seeds would shrink their variance by a third, so errors are drawn: normal with variance s²/S,
    over a χ² that all sizes of a replicate share, which yields the exact t interval of a linear curve. s² is
    the lack of fit where that exceeds the variance of the seeds (the sizes scatter beyond their seeds), else
    the two pooled. Source: B. Efron. 1979. Annals of Statistics 7(1), 1–26, for the idea.
    """
    variance, degrees = _lack_of_fit(form, data, fitted)
    if variance <= data.variance:
        variance = (variance * degrees + data.variance * data.degrees) / (degrees + data.degrees)
        degrees += data.degrees
    errors = rng.standard_normal((replicates, len(data.sizes))) * np.sqrt(variance / data.seeds)
    errors *= np.sqrt(degrees / rng.chisquare(degrees, (replicates, 1)))
    centre = predict(form, fitted, data.doublings, data.chance)
    return fit_curves(form, data, centre + errors, data.seeds[None], QUICK)
