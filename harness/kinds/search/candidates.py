"""Keep, for every query, the candidates that float32 cannot exclude from its k nearest."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from harness.kinds.search.panels import Indices, Wide

Narrow = NDArray[np.float32]
# Beyond the k asked for: so many more may lie within the rounding of the last of them before a query counts
# as crowded.
SPARE = 4


class Candidates:
    """The k + 4 best of each of n queries so far, by float32 product, and the best product that did not fit.

    A query's float32 products differ from the exact ones by at most its `slack`. Whatever lies more than
    twice that below the k-th best so far can never be among the k nearest, so what reaches this `floor` is
    all that has to be kept.
    """

    def __init__(self, k: int, slack: Wide) -> None:
        self.k, self.width = k, k + SPARE
        self.indices = np.full((len(slack), self.width), -1, np.int64)
        self.products = np.full((len(slack), self.width), -np.inf, np.float32)  # falling
        self.dropped = np.full(len(slack), -np.inf, np.float32)
        self._slack = slack
        self._lock = threading.Lock()

    def floor(self, queries: slice) -> Narrow:
        """Return what a float32 product must reach to count, rounded down; minus infinity before k candidates are known."""
        floor = self.products[queries, self.k - 1].astype(np.float64) - 2 * self._slack[queries]
        below: Narrow = np.nextafter(floor.astype(np.float32), np.float32(-np.inf))
        return below

    def admit(self, queries: Indices, indices: Indices, products: Narrow) -> None:
        """Take candidates up: `queries` (u,) without repetition, what each found (u, m), absent ones with −∞."""
        with self._lock:
            products = np.concatenate([self.products[queries], products], axis=1)
            indices = np.concatenate([self.indices[queries], indices], axis=1)
            order = np.argsort(-products, axis=1, kind="stable")[:, : self.width + 1]
            best = np.take_along_axis(products, order, axis=1)
            self.products[queries] = best[:, : self.width]
            self.indices[queries] = np.take_along_axis(indices, order[:, : self.width], axis=1)
            self.dropped[queries] = np.maximum(self.dropped[queries], best[:, self.width])

    def left(self, queries: slice) -> Indices:
        """Return the candidates (queries, k + 4) that rounding does not exclude at the end, −1 for the others."""
        reached = self.products[queries] >= self.floor(queries)[:, None]
        kept: Indices = np.where(reached, self.indices[queries], -1)
        return kept

    def crowded(self) -> Indices:
        """Return the queries of which something that rounding cannot exclude was dropped."""
        lost: Indices = np.flatnonzero((self.dropped >= self.floor(slice(None))) & (self.dropped > -np.inf))
        return lost


def by_query(queries: Indices, indices: Indices, products: Narrow) -> tuple[Indices, Indices, Narrow]:
    """Line up single finds (hits,) by query: the distinct queries (u,), and what each found (u, m), filled up with −∞."""
    order = np.argsort(queries, kind="stable")
    queries, indices, products = queries[order], indices[order], products[order]
    first = np.flatnonzero(np.concatenate([[True], queries[1:] != queries[:-1]]))
    place = np.arange(len(queries)) - np.repeat(first, np.diff(np.append(first, len(queries))))
    row = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(queries))))
    lined = np.full((len(first), int(place.max()) + 1), -np.inf, np.float32)
    named = np.full(lined.shape, -1, np.int64)
    lined[row, place], named[row, place] = products, indices
    return queries[first], named, lined
