"""The reciprocal rank of the first relevant item of a ranked list."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def reciprocal_rank(ranks: NDArray[np.number]) -> NDArray[np.float64]:
    """Return 1 / the best rank per question (questions,) from 1-based ranks of relevant items.

    `ranks` is (questions, relevant); rank 0 is padding, rank ∞ an item that the list lacks. A question
    without a relevant item has 0.0. Source: E. M. Voorhees. 1999. The TREC-8 question answering track report.
    """
    best = np.where(ranks > 0, ranks.astype(np.float64), np.inf).min(axis=1, initial=np.inf)
    return np.asarray(1 / best)
