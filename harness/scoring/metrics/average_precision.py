"""The average precision of ranked lists."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def average_precision(ranks: NDArray[np.number], cutoff: int | None = None) -> NDArray[np.float64]:
    """Return AP@cutoff per question (questions,) from 1-based ranks of relevant items (questions, relevant).

    Rank 0 is padding, rank ∞ an item that the list lacks. AP@k = Σ over the relevant items of rank r ≤ k of
    P@r / min(relevant, k), where P@r is the share of relevant items among the first r; without a cutoff every
    rank counts and the divisor is the number of relevant items. A question without a relevant item has 0.0.
    Source: U. Roy et al. 2020. LAReQA. EMNLP (mAP@20).
    """
    relevant = np.count_nonzero(ranks, axis=1)
    limit = np.iinfo(np.int64).max if cutoff is None else cutoff
    # Ranks that do not count are sorted last, so that a rank's position in its row is its number of hits.
    sorted_ranks = np.sort(np.where((ranks > 0) & (ranks <= limit), ranks.astype(np.float64), np.inf), axis=1)
    hits = np.arange(1, ranks.shape[1] + 1)
    total = np.sum(hits / sorted_ranks, axis=1)
    precision = np.zeros(len(ranks))
    np.divide(total, np.minimum(relevant, limit), out=precision, where=relevant > 0)
    return precision
