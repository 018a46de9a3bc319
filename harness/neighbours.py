"""Find exact nearest neighbours: the only importer of faiss."""

from __future__ import annotations

import faiss
import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
_CANDIDATES = 8
# float32 products of unit vectors of d dimensions are wrong by at most about d · 2^-24, 6e-5 at 1,024; what lies
# within twice that of the best may be the best.
_SLACK = 1.3e-4
# Exact products of equal vectors may still be summed in another order: closer than this is a tie.
_TIE = 1e-12


def nearest(queries: Vectors, pool: Vectors) -> NDArray[np.int64]:
    """Return for each query (q, d) the index of the pool vector (n, d) of the largest inner product; ties go to the lowest index.

    faiss searches in float32; every candidate that its rounding cannot exclude is scored again in float64, so the answer is
    a property of the vectors and not of a library's block sizes. L2-normalised vectors make this the largest cosine.
    """
    if len(pool) == 0:
        raise ValueError("the pool is empty")
    k = min(_CANDIDATES, len(pool))
    scores, indices = faiss.knn(np.ascontiguousarray(queries), np.ascontiguousarray(pool), k, metric=faiss.METRIC_INNER_PRODUCT)
    wide = pool.astype(np.float64)
    exact = np.einsum("qd,qkd->qk", queries.astype(np.float64), wide[indices])  # (q, k)
    best = exact.max(axis=1, keepdims=True)
    answers = np.where(exact >= best - _TIE, indices, len(pool)).min(axis=1)
    # More candidates within the slack than were asked for: look at the whole pool.
    crowded = np.flatnonzero(scores[:, -1] >= scores[:, 0] - _SLACK) if k < len(pool) else np.array([], dtype=np.int64)
    for query in crowded:
        products = wide @ queries[query].astype(np.float64)
        answers[query] = np.flatnonzero(products >= products.max() - _TIE)[0]
    return np.asarray(answers, dtype=np.int64)
