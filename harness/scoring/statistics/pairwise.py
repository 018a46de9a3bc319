"""Many submissions on one target, compared each with each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtr

from harness.scoring.statistics.multilevel import (
    Sample,
    are_matched,
    influences,
    interaction,
    is_parallel,
    scores_of,
    standard_error,
)
from harness.scoring.statistics.resampling import Floats

# Degrees of freedom where no seeds vary: Student's t is the normal distribution.
MANY = 1e9
# On fewer examples that tell two submissions apart a sum is far from normal: ten that all speak for one side
# have an exact p of 0.002 and a normal one of 0.0016, but four have 0.125 and 0.046.
DISCORDANT = 10
# The contributions of all submissions to so many examples are held at once, and twice more as powers.
_BLOCK = 4096


@dataclass(frozen=True)
class Entrant:
    """One submission on one target: its score, a fraction, and what is unsure about it.

    `examples` holds what each example of each language adds to the score (to first order where that is an
    F1), one vector whose sum is the score, by which two submissions are paired; None where only the examples'
    `variance` of the score is known, so that a comparison is unpaired. `interaction` is the part of the
    variance that other seeds would change too. `seeds` holds the score of each seed; a single one speaks of
    the recipe only where nothing was `trained`. `count` is how many examples there are, those of a translated
    set once. Entrants of one `design` have matched seeds.
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
    def speaks_of_the_recipe(self) -> bool:
        """Tell whether what another training would have given is known."""
        return len(self.seeds) > 1 or not self.trained


def entrant(sample: Sample) -> Entrant:
    """Return a submission as it enters a ranking, its score linear in its examples (exactly for means, to first order for F1)."""
    scores = np.stack([scores_of(examples) for examples in sample.languages], axis=1)  # (seeds, languages)
    cells = [influences(examples) for examples in sample.languages]  # (seeds, n) a language
    levels = scores.mean(axis=0)
    if is_parallel([sample]):
        cells, levels = [np.mean(cells, axis=0)], levels.mean(keepdims=True)
    parts, variance, shared = [], 0.0, 0.0
    for values, level in zip(cells, levels, strict=True):
        n = values.shape[1]
        mean = values.mean(axis=0)
        away = mean - mean.mean()
        variance += float(away @ away) / (len(cells) ** 2 * n * max(1, n - 1))
        shared += interaction(values) / (len(values) * n * len(cells) ** 2) if len(values) > 1 else 0.0
        parts.append((away + level) / (len(cells) * n))
    return Entrant(
        score=float(scores.mean()),
        variance=variance,
        seeds=scores.mean(axis=1),
        interaction=shared,
        trained=sample.trained,
        examples=np.concatenate(parts),
        count=sum(values.shape[1] for values in cells),
        design=sample.design,
    )


@dataclass(frozen=True)
class Differences:
    """Row − column of each two scores (n, n), with its standard error and Student's degrees of freedom.

    `testable` is False where nothing may be said: where one side was trained and has a single seed, so that
    how far another training would have moved it is unknown, or where too few examples tell the two apart.
    `matched` tells which pairs were compared seed by seed.
    """

    size: Floats
    error: Floats
    freedom: Floats
    testable: NDArray[np.bool_]
    matched: NDArray[np.bool_]

    @property
    def p(self) -> Floats:
        """Return the two-sided p values of no difference, before any correction; NaN where nothing may be said, 1 on the diagonal."""
        size = np.abs(self.size)
        statistic = np.divide(size, self.error, out=np.where(size > 0, np.inf, 0.0), where=self.error > 0)
        p = np.where(self.testable, two_sided(statistic, self.freedom), np.nan)
        np.fill_diagonal(p, 1.0)
        return np.asarray(p)


def two_sided(statistic: Floats, freedom: Floats) -> Floats:
    """Return the two-sided p values of statistics of these degrees of freedom, in the same shape."""
    normal = freedom >= MANY
    p = np.empty(statistic.shape)
    p[normal] = ndtr(-statistic[normal])  # ten times as fast as Student's
    p[~normal] = stdtr(freedom[~normal], -statistic[~normal])
    return np.minimum(1.0, 2 * p)


