"""Where each of thousands of submissions may stand on one target, without a matrix of all pairs in memory.

What `differences`, `real_differences`, `rank_ranges` and `tie_groups` say together, computed a block of rows
at a time. Pairs that cannot differ, or cannot but differ, are told by a bound on the statistic, so that few
tails are computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from harness.scoring.statistics.multilevel import standard_error
from harness.scoring.statistics.pairwise import DISCORDANT, MANY, Entrant, differences, two_sided
from harness.scoring.statistics.ranks import rank_ranges, real_differences, tie_groups
from harness.scoring.statistics.resampling import Floats

ALPHA = 0.05
# So many pairs are held at once, in some ten arrays.
_BLOCK_PAIRS = 1_000_000
# So many p values are sorted at once; more are counted in bins first.
_HELD = 4_000_000
_BINS = 4096


class Placing(NamedTuple):
    """The best and the worst rank that one may have, and the number of its group of ties from the top."""

    ranks: tuple[int, int]
    group: int


def placings(entrants: Sequence[Entrant]) -> tuple[Placing, ...]:
    """Place entrants by their real differences at 95 %, after Holm's correction over all pairs that may be tested."""
    if any(each.examples is not None or each.design is not None for each in entrants):
        differs = real_differences(differences(entrants).p, ALPHA)
        exact = [each.score for each in entrants]
        return tuple(map(Placing, rank_ranges(exact, differs), tie_groups(exact, differs)))
    return _unpaired(entrants)


def _unpaired(entrants: Sequence[Entrant]) -> tuple[Placing, ...]:
    """Place entrants that are not paired by examples or seeds: all that two share is then a sum of what each has."""
    n = len(entrants)
    scores = np.array([each.score for each in entrants])
    order = np.lexsort((np.arange(n), -scores))  # down the scores, then as given
    may = np.array(
        [each.speaks_of_the_recipe and each.count > DISCORDANT - 1e-6 for each in entrants], dtype=bool
    )
    tested = np.flatnonzero(may[order])  # places in the order
    columns = _columns([entrants[i] for i in order[tested]])
    cut = _cut(columns)
    better, worse = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    nearest = np.full(n, -1)  # the last place above that is really better
    for start, found in _blocks(columns):
        differs = found.certain | (found.p() < cut)
        worse[tested[start : start + len(differs)]] = differs.sum(axis=1)
        below = tested[start:]
        better[below] += differs.sum(axis=0)
        last = len(differs) - 1 - np.argmax(differs[::-1], axis=0)
        nearest[below] = np.where(differs.any(axis=0), tested[start + last], nearest[below])
    placed: list[Placing] = [Placing((1, n), 1)] * n
    group, first = 0, 0
    for place, i in enumerate(order.tolist()):
        if place == 0 or nearest[place] >= first:
            group, first = group + 1, place
        placed[i] = Placing((1 + int(better[place]), n - int(worse[place])), group)
    return tuple(placed)


class _Columns(NamedTuple):
    """What each entrant brings to a comparison, by falling score."""

    scores: Floats
    examples: Floats  # variances
    shared: Floats
    seeds: Floats  # variances
    fourth: Floats

    def __len__(self) -> int:
        return len(self.scores)


def _columns(entrants: Sequence[Entrant]) -> _Columns:
    errors = [standard_error([each.seeds]) for each in entrants]
    squares = np.array([error.size**2 for error in errors])
    return _Columns(
        np.array([each.score for each in entrants]),
        np.array([each.variance for each in entrants], dtype=np.float64),
        np.array([each.interaction if len(each.seeds) > 1 else 0.0 for each in entrants]),
        squares,
        squares**2 / np.array([error.freedom for error in errors]),
    )


class _Block(NamedTuple):
    """Some rows against all that stand below the first of them; `certain` pairs differ whatever the correction takes."""

    statistic: Floats
    freedom: Floats
    open: NDArray[np.bool_]
    certain: NDArray[np.bool_]

    def p(self) -> Floats:
        """Return p values where they are open, 1 elsewhere."""
        found = np.ones_like(self.statistic)
        found[self.open] = two_sided(self.statistic[self.open], self.freedom[self.open])
        return found


def _blocks(columns: _Columns) -> Iterator[tuple[int, _Block]]:
    """Yield (first row, block); in a block the columns begin at its first row, and pairs on or below the diagonal are neither."""
    n = len(columns)
    pairs = max(1, n * (n - 1) // 2)
    # No t distribution has lighter tails than the normal: below the first bound no p value is under alpha.
    least, most = -ndtri(ALPHA / 2) - 0.01, -ndtri(ALPHA / (2 * pairs)) + 0.1
    rows = max(1, _BLOCK_PAIRS // max(1, n))
    for start in range(0, n, rows):
        above, below = slice(start, start + rows), slice(start, None)
        statistic, freedom = _compared(columns, above, below)
        upper = np.triu(np.ones(statistic.shape, dtype=bool), 1)
        certain = upper & (statistic > most) & (freedom >= MANY)
        yield start, _Block(statistic, freedom, upper & ~certain & (statistic > least), certain)


def _compared(columns: _Columns, above: slice, below: slice) -> tuple[Floats, Floats]:
    """Return the statistic and the degrees of freedom of each pair, as `differences` has them."""

    def both(values: Floats) -> Floats:
        return np.asarray(values[above, None] + values[None, below])

    examples = both(columns.examples)
    if columns.shared.any():
        examples = examples - columns.shared[above, None] - columns.shared[None, below]
    examples = np.maximum(0.0, examples)
    size = np.abs(columns.scores[above, None] - columns.scores[None, below])
    freedom = np.full(size.shape, MANY)
    seeds = np.zeros(())
    if columns.seeds.any():
        seeds, unsure = both(columns.seeds), both(columns.fourth)
        welch = np.divide(seeds**2, unsure, out=np.full(size.shape, MANY), where=unsure > 0)
        large = seeds * (1 + 2 / welch)
        freedom = np.divide((examples + large) ** 2 * welch, large**2, out=freedom, where=large > 0)
    error = np.sqrt(examples + seeds)
    return np.divide(size, error, out=np.where(size > 0, np.inf, 0.0), where=error > 0), freedom


def _cut(columns: _Columns) -> float:
    """Return the first p value that Holm's correction does not let pass, or alpha where all below it pass.

    Where there are too many to hold they are counted by their size, and only those are held among which the
    first one is.
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
    left, first, last = pairs - certain, 0, _BINS - 1
    if counts.sum() > _HELD:
        below = np.cumsum(counts) - counts
        # The smallest of a bin has so many below it, and the others more: no p value is left out that may be
        # the first.
        may = np.flatnonzero((counts > 0) & (ends * (left - below) >= ALPHA))
        must = np.flatnonzero((counts > 0) & (np.append(0.0, ends[:-1]) * (left - below) >= ALPHA))
        if not len(may):
            return ALPHA
        first, last = int(may[0]), int(must[0]) if len(must) else last
        left -= int(below[first])
        held = [_between(block.p(), first, last, ends) for _, block in _blocks(columns)]
    smallest = np.sort(np.concatenate([np.empty(0), *held]))
    fails = np.flatnonzero(smallest * (left - np.arange(len(smallest))) >= ALPHA)
    return float(smallest[fails[0]]) if len(fails) else ALPHA


def _between(p: Floats, first: int, last: int, ends: Floats) -> Floats:
    """Return the p values of some bins, each of which ends before its end."""
    return np.asarray(p[(p < ends[last]) & (p >= (ends[first - 1] if first else 0.0))])
