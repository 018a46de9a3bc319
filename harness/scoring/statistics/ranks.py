"""How far the ranks of many submissions can be told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.scoring.statistics.resampling import Floats


def real_differences(p: Floats, alpha: float = 0.05) -> NDArray[np.bool_]:
    """Return which of all pairs (n, n) differ after Holm's correction over the pairs that may be tested, whose p is not NaN."""
    n = len(p)
    rows, columns = (places[~np.isnan(p[np.triu_indices(n, 1)])] for places in np.triu_indices(n, 1))
    order = np.argsort(p[rows, columns], kind="stable")
    count = len(order)
    fails = np.flatnonzero(p[rows, columns][order] * np.arange(count, 0, -1) >= alpha)
    kept = order[: fails[0] if len(fails) else count]
    differs = np.zeros((n, n), dtype=bool)
    differs[rows[kept], columns[kept]] = True
    return differs | differs.T


def rank_ranges(scores: Sequence[float], differs: NDArray[np.bool_]) -> tuple[tuple[int, int], ...]:
    """Return for each the best and the worst rank that it may have: one more than those really better, n less those really worse."""
    values = np.asarray(scores)
    better = differs & (values[None, :] > values[:, None])
    worse = differs & (values[None, :] < values[:, None])
    best, last = 1 + better.sum(axis=1), len(values) - worse.sum(axis=1)
    return tuple(zip(best.tolist(), last.tolist(), strict=True))


def tie_groups(scores: Sequence[float], differs: NDArray[np.bool_]) -> tuple[int, ...]:
    """Return the number of each one's group, from 1: down the scores, a group ends before the first really worse than any in it.

    It is not the best alone that counts: that one may be of a single training, of which nothing can be told.
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
