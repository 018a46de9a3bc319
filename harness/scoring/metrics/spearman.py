"""Spearman's rank correlation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def spearman(answers: NDArray[np.floating], gold: NDArray[np.floating]) -> float:
    """Return Pearson's correlation of the ranks of answers (n,) and gold (n,), from -1 to 1; equal values share their mean rank.

    0.0 where one side has a single value or there are no examples. Formula: Spearman 1904, as
    scipy.stats.spearmanr has it.
    """
    if len(answers) == 0:
        return 0.0
    left, right = (_ranks(side) - (len(side) + 1) / 2 for side in (answers, gold))
    spread = float(np.sqrt((left @ left) * (right @ right)))
    return float(left @ right) / spread if spread else 0.0


def _ranks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return ranks from 1, equal values at their mean."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: NDArray[np.float64] = (last - (counts - 1) / 2)[place]
    return ranks
