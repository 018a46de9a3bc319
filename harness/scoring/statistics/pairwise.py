"""Pairwise comparisons of many submissions on one target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, ndtr, ndtri, stdtr, stdtrit

from harness.scoring.statistics.entrant import Entrant, aligned, seed_terms
from harness.scoring.statistics.moderation import MATCHED, NO_PRIORS, Priors, seed_variance
from harness.scoring.statistics.resampling import Floats, signed_sums
from harness.scoring.statistics.samples import are_matched

# Degrees of freedom where no seeds vary: Student's t is the normal distribution.
NORMAL_FREEDOM = 1e9
# With fewer discordant examples a sum is far from normal: ten that all favour one side have an exact p of
# 0.002 and a normal one of 0.0016, but four have 0.125 and 0.046.
MIN_DISCORDANT = 10
# Number of examples whose contributions are in memory at once for all submissions, also as two powers.
_BLOCK = 4096
_SIGN_DRAWS = 10_000
# With few examples no difference at all is rejected: half an interval is at most five quantiles long.
_MOST_ALONE = 0.04


@dataclass(frozen=True)
class Differences:
    """The differences row − column of all scores (n, n), their standard errors and degrees of freedom.

    `error` is that of the interval; `null_error`, that of the test, stays above zero where one system is
    right on all examples and the other on none. `step` is what one right answer changes, by which a sum of
    them is corrected for continuity. `seed_error` is the part of the error that seeds add, with
    `seed_freedom`. `recipe` is False where one of the two was trained with a single seed, so that the
    variance between trainings is unknown: the difference is then one of checkpoints. `testable` also needs
    enough discordant examples: only such pairs are separated by a rank. `matched` is True for pairs that were
    compared seed by seed, `borrowed` where a prior moderated all variance of seeds. `p` is uncorrected and
    two-sided, 1 on the diagonal.
    """

    size: Floats
    error: Floats
    null_error: Floats
    step: Floats
    freedom: Floats
    seed_error: Floats
    seed_freedom: Floats
    recipe: NDArray[np.bool_]
    testable: NDArray[np.bool_]
    matched: NDArray[np.bool_]
    borrowed: NDArray[np.bool_]
    p: Floats

    def half_width(self, level: float = 0.95) -> Floats:
        """Return half the width of the intervals (n, n), in fractions.

        The interval has all differences θ that the test would not reject: |d − θ| is at most the quantile
        times the test's error at θ, which exceeds `error` by a term proportional to (d − θ)², plus a step.
        """
        freedom = np.minimum(self.freedom, NORMAL_FREEDOM)
        quantile = np.where(
            freedom >= NORMAL_FREEDOM, ndtri(0.5 + level / 2), stdtrit(freedom, 0.5 + level / 2)
        )
        alone = np.divide(
            self.null_error**2 - self.error**2,
            self.size**2,
            out=np.zeros_like(self.size),
            where=self.size != 0,
        )
        shrink = np.sqrt(np.maximum(1 - quantile**2 * alone, _MOST_ALONE))
        return np.asarray(quantile * self.error / shrink + self.step)


def two_sided(statistic: Floats, freedom: Floats) -> Floats:
    """Return the two-sided p values of statistics of these degrees of freedom, in the same shape."""
    normal = freedom >= NORMAL_FREEDOM
    p = np.empty(statistic.shape)
    p[normal] = ndtr(-statistic[normal])  # ten times as fast as Student's
    p[~normal] = stdtr(freedom[~normal], -statistic[~normal])
    return np.minimum(1.0, 2 * p)


def seeds_freedom(seeds: Floats, fourth: Floats, limit: Floats) -> Floats:
    """Return Welch's degrees of freedom of variances over seeds, at most `limit`; all of one shape.

    `fourth` is the sum of σ⁴/ν over the terms of each. Source: B. L. Welch. 1947. Biometrika 34(1/2), 28-35.
    """
    welch = np.divide(seeds**2, fourth, out=np.full(np.shape(seeds), NORMAL_FREEDOM), where=fourth > 0)
    return np.asarray(np.minimum(welch, limit))


def combined_freedom(examples: Floats, seeds: Floats, freedom: Floats) -> Floats:
    """Return Satterthwaite's degrees of freedom of sums of variances over examples and seeds.

    `freedom` is that of the seeds' part. A variance that is small by chance must not lead to many degrees of
    freedom: for the sum's ν alone it is taken 1 + 2/ν times as large, which brings a coverage of 91.8 to
    95.1 % with three seeds to 93.4 to 95.6 % (docs/statistics.md). Source: F. E. Satterthwaite. 1946.
    Biometrics Bulletin 2(6), 110-114.
    """
    inflated = seeds * (1 + 2 / freedom)
    combined: Floats = np.divide(
        (examples + inflated) ** 2 * freedom,
        inflated**2,
        out=np.full(np.shape(seeds), NORMAL_FREEDOM),
        where=inflated > 0,
    )
    return combined


def differences(entrants: Sequence[Entrant], priors: Priors = NO_PRIORS) -> Differences:
    """Compare all pairs, with the variance over examples, paired where both have them, and over seeds.

    A difference over its standard error has Student's t. Where seeds vary, their variances are those of
    `seed_variance`, of matched seeds that of their differences. Where they do not, the test is McNemar's
    exact one for the right and wrong answers in one language; else that of the permutation that exchanges
    two systems example by example, by its normal limit, or by draws with fewer than ten discordant examples.
    Priors move only the variance over seeds, so that two entrants compare the same whoever else is there.
    """
    n = len(entrants)
    scores = np.array([entrant.score for entrant in entrants])
    several = np.array([entrant.has_training_variance for entrant in entrants], dtype=bool)
    recipe = several[:, None] & several[None, :]
    shared = np.array([entrant.shared for entrant in entrants])
    size = scores[:, None] - scores[None, :]
    terms = _example_terms(entrants, size)
    # About checkpoints alone, all that their examples differ in counts, and no training does.
    examples = np.where(
        recipe, np.maximum(0.0, terms.variance - shared[:, None] - shared[None, :]), terms.variance
    )
    own = seed_terms(entrants, priors)
    seeds, fourth = (part[:, None] + part[None, :] for part in (own.squares, own.fourths))
    limit = np.minimum(own.limits[:, None], own.limits[None, :])
    alone = (own.squares > 0) & ~np.isfinite(own.limits)
    borrowed = np.isfinite(limit) & ~(alone[:, None] | alone[None, :])
    matched = np.zeros((n, n), dtype=bool)
    for i, j in _matched_pairs(entrants):
        # The interaction subtracted from the variance over examples remains that of unmatched seeds: the
        # interaction of a difference cannot be computed from means over seeds.
        level = (entrants[i].score + entrants[j].score) / 2
        variance = seed_variance(entrants[i].seeds - entrants[j].seeds, level, priors.get(MATCHED))
        square = variance.square / len(entrants[i].seeds)
        for pair in ((i, j), (j, i)):
            matched[pair], borrowed[pair], seeds[pair] = True, variance.borrowed, square
            fourth[pair], limit[pair] = square**2 / variance.freedom, np.inf
    for part in (seeds, fourth):
        part[~recipe] = 0.0
    seed_freedom = seeds_freedom(seeds, fourth, limit)
    freedom = combined_freedom(examples, seeds, seed_freedom)
    error = np.sqrt(examples + seeds)
    null_error = np.sqrt(examples + seeds + np.where(seeds > 0, 0.0, terms.alone))
    binary = np.array([entrant.binary > 0 for entrant in entrants], dtype=bool)
    step = np.where((seeds > 0) | ~(binary[:, None] & binary[None, :]), 0.0, terms.step)
    beyond = np.maximum(0.0, np.abs(size) - step)
    statistic = np.divide(beyond, null_error, out=np.where(beyond > 0, np.inf, 0.0), where=null_error > 0)
    p = two_sided(statistic, freedom)
    np.fill_diagonal(p, 1.0)
    # The tolerance allows for rounding: the number of discordant examples is computed from sums.
    enough = terms.discordant > MIN_DISCORDANT - 1e-6
    _exact_p(entrants, terms.discordant, (seeds == 0) & ~enough & (size != 0), p)
    return Differences(
        size=size,
        error=error,
        null_error=null_error,
        step=step,
        freedom=freedom,
        seed_error=np.sqrt(seeds),
        seed_freedom=seed_freedom,
        recipe=recipe,
        testable=recipe & enough,
        matched=matched,
        borrowed=borrowed & recipe,
        p=p,
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


class _ExampleTerms(NamedTuple):
    """Terms of each difference (n, n): its variance over examples and the number of discordant ones.

    `alone` is what the squared difference adds to the variance under the hypothesis that there is none;
    `step` is what one discordant example changes, of unequal ones (Σ dᵢ⁴ / Σ dᵢ²)^½, unpaired 0.
    """

    variance: Floats
    discordant: Floats
    alone: Floats
    step: Floats


def _example_terms(entrants: Sequence[Entrant], size: Floats) -> _ExampleTerms:
    """Return the terms of all differences.

    With dᵢ what example i adds to a difference, the paired variance is the sum of the squared deviations of
    the dᵢ from their mean by language. The number of discordant examples is (Σ dᵢ²)² / Σ dᵢ⁴: exactly that of
    right and wrong answers, and few where few examples have most of the weight. Unpaired the variances add
    up, and the number is the size of the smaller set.
    """
    variances, counts = (
        np.array([getattr(entrant, name) for entrant in entrants], dtype=np.float64)
        for name in ("variance", "count")
    )
    variance = variances[:, None] + variances[None, :]
    discordant = np.minimum(counts[:, None], counts[None, :])
    alone, step = np.zeros_like(variance), np.zeros_like(variance)
    paired = [i for i, entrant in enumerate(entrants) if entrant.examples is not None]
    rows, lengths = aligned([entrants[i] for i in paired])
    if rows is not None:
        squares, fourths, sizes = _moments(rows)
        pairs = np.ix_(paired, paired)
        # Differences in the last bits only are rounding.
        same = squares <= 1e-9 * (sizes[:, None] + sizes[None, :])
        centred = np.where(same, 0.0, squares)
        if lengths:
            weight = sum(1 / length for length in lengths) / len(lengths) ** 2
            alone[pairs] = size[pairs] ** 2 * weight
            by_language = np.add.reduceat(rows, np.cumsum([0, *lengths[:-1]]), axis=1)
            for column, length in zip(by_language.T, lengths, strict=True):
                centred -= (column[:, None] - column[None, :]) ** 2 / length
        variance[pairs] = np.maximum(np.where(same | (centred < 1e-12 * squares), 0.0, centred), 0.0)
        discordant[pairs] = np.divide(
            squares**2, fourths, out=np.zeros_like(squares), where=~same & (fourths > 0)
        )
        step[pairs] = np.sqrt(
            np.divide(fourths, squares, out=np.zeros_like(squares), where=~same & (squares > 0))
        )
    return _ExampleTerms(variance, discordant, alone, step)


def _exact_p(entrants: Sequence[Entrant], discordant: Floats, few: NDArray[np.bool_], p: Floats) -> None:
    """Write exact p values where seeds do not vary: McNemar's, else of draws where discordant are `few`."""
    binary = [i for i, entrant in enumerate(entrants) if entrant.binary == 1]
    rows, _ = aligned([entrants[i] for i in binary])
    exact = np.zeros_like(few)
    if rows is not None:
        # Contributions are scaled around their mean: those of right answers are above it.
        right = np.array([row > row.mean() * (1 - 1e-9) for row in rows]).astype(np.float64)
        only_first = right @ (1 - right).T
        total = only_first + only_first.T
        pairs = np.ix_(binary, binary)
        exact[pairs] = True
        p[pairs] = np.minimum(1.0, 2 * bdtr(np.minimum(only_first, only_first.T), total.astype(int), 0.5))
    for i, j in zip(*(part.tolist() for part in np.nonzero(np.triu(few & ~exact, 1))), strict=True):
        pair, lengths = aligned([one for one in (entrants[i], entrants[j]) if one.examples is not None])
        if pair is None or len(pair) < 2:
            continue
        contrast = _unscaled(pair[1] - pair[0], lengths)
        drawn = signed_sums(contrast[:, None], _SIGN_DRAWS, np.random.default_rng(0))[:, 0]
        # Sums of equal fractions differ in their last bits.
        beyond = np.abs(drawn) >= abs(contrast.sum()) * (1 - 1e-9)
        value = (1 + int(np.count_nonzero(beyond))) / (1 + _SIGN_DRAWS)
        # Of F1 every example changes a little; no p is smaller than if all discordant ones favour one side.
        p[i, j] = p[j, i] = max(value, min(1.0, 2.0 ** (1 - discordant[i, j])))


def _unscaled(contrast: Floats, lengths: Sequence[int]) -> Floats:
    """Return what examples (n,) add to a difference, without the scale of their deviations by language."""
    plain, start = contrast.copy(), 0
    for length in lengths:
        part = slice(start, start + length)
        mean = contrast[part].mean()
        plain[part] = mean + (contrast[part] - mean) * np.sqrt(max(1, length - 1) / length)
        start += length
    plain[np.abs(plain) < 1e-9 * np.abs(plain).max(initial=0.0)] = 0.0
    return plain


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
