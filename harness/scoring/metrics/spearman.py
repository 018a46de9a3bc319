"""Spearman's rank correlation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def spearman(answers: NDArray[np.floating], gold: NDArray[np.floating]) -> float:
    """Return Spearman's correlation, from -1 to 1, of answers (n,) and gold (n,).

    It is Pearson's correlation of the ranks; ties share their mean rank. 0.0 if all values of one side are
    equal or there are no examples. Formula: Spearman 1904, as in scipy.stats.spearmanr.
    """
    if len(answers) == 0:
        return 0.0
    answer_ranks, gold_ranks = (_ranks(side) - (len(side) + 1) / 2 for side in (answers, gold))
    spread = float(np.sqrt((answer_ranks @ answer_ranks) * (gold_ranks @ gold_ranks)))
    return float(answer_ranks @ gold_ranks) / spread if spread else 0.0


def _ranks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return ranks (n,) from 1; ties have their mean rank."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    last_rank = np.cumsum(counts)
    ranks: NDArray[np.float64] = (last_rank - (counts - 1) / 2)[group]
    return ranks
