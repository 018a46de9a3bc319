"""Keep the best documents of every query while scores arrive block by block, in trec_eval's order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.retrieval.ranked_run import Ranking

_SIGN = np.uint32(1 << 31)
_LAST = np.uint64(0xFFFFFFFF)
_WORD = np.uint64(32)


class TopDocuments:
    """The `depth` best of n documents for each query so far.

    A document's score and id are one whole number of 64 bits, whose order is the order of the ranking: no two
    documents are equal, so that neither blocks nor their order can change what is kept. Memory is
    8 · queries · depth bytes, and some blocks of scores.
    """

    def __init__(self, names: Sequence[str], queries: int, depth: int) -> None:
        """Take the ids of all documents, of which there are fewer than 2^32."""
        self._names, self._depth = names, depth
        self._by_id = np.array(sorted(range(len(names)), key=names.__getitem__, reverse=True), np.int64)
        self._place = np.empty(len(names), np.uint64)  # of equal scores, place 0 is ranked first
        self._place[self._by_id] = np.arange(len(names), dtype=np.uint64)
        self._best = np.zeros((queries, depth), np.uint64)  # 0, which no score has, where there is none
        self._floor = np.full(queries, -np.inf, np.float32)  # the score of the last document that is kept

    def add(self, documents: NDArray[np.int64], scores: NDArray[np.floating], first_query: int = 0) -> None:
        """Add scores (documents, queries) of some documents, for the queries from `first_query` on.

        −∞ is for documents that are not ranked.
        """
        queries = slice(first_query, first_query + scores.shape[1])
        values, best = scores.T.astype(np.float32), self._best[queries]
        # Few documents reach what is kept already, so that only these need a key.
        rows, columns = np.nonzero((values >= self._floor[queries, None]) & (values > -np.inf))
        keys = _ordered_bits(values[rows, columns]).astype(np.uint64) << _WORD
        keys |= _LAST - self._place[documents[columns]]
        counts = np.bincount(rows, minlength=len(values))
        width = int(counts.max(initial=0))
        if not width:
            return
        additions = np.zeros((len(values), width), np.uint64)  # rows of one length
        additions[rows, np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)] = keys
        best = np.partition(np.concatenate([best, additions], axis=1), width, axis=1)[:, width:]
        worst = best.min(axis=1)
        self._best[queries] = best
        self._floor[queries] = np.where(worst > 0, _scores_of((worst >> _WORD).astype(np.uint32)), -np.inf)

    def ranking(self, query: int) -> Ranking:
        """Return what is kept of a query, by its index."""
        keys = np.sort(self._best[query])[::-1]
        keys = keys[keys > 0]
        order = self._by_id[(_LAST - (keys & _LAST)).astype(np.int64)]
        return Ranking(tuple(self._names[i] for i in order), _scores_of((keys >> _WORD).astype(np.uint32)))


def _ordered_bits(scores: NDArray[np.float32]) -> NDArray[np.uint32]:
    """Return whole numbers in the order of the scores; −0 is 0, and −∞ is the smallest."""
    bits = np.ascontiguousarray(scores + np.float32(0)).view(np.uint32)
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def _scores_of(bits: NDArray[np.uint32]) -> NDArray[np.float32]:
    return np.where(bits & _SIGN, bits & ~_SIGN, ~bits).astype(np.uint32).view(np.float32)
