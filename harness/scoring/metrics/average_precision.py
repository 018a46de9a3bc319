"""The average precision of ranked lists."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def average_precision(ranks: NDArray[np.integer], cutoff: int | None = None) -> NDArray[np.float64]:
    """Return AP@cutoff per question (questions,) from the 1-based ranks of its relevant items (questions, relevant), 0 for no item.

    AP@k = Σ over the relevant items of rank r ≤ k of P@r / min(relevant, k), where P@r is the share of
    relevant items among the first r; without a cutoff every rank counts and the divisor is the number of
    relevant items. A question without a relevant item has 0.0. Source: U. Roy et al. 2020. LAReQA. EMNLP
    (mAP@20).
    """
    relevant = np.count_nonzero(ranks, axis=1)
    limit = np.iinfo(np.int64).max if cutoff is None else cutoff
    # What does not count goes behind all that does, so that a rank's place in its row is the number of hits
    # up to it.
    kept = np.sort(np.where((ranks > 0) & (ranks <= limit), ranks.astype(np.float64), np.inf), axis=1)
    hits = np.arange(1, ranks.shape[1] + 1)
    total = np.sum(hits / kept, axis=1)
    precision = np.zeros(len(ranks))
    np.divide(total, np.minimum(relevant, limit), out=precision, where=relevant > 0)
    return precision