def differences(entrants: Sequence[Entrant]) -> Differences:
    """Compare each two: the examples' error, paired where both have them, and the seeds'.

    It is what `difference_claims` draws, in closed form, for as many submissions as a leaderboard has. The
    paired error is the permutation test's, which assumes no difference: unlike the bootstrap's it is not zero
    where one side is right on all examples and the other on none.
    """
    n = len(entrants)
    scores = np.array([each.score for each in entrants])
    recipe = np.array([each.speaks_of_the_recipe for each in entrants], dtype=bool)
    shared = np.array([each.interaction if len(each.seeds) > 1 else 0.0 for each in entrants])
    examples, told_apart = _examples(entrants)
    examples = np.maximum(0.0, examples - shared[:, None] - shared[None, :])
    errors = [standard_error([each.seeds]) for each in entrants]
    squares = np.array([error.size**2 for error in errors])
    # σ⁴/ν of each, which add up as Welch has it.
    fourth = squares**2 / np.array([error.freedom for error in errors])
    seeds, unsure = (each[:, None] + each[None, :] for each in (squares, fourth))
    matched = np.zeros((n, n), dtype=bool)
    for i, j in _matched_pairs(entrants):
        # The examples are not narrowed by what matched seeds do to both sides alike, which a row of means
        # does not tell.
        error = standard_error([entrants[i].seeds - entrants[j].seeds])
        for at in ((i, j), (j, i)):
            matched[at], seeds[at], unsure[at] = True, error.size**2, error.size**4 / error.freedom
    welch = np.divide(seeds**2, unsure, out=np.full((n, n), MANY), where=unsure > 0)
    large = seeds * (
        1 + 2 / welch
    )  # as in `difference_claims`: a small spread must not claim many degrees of freedom
    freedom = np.divide((examples + large) ** 2 * welch, large**2, out=np.full((n, n), MANY), where=large > 0)
    testable = (
        recipe[:, None] & recipe[None, :] & (told_apart > DISCORDANT - 1e-6)
    )  # a count out of rounded sums
    return Differences(
        scores[:, None] - scores[None, :], np.sqrt(examples + seeds), freedom, testable, matched
    )


def _matched_pairs(entrants: Sequence[Entrant]) -> Iterator[tuple[int, int]]:
    """Yield the positions of each two whose seeds are matched, of which there are few: those of one design."""
    designs: dict[str, list[int]] = {}
    for i, each in enumerate(entrants):
        if each.design is not None:
            designs.setdefault(each.design, []).append(i)
    for rows in designs.values():
        for i, j in combinations(rows, 2):
            if are_matched(*((entrants[k].design, len(entrants[k].seeds)) for k in (i, j))):
                yield i, j


def _examples(entrants: Sequence[Entrant]) -> tuple[Floats, Floats]:
    """Return the examples' variance of each difference (n, n), and how many examples tell the two apart.

    With dᵢ what example i adds to a difference the paired variance is Σ dᵢ², and (Σ dᵢ²)² / Σ dᵢ⁴ counts the
    examples: of right and wrong it is the number of discordant ones, and a few that weigh much count as few.
    Unpaired it is the smaller set's size.
    """
    variances, counts = (
        np.array([getattr(each, name) for each in entrants], dtype=np.float64)
        for name in ("variance", "count")
    )
    variance = variances[:, None] + variances[None, :]
    told_apart = np.minimum(counts[:, None], counts[None, :])
    paired = [i for i, each in enumerate(entrants) if each.examples is not None]
    vectors = [each.examples for each in entrants if each.examples is not None]
    if len({len(vector) for vector in vectors}) == 1:
        squares, fourths, sizes = _moments(np.stack(vectors))
        at = np.ix_(paired, paired)
        # What differs in its last bits only does not differ.
        same = squares <= 1e-9 * (sizes[:, None] + sizes[None, :])
        variance[at] = np.where(same, 0.0, squares)
        told_apart[at] = np.divide(
            squares**2, fourths, out=np.zeros_like(squares), where=~same & (fourths > 0)
        )
    return variance, told_apart


def _moments(rows: Floats) -> tuple[Floats, Floats, Floats]:
    """Return Σ (aᵢ − bᵢ)² and Σ (aᵢ − bᵢ)⁴ of each two rows (rows, rows), and Σ aᵢ² (rows,).

    The powers are multiplied out, so that a few products of matrices do what would take a difference a pair.
    """
    n = len(rows)
    products = {powers: np.zeros((n, n)) for powers in ((1, 1), (2, 2), (3, 1))}
    second, fourth = np.zeros(n), np.zeros(n)
    scale = (
        float(np.abs(rows).max()) or 1.0
    )  # fourth powers of what one of many examples adds would be lost among the smallest floats
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
