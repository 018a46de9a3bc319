"""How far the ranks of many submissions can be told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def real_differences(p: Floats, alpha: float = 0.05) -> NDArray[np.bool_]:
    """Return which of all pairs (n, n) differ after Holm's correction over the n · (n − 1) / 2 pairs."""
    n = len(p)
    above = np.triu_indices(n, 1)
    order = np.argsort(p[above], kind="stable")
    count = len(order)
    fails = np.flatnonzero(p[above][order] * np.arange(count, 0, -1) >= alpha)
    kept = order[: fails[0] if len(fails) else count]
    differs = np.zeros((n, n), dtype=bool)
    differs[above[0][kept], above[1][kept]] = True
    return differs | differs.T


def rank_ranges(scores: Sequence[float], differs: NDArray[np.bool_]) -> tuple[tuple[int, int], ...]:
    """Return for each the best and the worst rank that it may have: one more than those really better, n less those really worse."""
    values = np.asarray(scores)
    better = differs & (values[None, :] > values[:, None])
    worse = differs & (values[None, :] < values[:, None])
    best, last = 1 + better.sum(axis=1), len(values) - worse.sum(axis=1)
    return tuple(zip(best.tolist(), last.tolist(), strict=True))


def tie_groups(scores: Sequence[float], differs: NDArray[np.bool_]) -> tuple[int, ...]:
    """Return the number of each one's group, from 1: down the scores, a group ends before the first that is really worse than its head."""
    groups = [0] * len(scores)
    head, group = -1, 0
    for i in sorted(range(len(scores)), key=lambda i: (-scores[i], i)):
        if head < 0 or differs[head, i]:
            head, group = i, group + 1
        groups[i] = group
    return tuple(groups)
