"""Moderate the variance of few seeds by a prior that is estimated from all rows with several seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from scipy.special import betaln, logsumexp

from harness.scoring.statistics.resampling import Floats

Scale = Literal["points", "logits"]
MATCHED = "matched"
"""The key of the prior of differences of matched seeds, next to those of the regimes."""
ROWS_FOR_A_PRIOR = 4
"""With fewer rows, their variances say too little about the next one's."""

_FREEDOMS = np.geomspace(0.25, 256, 41)
# Half of the prior weight of the degrees of freedom is below this: the fewer, the less is borrowed.
_TYPICAL_FREEDOM = 4.0


@dataclass(frozen=True)
class SeedPrior:
    """What is known of the variance of one seed's score before its row is seen.

    One over the variance is that of a χ² with `freedom` degrees over `freedom` times `variance`, which is in
    squared fractions, or with the scale "logits" in squared logits of the row's mean score.
    """

    variance: float
    freedom: float
    scale: Scale

    def at(self, level: float) -> float:
        """Return the variance of a score, a fraction, around a mean of `level`."""
        return self.variance * float(_stretch(self.scale, np.array([level]))[0])


Priors = Mapping[str, SeedPrior]
"""The priors of one target, by regime and for MATCHED."""
NO_PRIORS: Priors = {}


class SeedVariance(NamedTuple):
    """The variance of one seed and its degrees of freedom; `borrowed` where a prior was used."""

    square: float
    freedom: float
    borrowed: bool


def seed_variance(seeds: Floats, level: float, prior: SeedPrior | None = None) -> SeedVariance:
    """Return the variance of scores or differences over several seeds (seeds,), moderated by a prior.

    The moderated variance is (d₀ s₀² + d s²) / (d₀ + d) with d₀ + d degrees of freedom: G. K. Smyth. 2004.
    Statistical Applications in Genetics and Molecular Biology 3(1), 3. Unlike there it is never smaller than
    the row's own: rows that scatter more than others are then covered too (docs/statistics.md).
    """
    own, freedom = float(np.var(seeds, ddof=1)), len(seeds) - 1
    if prior is None:
        return SeedVariance(own, float(freedom), borrowed=False)
    total = prior.freedom + freedom
    moderated = (prior.freedom * prior.at(level) + freedom * own) / total
    return SeedVariance(max(own, moderated), total, borrowed=True)


def fit_prior(variances: Floats, freedoms: Floats, levels: Floats) -> SeedPrior | None:
    """Estimate the prior from the variances over seeds of several rows; None where there are too few.

    `variances` (rows,) are in squared fractions, `freedoms` (rows,) their degrees of freedom, `levels`
    (rows,) the mean scores. Both parameters are means, in logarithms, over their posterior: of d₀ with the
    density 1 / (1 + d₀/4) in log d₀, of s₀² with a flat one, so that few rows, or rows that deny a common
    variance, give few degrees of freedom; there are never more than all the rows' own. The scale is the one
    under which the rows are more probable. Rows whose seeds agree exactly are left out.
    """
    usable = (variances > 0) & (levels > 0) & (levels < 1)
    if np.count_nonzero(usable) < ROWS_FOR_A_PRIOR:
        return None
    variances, freedoms, levels = variances[usable], freedoms[usable], levels[usable]
    fits = [_fit(scale, variances, freedoms, levels) for scale in ("points", "logits")]
    return max(fits, key=lambda fit: fit[0])[1]


def _stretch(scale: Scale, levels: Floats) -> Floats:
    """Return the variance of a score for a variance of one on the scale, to first order (n,)."""
    return np.ones(len(levels)) if scale == "points" else (levels * (1 - levels)) ** 2


def _fit(scale: Scale, variances: Floats, freedoms: Floats, levels: Floats) -> tuple[float, SeedPrior]:
    """Return the logarithm of the rows' probability under a scale, and the prior on it."""
    stretch = _stretch(scale, levels)
    scaled = variances / stretch
    typical = np.median(np.log(scaled)) + np.linspace(-4, 4, 121)
    prior = _FREEDOMS[:, None, None]
    ratio = scaled / np.exp(typical)[None, :, None]
    # Given the prior, a variance over s₀² has Fisher's distribution with d and d₀ degrees of freedom.
    density = (
        0.5 * freedoms * np.log(freedoms / prior)
        + (0.5 * freedoms - 1) * np.log(ratio)
        - 0.5 * (freedoms + prior) * np.log1p(freedoms * ratio / prior)
        - betaln(freedoms / 2, prior / 2)
    )
    likelihood = density.sum(axis=2) - len(scaled) * typical - np.log(stretch).sum()
    likelihood -= np.log1p(_FREEDOMS / _TYPICAL_FREEDOM)[:, None]
    evidence = float(logsumexp(likelihood))
    weights = np.exp(likelihood - evidence)
    freedom = float(np.exp(weights.sum(axis=1) @ np.log(_FREEDOMS)))
    variance = float(np.exp(weights.sum(axis=0) @ typical))
    return evidence, SeedPrior(variance, min(freedom, float(freedoms.sum())), scale)
