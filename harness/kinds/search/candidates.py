"""Keep, for every query, the candidates that float32 cannot exclude from its k nearest."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from harness.kinds.search.panels import Float64Array, Indices

Float32Array = NDArray[np.float32]
# Candidates beyond k: so many may lie within the rounding of the k-th one before a query counts as crowded.
SPARE = 4


class Candidates:
    """The k + 4 best of each of n queries so far, by float32 product, and the best product that did not fit.

    A query's float32 products differ from the exact ones by at most its `slack`. A product more than twice
    that below the k-th best so far can never be among the k nearest, so only products that reach this `floor`
    have to be kept.
    """

    def __init__(self, k: int, slack: Float64Array) -> None:
        self.k, self.width = k, k + SPARE
        self.indices = np.full((len(slack), self.width), -1, np.int64)
        self.products = np.full((len(slack), self.width), -np.inf, np.float32)  # falling
        self.dropped = np.full(len(slack), -np.inf, np.float32)
        self._slack = slack
        self._lock = threading.Lock()

    def floor(self, queries: slice) -> Float32Array:
        """Return the float32 product, rounded down, below which none counts; −∞ before k are known."""
        floor = self.products[queries, self.k - 1].astype(np.float64) - 2 * self._slack[queries]
        below: Float32Array = np.nextafter(floor.astype(np.float32), np.float32(-np.inf))
        return below

    def admit(self, queries: Indices, indices: Indices, products: Float32Array) -> None:
        """Add candidates (u, m) of the distinct `queries` (u,); absent ones have the product −∞."""
        with self._lock:
            products = np.concatenate([self.products[queries], products], axis=1)
            indices = np.concatenate([self.indices[queries], indices], axis=1)
            order = np.argsort(-products, axis=1, kind="stable")[:, : self.width + 1]
            best = np.take_along_axis(products, order, axis=1)
            self.products[queries] = best[:, : self.width]
            self.indices[queries] = np.take_along_axis(indices, order[:, : self.width], axis=1)
            self.dropped[queries] = np.maximum(self.dropped[queries], best[:, self.width])

    def remaining(self, queries: slice) -> Indices:
        """Return the candidates (queries, k + 4) that rounding does not exclude, −1 for the others."""
        reached = self.products[queries] >= self.floor(queries)[:, None]
        candidates: Indices = np.where(reached, self.indices[queries], -1)
        return candidates

    def crowded(self) -> Indices:
        """Return the queries that lost a candidate which rounding cannot exclude."""
        lost: Indices = np.flatnonzero((self.dropped >= self.floor(slice(None))) & (self.dropped > -np.inf))
        return lost


def group_by_query(
    queries: Indices, indices: Indices, products: Float32Array
) -> tuple[Indices, Indices, Float32Array]:
    """Group hits (hits,) by query: distinct queries (u,), indices and products (u, m), padded with −∞."""
    order = np.argsort(queries, kind="stable")
    queries, indices, products = queries[order], indices[order], products[order]
    first = np.flatnonzero(np.concatenate([[True], queries[1:] != queries[:-1]]))
    column = np.arange(len(queries)) - np.repeat(first, np.diff(np.append(first, len(queries))))
    row = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(queries))))
    product_rows = np.full((len(first), int(column.max()) + 1), -np.inf, np.float32)
    index_rows = np.full(product_rows.shape, -1, np.int64)
    product_rows[row, column], index_rows[row, column] = products, indices
    return queries[first], index_rows, product_rows
