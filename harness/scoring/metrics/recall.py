"""The share of relevant items that a ranked list reaches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def recall(ranks: NDArray[np.number], cutoff: int) -> NDArray[np.float64]:
    """Return R@cutoff per question (questions,) from 1-based ranks of relevant items (questions, relevant).

    Rank 0 is padding, rank ∞ an item that the list lacks. R@k = relevant items of rank ≤ k / relevant items;
    a question without a relevant item has 0.0. Source: C. D. Manning, P. Raghavan and H. Schütze. 2008.
    Introduction to Information Retrieval, section 8.4.
    """
    relevant = np.count_nonzero(ranks, axis=1)
    retrieved = np.count_nonzero((ranks > 0) & (ranks <= cutoff), axis=1)
    share = np.zeros(len(ranks))
    np.divide(retrieved, relevant, out=share, where=relevant > 0)
    return share
