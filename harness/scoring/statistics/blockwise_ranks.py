"""Rank ranges and tie groups of thousands of submissions on one target, without a matrix of all pairs.

The results equal those of `differences`, `significant_differences`, `rank_ranges` and `tie_groups`, but are
computed in blocks of rows. A bound on the statistic decides most pairs, so that few p values are computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from harness.scoring.statistics.multilevel import standard_error
from harness.scoring.statistics.pairwise import (
    MIN_DISCORDANT,
    NORMAL_FREEDOM,
    Entrant,
    differences,
    two_sided,
)
from harness.scoring.statistics.ranks import rank_ranges, significant_differences, tie_groups
from harness.scoring.statistics.resampling import Floats

ALPHA = 0.05
# Number of pairs that are in memory at once, in about ten arrays.
_BLOCK_PAIRS = 1_000_000
# Number of p values that are sorted at once; if there are more, they are first counted in bins.
_HELD = 4_000_000
_BINS = 4096


class Placing(NamedTuple):
    """The best and the worst rank that a submission may have, and its tie group, counted from the top."""

    ranks: tuple[int, int]
    group: int


def placings(entrants: Sequence[Entrant]) -> tuple[Placing, ...]:
    """Rank entrants by their significant differences at 95 %, Holm-corrected over all testable pairs."""
    if any(entrant.examples is not None or entrant.design is not None for entrant in entrants):
        differs = significant_differences(differences(entrants).p, ALPHA)
        scores = [entrant.score for entrant in entrants]
        return tuple(map(Placing, rank_ranges(scores, differs), tie_groups(scores, differs)))
    return _unpaired(entrants)


def _unpaired(entrants: Sequence[Entrant]) -> tuple[Placing, ...]:
    """Rank entrants that are not paired by examples or seeds, so that the variances of two just add up."""
    n = len(entrants)
    scores = np.array([entrant.score for entrant in entrants])
    order = np.lexsort((np.arange(n), -scores))  # by falling score, then as given
    testable = np.array(
        [entrant.has_training_variance and entrant.count > MIN_DISCORDANT - 1e-6 for entrant in entrants],
        dtype=bool,
    )
    tested = np.flatnonzero(testable[order])  # positions in the order
    columns = _columns([entrants[i] for i in order[tested]])
    threshold = _holm_threshold(columns)
    better, worse = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    nearest_better = np.full(n, -1)  # the last position above that is significantly better
    for start, block in _blocks(columns):
        differs = block.certain | (block.p() < threshold)
        worse[tested[start : start + len(differs)]] = differs.sum(axis=1)
        below = tested[start:]
        better[below] += differs.sum(axis=0)
        last = len(differs) - 1 - np.argmax(differs[::-1], axis=0)
        nearest_better[below] = np.where(differs.any(axis=0), tested[start + last], nearest_better[below])
    placed: list[Placing] = [Placing((1, n), 1)] * n
    group, first = 0, 0
    for position, i in enumerate(order.tolist()):
        if position == 0 or nearest_better[position] >= first:
            group, first = group + 1, position
        placed[i] = Placing((1 + int(better[position]), n - int(worse[position])), group)
    return tuple(placed)


class _Columns(NamedTuple):
    """The terms of the statistic of each entrant, by falling score; all arrays are (entrants,)."""

    scores: Floats
    examples: Floats  # variances over examples
    shared: Floats  # the part of these that varies with the seed
    seeds: Floats  # squared standard errors over seeds
    fourth: Floats  # σ⁴/ν of these

    def __len__(self) -> int:
        return len(self.scores)


def _columns(entrants: Sequence[Entrant]) -> _Columns:
    errors = [standard_error([entrant.seeds]) for entrant in entrants]
    squares = np.array([error.size**2 for error in errors])
    return _Columns(
        np.array([entrant.score for entrant in entrants]),
        np.array([entrant.variance for entrant in entrants], dtype=np.float64),
        np.array([entrant.interaction if len(entrant.seeds) > 1 else 0.0 for entrant in entrants]),
        squares,
        squares**2 / np.array([error.freedom for error in errors]),
    )


class _Block(NamedTuple):
    """Some rows compared with all rows below the first of them, as matrices.

    `certain` pairs differ under any correction, `open` ones need their p value.
    """

    statistic: Floats
    freedom: Floats
    open: NDArray[np.bool_]
    certain: NDArray[np.bool_]

    def p(self) -> Floats:
        """Return the p values of open pairs, 1 elsewhere."""
        p = np.ones_like(self.statistic)
        p[self.open] = two_sided(self.statistic[self.open], self.freedom[self.open])
        return p


def _blocks(columns: _Columns) -> Iterator[tuple[int, _Block]]:
    """Yield (first row, block); the columns of a block begin at its first row.

    Pairs on or below the diagonal are neither certain nor open.
    """
    n = len(columns)
    pairs = max(1, n * (n - 1) // 2)
    # Every t distribution has heavier tails than the normal: below the first bound no p value is under alpha.
    lower, upper = -ndtri(ALPHA / 2) - 0.01, -ndtri(ALPHA / (2 * pairs)) + 0.1
    rows = max(1, _BLOCK_PAIRS // max(1, n))
    for start in range(0, n, rows):
        above, below = slice(start, start + rows), slice(start, None)
        statistic, freedom = _compared(columns, above, below)
        pair = np.triu(np.ones(statistic.shape, dtype=bool), 1)
        certain = pair & (statistic > upper) & (freedom >= NORMAL_FREEDOM)
        yield start, _Block(statistic, freedom, pair & ~certain & (statistic > lower), certain)


def _compared(columns: _Columns, above: slice, below: slice) -> tuple[Floats, Floats]:
    """Return the statistic and the degrees of freedom of each pair, as in `differences`."""

    def pair_sums(values: Floats) -> Floats:
        return np.asarray(values[above, None] + values[None, below])

    examples = pair_sums(columns.examples)
    if columns.shared.any():
        examples = examples - columns.shared[above, None] - columns.shared[None, below]
    examples = np.maximum(0.0, examples)
    size = np.abs(columns.scores[above, None] - columns.scores[None, below])
    freedom = np.full(size.shape, NORMAL_FREEDOM)
    seeds = np.zeros(())
    if columns.seeds.any():
        seeds, fourth = pair_sums(columns.seeds), pair_sums(columns.fourth)
        welch = np.divide(seeds**2, fourth, out=np.full(size.shape, NORMAL_FREEDOM), where=fourth > 0)
        inflated = seeds * (1 + 2 / welch)
        freedom = np.divide((examples + inflated) ** 2 * welch, inflated**2, out=freedom, where=inflated > 0)
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
