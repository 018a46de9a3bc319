"""Ranges of ranks of thousands of submissions on one target, without a matrix of all pairs.

The ranges equal those of `differences`, `separated` and `rank_ranges`, but are computed in blocks of rows. A
bound on the statistic decides most pairs, so that few p values are computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from harness.scoring.statistics.entrant import Entrant, seed_terms
from harness.scoring.statistics.moderation import NO_PRIORS, Priors
from harness.scoring.statistics.pairwise import (
    MIN_DISCORDANT,
    NORMAL_FREEDOM,
    Differences,
    combined_freedom,
    differences,
    seeds_freedom,
    two_sided,
)
from harness.scoring.statistics.ranks import (
    ALPHA,
    MOST_PAIRS,
    OpenPairs,
    Range,
    normal_threshold,
    rank_ranges,
    separated,
    step_down,
)
from harness.scoring.statistics.resampling import Floats

# Number of pairs that are in memory at once, in about ten arrays.
_BLOCK_PAIRS = 1_000_000
# Number of p values that are sorted at once; if there are more, they are first counted in bins.
_HELD = 4_000_000
_BINS = 4096


def placings(entrants: Sequence[Entrant], priors: Priors = NO_PRIORS) -> tuple[Range, ...]:
    """Return the best and the worst rank of each entrant that its separated pairs at 95 % leave possible."""
    if any(entrant.examples is not None or entrant.design is not None for entrant in entrants):
        return rank_ranges(
            [entrant.score for entrant in entrants], separated_pairs(differences(entrants, priors))
        )
    return _unpaired(entrants, priors)


def separated_pairs(pairwise: Differences) -> NDArray[np.bool_]:
    """Return which pairs of compared entrants (n, n) are separated."""
    squares = pairwise.error**2
    # Errors around their mean whose differences have these variances: J. C. Gower. 1966. Biometrika 53, 325.
    centred = squares - squares.mean(axis=0) - squares.mean(axis=1, keepdims=True) + squares.mean()
    normal = pairwise.borrowed | (pairwise.seed_error == 0)
    return separated(np.where(pairwise.testable, pairwise.p, np.nan), -centred / 2, normal)


def _unpaired(entrants: Sequence[Entrant], priors: Priors) -> tuple[Range, ...]:
    """Rank entrants that are not paired by examples or seeds, so that the variances of two just add up."""
    n = len(entrants)
    scores = np.array([entrant.score for entrant in entrants])
    order = np.lexsort((np.arange(n), -scores))  # by falling score, then as given
    testable = np.array(
        [entrant.has_training_variance and entrant.count > MIN_DISCORDANT - 1e-6 for entrant in entrants],
        dtype=bool,
    )
    tested = np.flatnonzero(testable[order])  # positions in the order
    columns = _columns([entrants[i] for i in order[tested]], priors)
    threshold = _holm_threshold(columns)
    better, worse = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    undecided: list[OpenPairs] = []
    held = 0
    for start, block in _blocks(columns):
        p = block.p()
        differs = block.certain | (p < threshold)
        worse[tested[start : start + len(differs)]] += differs.sum(axis=1)
        better[tested[start:]] += differs.sum(axis=0)
        rows, below = np.nonzero(block.pairs & ~differs)
        held += len(rows)
        if held <= MOST_PAIRS:
            pair = rows + start, below + start
            normal = columns.normal[pair[0]] & columns.normal[pair[1]]
            undecided.append(OpenPairs(*pair, block.p_of(rows, below), normal))
    if 0 < held <= MOST_PAIRS:
        pairs = OpenPairs(*(np.concatenate(part) for part in zip(*undecided, strict=True)))
        further = step_down(pairs, columns.examples + columns.seeds, independent=True)
        np.add.at(worse, tested[pairs.rows[further]], 1)
        np.add.at(better, tested[pairs.columns[further]], 1)
    ranges: list[Range] = [(1, n)] * n
    for position, i in enumerate(order.tolist()):
        ranges[i] = 1 + int(better[position]), n - int(worse[position])
    return tuple(ranges)


class _Columns(NamedTuple):
    """The terms of the statistic of each entrant, by falling score; all arrays are (entrants,)."""

    scores: Floats
    examples: Floats  # variances over examples, without what the seeds' contain of them
    seeds: Floats  # squared standard errors over seeds
    fourth: Floats  # σ⁴/ν of these
    limits: Floats  # the most degrees of freedom that a pair may have

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def normal(self) -> NDArray[np.bool_]:
        """Return whose variance is not of a few seeds alone."""
        return np.asarray((self.seeds == 0) | np.isfinite(self.limits))


def _columns(entrants: Sequence[Entrant], priors: Priors) -> _Columns:
    terms = seed_terms(entrants, priors)
    return _Columns(
        np.array([entrant.score for entrant in entrants]),
        np.array([entrant.variance - entrant.shared for entrant in entrants], dtype=np.float64),
        terms.squares,
        terms.fourths,
        terms.limits,
    )


class _Block(NamedTuple):
    """Some rows compared with all rows below the first of them, as matrices.

    `pairs` are those above the diagonal; `certain` ones differ under any correction, `open` ones need their
    p value.
    """

    statistic: Floats
    freedom: Floats
    pairs: NDArray[np.bool_]
    open: NDArray[np.bool_]
    certain: NDArray[np.bool_]

    def p(self) -> Floats:
        """Return the p values of open pairs, 1 elsewhere."""
        p = np.ones_like(self.statistic)
        p[self.open] = two_sided(self.statistic[self.open], self.freedom[self.open])
        return p

    def p_of(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Floats:
        """Return the p values of pairs (pairs,)."""
        return two_sided(self.statistic[rows, columns], self.freedom[rows, columns])


def _blocks(columns: _Columns) -> Iterator[tuple[int, _Block]]:
    """Yield (first row, block); the columns of a block begin at its first row.

    Pairs on or below the diagonal are neither certain nor open.
    """
    n = len(columns)
    pairs = max(1, n * (n - 1) // 2)
    # Every t distribution has heavier tails than the normal: below the first bound no p value is under alpha.
    lower, upper = -ndtri(ALPHA / 2) - 0.01, normal_threshold(pairs) + 0.1
    rows = max(1, _BLOCK_PAIRS // max(1, n))
    for start in range(0, n, rows):
        above, below = slice(start, start + rows), slice(start, None)
        statistic, freedom = _compared(columns, above, below)
        pair = np.triu(np.ones(statistic.shape, dtype=bool), 1)
        certain = pair & (statistic > upper) & (freedom >= NORMAL_FREEDOM)
        yield start, _Block(statistic, freedom, pair, pair & ~certain & (statistic > lower), certain)


def _compared(columns: _Columns, above: slice, below: slice) -> tuple[Floats, Floats]:
    """Return the statistic and the degrees of freedom of each pair, as in `differences`."""

    def pair_sums(values: Floats) -> Floats:
        return np.asarray(values[above, None] + values[None, below])

    examples = np.maximum(0.0, pair_sums(columns.examples))
    size = np.abs(columns.scores[above, None] - columns.scores[None, below])
    freedom = np.full(size.shape, NORMAL_FREEDOM)
    seeds = np.zeros(())
    if columns.seeds.any():
        seeds = pair_sums(columns.seeds)
        limit = np.minimum(columns.limits[above, None], columns.limits[None, below])
        freedom = combined_freedom(examples, seeds, seeds_freedom(seeds, pair_sums(columns.fourth), limit))
    error = np.sqrt(examples + seeds)
    return np.divide(size, error, out=np.where(size > 0, np.inf, 0.0), where=error > 0), freedom


def _holm_threshold(columns: _Columns) -> float:
    """Return the smallest p value that is not significant after Holm's correction, or else alpha.

    If there are too many p values for memory, they are counted in bins, and only those of the bins that may
    contain the threshold are sorted.
    """
    pairs = len(columns) * (len(columns) - 1) // 2
    ends = np.geomspace(ALPHA / max(1, pairs), ALPHA, _BINS)
    counts, certain = np.zeros(_BINS, dtype=np.int64), 0
    held: list[Floats] = []
    for _, block in _blocks(columns):
        certain += int(np.count_nonzero(block.certain))
        p = block.p()
        held.append(p[p < ALPHA])
        counts += np.bincount(np.searchsorted(ends, held[-1], side="right"), minlength=_BINS)
        if counts.sum() > _HELD:
            held.clear()
    remaining, first, last = pairs - certain, 0, _BINS - 1
    if counts.sum() > _HELD:
        below = np.cumsum(counts) - counts
        # The smallest p value of a bin has `below` smaller ones, the others have more: so no p value that may
        # be the threshold is outside the bins from the first possible to the first certain one.
        possible = np.flatnonzero((counts > 0) & (ends * (remaining - below) >= ALPHA))
        sure = np.flatnonzero((counts > 0) & (np.append(0.0, ends[:-1]) * (remaining - below) >= ALPHA))
        if not len(possible):
            return ALPHA
        first, last = int(possible[0]), int(sure[0]) if len(sure) else last
        remaining -= int(below[first])
        held = [_between(block.p(), first, last, ends) for _, block in _blocks(columns)]
    smallest = np.sort(np.concatenate([np.empty(0), *held]))
    fails = np.flatnonzero(smallest * (remaining - np.arange(len(smallest))) >= ALPHA)
    return float(smallest[fails[0]]) if len(fails) else ALPHA


def _between(p: Floats, first: int, last: int, ends: Floats) -> Floats:
    """Return the p values of the bins first to last; a bin excludes its end."""
    return np.asarray(p[(p < ends[last]) & (p >= (ends[first - 1] if first else 0.0))])
