"""Pairwise comparisons of many submissions on one target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtr

from harness.scoring.statistics.multilevel import interaction, standard_error
from harness.scoring.statistics.resampling import Floats
from harness.scoring.statistics.samples import Sample, are_matched, influences, is_parallel, scores_of

# Degrees of freedom where no seeds vary: Student's t is the normal distribution.
NORMAL_FREEDOM = 1e9
# With fewer discordant examples a sum is far from normal: ten that all favour one side have an exact p of
# 0.002 and a normal one of 0.0016, but four have 0.125 and 0.046.
MIN_DISCORDANT = 10
# Number of examples whose contributions are in memory at once for all submissions, also as two powers.
_BLOCK = 4096


@dataclass(frozen=True)
class Entrant:
    """One submission on one target: its score, a fraction, and the terms of its variance.

    `examples` is what each example of each language adds to the score (to first order for F1), one vector
    whose sum is the score, used to pair two submissions; None where only the `variance` of the score over
    examples is known, so that a comparison is unpaired. `interaction` is the part of that variance that
    varies with the seed. `seeds` has the score of each seed; a single one describes the recipe only where
    nothing was `trained`. `count` is the number of examples, of parallel ones counted once. Entrants of one
    `design` have matched seeds.
    """

    score: float
    variance: float
    seeds: Floats
    interaction: float = 0.0
    trained: bool = True
    examples: Floats | None = None
    count: float = np.inf
    design: str | None = None

    @property
    def has_training_variance(self) -> bool:
        """Return whether variation between trainings is known: there are several seeds, or no training."""
        return len(self.seeds) > 1 or not self.trained


def entrant(sample: Sample) -> Entrant:
    """Return a sample as an entrant; contributions of examples are exact for means, first order for F1."""
    scores = np.stack([scores_of(examples) for examples in sample.languages], axis=1)  # (seeds, languages)
    by_language = [influences(examples) for examples in sample.languages]  # (seeds, n) each
    language_scores = scores.mean(axis=0)
    if is_parallel([sample]):
        by_language, language_scores = [np.mean(by_language, axis=0)], language_scores.mean(keepdims=True)
    contributions, variance, shared = [], 0.0, 0.0
    count = len(by_language)
    for values, score in zip(by_language, language_scores, strict=True):
        n = values.shape[1]
        mean = values.mean(axis=0)
        centred = mean - mean.mean()
        variance += float(centred @ centred) / (count**2 * n * max(1, n - 1))
        shared += interaction(values) / (len(values) * n * count**2) if len(values) > 1 else 0.0
        contributions.append((centred + score) / (count * n))
    return Entrant(
        score=float(scores.mean()),
        variance=variance,
        seeds=scores.mean(axis=1),
        interaction=shared,
        trained=sample.trained,
        examples=np.concatenate(contributions),
        count=sum(values.shape[1] for values in by_language),
        design=sample.design,
    )


@dataclass(frozen=True)
class Differences:
    """The differences row − column of all scores (n, n), their standard errors and degrees of freedom.

    `testable` is False where one of the two was trained with a single seed, so that the variance between
    trainings is unknown, or where too few examples are discordant. `matched` is True for pairs that were
    compared seed by seed.
    """

    size: Floats
    error: Floats
    freedom: Floats
    testable: NDArray[np.bool_]
    matched: NDArray[np.bool_]

    @property
    def p(self) -> Floats:
        """Return the uncorrected two-sided p values (n, n): NaN where not testable, 1 on the diagonal."""
        size = np.abs(self.size)
        statistic = np.divide(size, self.error, out=np.where(size > 0, np.inf, 0.0), where=self.error > 0)
        p = np.where(self.testable, two_sided(statistic, self.freedom), np.nan)
        np.fill_diagonal(p, 1.0)
        return np.asarray(p)


def two_sided(statistic: Floats, freedom: Floats) -> Floats:
    """Return the two-sided p values of statistics of these degrees of freedom, in the same shape."""
    normal = freedom >= NORMAL_FREEDOM
    p = np.empty(statistic.shape)
    p[normal] = ndtr(-statistic[normal])  # ten times as fast as Student's
    p[~normal] = stdtr(freedom[~normal], -statistic[~normal])
    return np.minimum(1.0, 2 * p)


def differences(entrants: Sequence[Entrant]) -> Differences:
    """Compare all pairs, with the variance over examples, paired where both have them, and over seeds.

    This is the closed form of what `difference_claims` draws, fast enough for a whole leaderboard. The paired
    error is that of the permutation test, which assumes no difference: unlike the bootstrap's it is not zero
    where one system is right on all examples and the other on none.
    """
    n = len(entrants)
    scores = np.array([entrant.score for entrant in entrants])
    recipe = np.array([entrant.has_training_variance for entrant in entrants], dtype=bool)
    shared = np.array([entrant.interaction if len(entrant.seeds) > 1 else 0.0 for entrant in entrants])
    examples, discordant = _example_terms(entrants)
    examples = np.maximum(0.0, examples - shared[:, None] - shared[None, :])
    errors = [standard_error([entrant.seeds]) for entrant in entrants]
    squares = np.array([error.size**2 for error in errors])
    # σ⁴/ν of each, whose sum is the denominator of Welch's degrees of freedom.
    fourths = squares**2 / np.array([error.freedom for error in errors])
    seeds, fourth = (terms[:, None] + terms[None, :] for terms in (squares, fourths))
    matched = np.zeros((n, n), dtype=bool)
    for i, j in _matched_pairs(entrants):
        # The interaction subtracted from the variance over examples remains that of unmatched seeds: the
        # interaction of a difference cannot be computed from means over seeds.
        error = standard_error([entrants[i].seeds - entrants[j].seeds])
        for pair in ((i, j), (j, i)):
            matched[pair], seeds[pair], fourth[pair] = True, error.size**2, error.size**4 / error.freedom
    welch = np.divide(seeds**2, fourth, out=np.full((n, n), NORMAL_FREEDOM), where=fourth > 0)
    # As in `difference_claims`: a variance that is small by chance must not lead to many degrees of freedom.
    inflated = seeds * (1 + 2 / welch)
    freedom = np.divide(
        (examples + inflated) ** 2 * welch,
        inflated**2,
        out=np.full((n, n), NORMAL_FREEDOM),
        where=inflated > 0,
    )
    # The tolerance allows for rounding: the number of discordant examples is computed from sums.
    testable = recipe[:, None] & recipe[None, :] & (discordant > MIN_DISCORDANT - 1e-6)
    return Differences(
        scores[:, None] - scores[None, :], np.sqrt(examples + seeds), freedom, testable, matched
    )


def _matched_pairs(entrants: Sequence[Entrant]) -> Iterator[tuple[int, int]]:
    """Yield the indices of each pair of entrants with matched seeds, which have the same design."""
    designs: dict[str, list[int]] = {}
    for i, entrant in enumerate(entrants):
        if entrant.design is not None:
            designs.setdefault(entrant.design, []).append(i)
    for indices in designs.values():
        for i, j in combinations(indices, 2):
            if are_matched(*((entrants[k].design, len(entrants[k].seeds)) for k in (i, j))):
                yield i, j


def _example_terms(entrants: Sequence[Entrant]) -> tuple[Floats, Floats]:
    """Return the variance over examples and the number of discordant examples of each difference (n, n).

    With dᵢ what example i adds to a difference, the paired variance is Σ dᵢ², and the number is
    (Σ dᵢ²)² / Σ dᵢ⁴: exactly the discordant ones of right and wrong answers, and few where few examples have
    most of the weight. Unpaired it is the size of the smaller set.
    """
    variances, counts = (
        np.array([getattr(entrant, name) for entrant in entrants], dtype=np.float64)
        for name in ("variance", "count")
    )
    variance = variances[:, None] + variances[None, :]
    discordant = np.minimum(counts[:, None], counts[None, :])
    paired = [i for i, entrant in enumerate(entrants) if entrant.examples is not None]
    vectors = [entrant.examples for entrant in entrants if entrant.examples is not None]
    if len({len(vector) for vector in vectors}) == 1:
        squares, fourths, sizes = _moments(np.stack(vectors))
        pairs = np.ix_(paired, paired)
        # Differences in the last bits only are rounding.
        same = squares <= 1e-9 * (sizes[:, None] + sizes[None, :])
        variance[pairs] = np.where(same, 0.0, squares)
        discordant[pairs] = np.divide(
            squares**2, fourths, out=np.zeros_like(squares), where=~same & (fourths > 0)
        )
    return variance, discordant


def _moments(rows: Floats) -> tuple[Floats, Floats, Floats]:
    """Return Σ (aᵢ − bᵢ)² and Σ (aᵢ − bᵢ)⁴ of each pair of rows (rows, rows), and Σ aᵢ² (rows,).

    The powers are multiplied out into a few matrix products, which is faster than differences of pairs.
    """
    n = len(rows)
    products = {powers: np.zeros((n, n)) for powers in ((1, 1), (2, 2), (3, 1))}
    second, fourth = np.zeros(n), np.zeros(n)
    # Unscaled, the fourth powers of small contributions would underflow.
    scale = float(np.abs(rows).max()) or 1.0
    for start in range(0, rows.shape[1], _BLOCK):
        block = rows[:, start : start + _BLOCK] / scale
        squared = block * block
        products[1, 1] += block @ block.T
        products[2, 2] += squared @ squared.T
        products[3, 1] += (squared * block) @ block.T
        second += squared.sum(axis=1)
        fourth += (squared * squared).sum(axis=1)
    squares = np.maximum(0.0, second[:, None] + second[None, :] - 2 * products[1, 1])
    cubes = products[3, 1] + products[3, 1].T
    fourths = np.maximum(0.0, fourth[:, None] + fourth[None, :] - 4 * cubes + 6 * products[2, 2])
    return scale**2 * squares, scale**4 * fourths, scale**2 * second
