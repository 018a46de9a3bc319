"""The normalised discounted cumulative gain of ranked lists."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def ndcg(
    ranks: NDArray[np.number], gains: NDArray[np.number], cutoff: int | None = None
) -> NDArray[np.float64]:
    """Return nDCG@cutoff per query (queries,) from ranks and gains of relevant items (queries, relevant).

    DCG@k = Σ over the relevant items of rank r ≤ k of gain / log2(r + 1), divided by the DCG@k of the best
    order; the gain is the judged grade itself, as in trec_eval's ndcg_cut, not 2^grade − 1. Ranks are
    1-based, rank 0 is padding, rank ∞ an item that the list lacks. A query without a relevant item has 0.0.
    Source: K. Järvelin and J. Kekäläinen. 2002. Cumulated gain-based evaluation of IR techniques. ACM TOIS
    20(4).
    """
    limit = np.iinfo(np.int64).max if cutoff is None else cutoff
    gains = np.where(ranks > 0, gains, 0).astype(np.float64)
    dcg = _discounted(np.where(ranks <= limit, gains, 0.0), np.maximum(ranks, 1))
    ideal_gains = -np.sort(-gains, axis=1)[:, :cutoff]
    ideal_dcg = _discounted(ideal_gains, np.arange(1, ideal_gains.shape[1] + 1))
    return np.divide(dcg, ideal_dcg, out=np.zeros(len(ranks)), where=ideal_dcg > 0)


def _discounted(gains: NDArray[np.float64], ranks: NDArray[np.number]) -> NDArray[np.float64]:
    total: NDArray[np.float64] = np.sum(gains / np.log2(ranks + 1.0), axis=1)
    return total
