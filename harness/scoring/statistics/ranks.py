"""Rank ranges and tie groups, from the significant differences of all pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.scoring.statistics.resampling import Floats


def significant_differences(p: Floats, alpha: float = 0.05) -> NDArray[np.bool_]:
    """Return which pairs (n, n) differ after Holm's correction over the testable pairs (p is not NaN)."""
    n = len(p)
    rows, columns = (indices[~np.isnan(p[np.triu_indices(n, 1)])] for indices in np.triu_indices(n, 1))
    order = np.argsort(p[rows, columns], kind="stable")
    count = len(order)
    fails = np.flatnonzero(p[rows, columns][order] * np.arange(count, 0, -1) >= alpha)
    significant = order[: fails[0] if len(fails) else count]
    differs = np.zeros((n, n), dtype=bool)
    differs[rows[significant], columns[significant]] = True
    return differs | differs.T


def rank_ranges(scores: Sequence[float], differs: NDArray[np.bool_]) -> tuple[tuple[int, int], ...]:
    """Return the best and the worst possible rank of each submission, given the significant differences.

    These are 1 + the number of significantly better ones, and n − the number of significantly worse ones.
    """
    values = np.asarray(scores)
    better = differs & (values[None, :] > values[:, None])
    worse = differs & (values[None, :] < values[:, None])
    best, worst = 1 + better.sum(axis=1), len(values) - worse.sum(axis=1)
    return tuple(zip(best.tolist(), worst.tolist(), strict=True))


def tie_groups(scores: Sequence[float], differs: NDArray[np.bool_]) -> tuple[int, ...]:
    """Return the tie group of each submission, from 1.

    In order of falling score, a group ends before the first submission that is significantly worse than any
    member. A comparison with the best member only is not enough: with a single seed it is not testable.
    """
    groups = [0] * len(scores)
    members: list[int] = []
    group = 0
    for i in sorted(range(len(scores)), key=lambda i: (-scores[i], i)):
        if not members or differs[i, members].any():
            members, group = [], group + 1
        members.append(i)
        groups[i] = group
    return tuple(groups)
