"""Find exact nearest neighbours: the only importer of faiss."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import faiss
import numpy as np
import torch
from numpy.typing import NDArray

from harness.products import CHUNK, Panel, choose_rotation, load_panel, multiply_pairs, rounding, single_threads

Vectors = NDArray[np.float32]
Indices = NDArray[np.int64]
Wide = NDArray[np.float64]
_CANDIDATES = 8
# float32 products of unit vectors of d dimensions are wrong by at most about d · 2^-24, 6e-5 at 1,024; what lies
# within twice that of the best may be the best.
_SLACK = 1.3e-4
# Exact products of equal vectors may still be summed in another order: closer than this is a tie.
_TIE = 1e-12
# The largest blocks that pay: a worker's products stay in its cache. A GPU wants enough of them to fill it.
_CPU_TILE, _GPU_TILE = (1024, 2048), (8192, 16384)
_PANEL = 32768
# Beyond this share of a block, looking at pairs one by one costs more than a finer product of the whole block.
_CROWDED = 1 / 64
_FEW = 4096


@dataclass(frozen=True)
class Neighbours:
    """The nearest vectors of a pool for each query: `indices` (n, k), best first, and `similarities` (n, k), their exact inner products."""

    indices: Indices
    similarities: Wide


def nearest(queries: Vectors, pool: Vectors) -> Indices:
    """Return for each query (q, d) the index of the pool vector (n, d) of the largest inner product; ties go to the lowest index.

    faiss searches in float32; every candidate that its rounding cannot exclude is scored again in float64, so the answer is
    a property of the vectors and not of a library's block sizes. L2-normalised vectors make this the largest cosine.
    """
    if len(pool) == 0:
        raise ValueError("the pool is empty")
    k = min(_CANDIDATES, len(pool))
    scores, indices = faiss.knn(np.ascontiguousarray(queries), np.ascontiguousarray(pool), k, metric=faiss.METRIC_INNER_PRODUCT)
    wide = pool.astype(np.float64)
    answers = np.empty(len(queries), np.int64)
    for start in range(0, len(queries), CHUNK):
        part = slice(start, start + CHUNK)
        products = np.einsum("qd,qkd->qk", queries[part].astype(np.float64), wide[indices[part]])  # (queries, k)
        best = products.max(axis=1, keepdims=True)
        answers[part] = np.where(products >= best - _TIE, indices[part], len(pool)).min(axis=1)
    # More candidates within the slack than were asked for: look at the whole pool.
    crowded = np.flatnonzero(scores[:, -1] >= scores[:, 0] - _SLACK) if k < len(pool) else np.array([], dtype=np.int64)
    for start in range(0, len(crowded), _CANDIDATES):
        some = crowded[start : start + _CANDIDATES]
        products = queries[some].astype(np.float64) @ wide.T  # (queries, n)
        answers[some] = np.argmax(products >= products.max(axis=1, keepdims=True) - _TIE, axis=1)
    return answers


def mutual_neighbours(
    x: Vectors, y: Vectors, k: int, *, memory: int = 1 << 30, device: str = "cpu", coarse: int | None = None
) -> tuple[Neighbours, Neighbours]:
    """Return the k nearest y of each x, and the k nearest x of each y, by inner product, from one pass over the products.

    The answer is that of float64 products, whatever the block sizes: a float32 product only excludes, by a bound on its
    rounding. Products are compared in units of 1e-12 and ties go to the lowest index; k is cut to the size of the pool.

    x (n, d) and y (m, d) may be memory-mapped; they are read in panels, and mapped pages are given back. Beyond the inputs
    and the answer (16 bytes times k for every vector of both sides, once more while it is made), `memory` bounds in bytes
    the panels and all the workers' blocks. `coarse` is how many coordinates of a rotation are multiplied before a bound on
    the others excludes most pairs: None lets a sample say whether that pays, 0 multiplies all. Raises ValueError for a side
    without vectors, for different dimensions, and for vectors that are not finite.
    """
    if len(x) == 0 or len(y) == 0:
        raise ValueError("the pool is empty")
    if k < 1:
        raise ValueError(f"k is {k}: at least one neighbour must be asked for")
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1] or x.shape[1] == 0:
        raise ValueError(f"vectors of {x.shape} and {y.shape} have no inner products")
    rotation = choose_rotation(x, y, k, coarse)
    sides = _Best(len(x), min(k, len(y)), len(y)), _Best(len(y), min(k, len(x)), len(x))
    with single_threads() as pool:
        workers = 1 if device.startswith("cuda") else pool._max_workers
        plan = _plan(len(x), len(y), x.shape[1], memory, workers, device)
        for rows in _cut(len(x), plan.panel):
            left = load_panel(x, rows, "x", rotation, device, pool)
            for columns in _cut(len(y), plan.panel):
                right = load_panel(y, columns, "y", rotation, device, pool)
                search = _Search(left, right, *sides)
                blocks = _diagonals(list(_cut(len(left), plan.rows)), list(_cut(len(right), plan.columns)))
                if workers == 1:
                    for block in blocks:
                        search.look(*block)
                else:
                    list(pool.map(lambda block, search=search: search.look(*block), blocks))
    return sides[0].answer(), sides[1].answer()


# ---- how much at a time ------------------------------------------------------------------------


@dataclass(frozen=True)
class _Plan:
    rows: int
    columns: int
    panel: int


def _plan(n: int, m: int, d: int, memory: int, workers: int, device: str) -> _Plan:
    """Return the blocks and panels that fit into `memory`: half for the workers' blocks, half for the two panels."""
    rows, columns = _GPU_TILE if device.startswith("cuda") else _CPU_TILE
    # A product in float32 and in float64, their comparisons and copies; vectors of the block's sides in float64.
    while workers * (24 * rows * columns + 12 * d * (rows + columns)) > memory // 2 and rows * columns > 256:
        rows, columns = max(rows // 2, 16), max(columns // 2, 16)
    widest = memory // 2 // (2 * (8 * d + 16))
    return _Plan(rows, columns, max(16, min(widest, _PANEL if device == "cpu" else max(n, m))))


def _cut(count: int, widest: int) -> Iterator[slice]:
    """Yield the fewest slices of nearly equal length, none longer than `widest`."""
    pieces = -(-count // widest)
    edges = [count * piece // pieces for piece in range(pieces + 1)]
    return (slice(start, stop) for start, stop in itertools.pairwise(edges))


def _diagonals(rows: list[slice], columns: list[slice]) -> list[tuple[slice, slice]]:
    """Return all blocks so that each row and each column is met early: what is found there excludes the rest."""
    return [(row, columns[(number + shift) % len(columns)]) for shift in range(len(columns)) for number, row in enumerate(rows)]


# ---- what was found ----------------------------------------------------------------------------


class _Best:
    """The k best of every query so far, in the order of the answer."""

    def __init__(self, queries: int, k: int, pool: int) -> None:
        self.k = k
        self._pool = pool
        self._indices = np.full((queries, k), pool, np.int64)
        self._scores = np.full((queries, k), -np.inf)
        self._lock = threading.Lock()

    def floor(self, queries: slice, first: int) -> Wide:
        """Return for each query what a product must reach to be among its best, if the pool's vectors before `first` are not asked."""
        with self._lock:
            last, index = self._scores[queries, -1], self._indices[queries, -1]
        # Equal to the last of the best in units of a tie: only a lower index than its own comes before it.
        return (np.rint(last / _TIE) + np.where(index < first, 0.5, -0.5)) * _TIE

    def last(self, queries: Indices) -> Indices:
        """Return the index of the last of the best of each query."""
        with self._lock:
            last: Indices = self._indices[queries, -1]
        return last

    def admit(self, queries: Indices, indices: Indices, scores: Wide) -> None:
        """Take pairs among the best where they belong there; a pair may come twice."""
        with self._lock:
            near = scores >= self._scores[queries, -1] - 2 * _TIE
            queries, indices, scores = queries[near], indices[near], scores[near]
            if not len(queries):
                return
            touched = np.unique(queries)
            rows = np.concatenate([np.repeat(touched, self.k), queries])
            indices = np.concatenate([self._indices[touched].ravel(), indices])
            scores = np.concatenate([self._scores[touched].ravel(), scores])
            order = np.lexsort((indices, -np.rint(scores / _TIE), rows))
            rows, indices, scores = rows[order], indices[order], scores[order]
            again = (rows[1:] == rows[:-1]) & (indices[1:] == indices[:-1]) & (indices[1:] < self._pool)
            kept = np.concatenate([[True], ~again])
            rows, indices, scores = rows[kept], indices[kept], scores[kept]
            best = np.searchsorted(rows, touched)[:, None] + np.arange(self.k)  # (touched, k)
            self._indices[touched], self._scores[touched] = indices[best], scores[best]

    def answer(self) -> Neighbours:
        """Return what is best when all was seen."""
        return Neighbours(self._indices, self._scores)


class _Search:
    """One panel of x against one panel of y."""

    def __init__(self, left: Panel, right: Panel, of_x: _Best, of_y: _Best) -> None:
        self._left, self._right, self._of_x, self._of_y = left, right, of_x, of_y
        self._longest = float(left.norms.max()), float(right.norms.max())

    def look(self, rows: slice, columns: slice, stage: int = 0) -> None:
        """Score all pairs of a block that the stage's products cannot exclude; where they are many, a finer stage excludes more."""
        left, right = (
            torch.from_numpy(side.vectors[part]).double() if stage == len(side.stages) else side.stages[stage][part]
            for side, part in ((self._left, rows), (self._right, columns))
        )
        products = left @ right.T  # (rows, columns)
        slack = rounding(left.shape[1], left.dtype)
        if stage == 0:
            self._seed(products, rows, columns)
        self._settle(products, rows, columns, stage, slack)

    def _seed(self, products: torch.Tensor, rows: slice, columns: slice) -> None:
        """Score the largest products of queries that have no k neighbours yet, so that there is something to exclude by."""
        for best, table, queries, pool, start in (
            (self._of_x, products, rows, columns, self._left.start),
            (self._of_y, products.T, columns, rows, self._right.start),
        ):
            new = np.flatnonzero(np.isneginf(best.floor(_shift(queries, start), 0)))
            if len(new) and best.k <= table.shape[1]:
                top = torch.topk(table[torch.from_numpy(new).to(table.device)], best.k, dim=1).indices.cpu().numpy()
                # Where many are equal, the first of them exclude the others.
                top = np.hstack([top, np.broadcast_to(np.arange(best.k), top.shape)])
                left, right = np.repeat(new + queries.start, top.shape[1]), top.ravel() + pool.start
                if best is self._of_y:
                    left, right = right, left
                self._score(left, right)

    def _settle(self, products: torch.Tensor, rows: slice, columns: slice, stage: int, slack: float) -> None:
        row_floor, column_floor = self._floors(rows, columns, slack, products)
        cells = _reached(products, row_floor, column_floor)
        last_stage = stage == len(self._left.stages)
        if last_stage:
            cells = self._untie(cells, products, rows, columns, slack)
        if len(cells) <= max(_CROWDED * products.numel(), min(_FEW, products.numel())) or (last_stage and len(products) == 1):
            i, j = cells // products.shape[1] + rows.start, cells % products.shape[1] + columns.start
            if stage + 1 < len(self._left.stages):
                i, j = self._sift(i, j, rows, columns)
            if len(i):
                self._score(i, j)
        elif not last_stage:
            del cells
            self.look(rows, columns, stage + 1)
        else:
            middle = len(products) // 2
            del cells
            self._settle(products[:middle], slice(rows.start, rows.start + middle), columns, stage, slack)
            self._settle(products[middle:], slice(rows.start + middle, rows.stop), columns, stage, slack)

    def _sift(self, i: Indices, j: Indices, rows: slice, columns: slice) -> tuple[Indices, Indices]:
        """Keep the pairs that their whole float32 product cannot exclude either."""
        products = multiply_pairs(self._left.vectors, self._right.vectors, i, j, np.float32)
        like = self._left.stages[-1]
        slack = rounding(like.shape[1], like.dtype)
        row_floor, column_floor = (floor.cpu().numpy() for floor in self._floors(rows, columns, slack, like))
        kept = (products >= row_floor[i - rows.start]) | (products >= column_floor[j - columns.start])
        return i[kept], j[kept]

    def _untie(self, cells: Indices, products: torch.Tensor, rows: slice, columns: slice, slack: float) -> Indices:
        """Leave out the cells that no more than equal the last of the best and come after it."""
        i, j = cells // products.shape[1], cells % products.shape[1]
        found = products.cpu().numpy()[i, j]
        above, equal = (self._floors(rows, columns, slack, products, first) for first in (np.iinfo(np.int64).max, 0))
        kept = np.zeros(len(cells), bool)
        for best, over, level, own, start, other in (
            (self._of_x, above[0], equal[0], i, rows.start + self._left.start, j + columns.start + self._right.start),
            (self._of_y, above[1], equal[1], j, columns.start + self._right.start, i + rows.start + self._left.start),
        ):
            lower = other < best.last(own + start)
            kept |= (found >= over.cpu().numpy()[own]) | (lower & (found >= level.cpu().numpy()[own]))
        return cells[kept]

    def _floors(
        self, rows: slice, columns: slice, slack: float, like: torch.Tensor, first: int | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return per row and per column the product below which the exact one of this block cannot be among the best."""
        floors = []
        for best, panel, part, other, others, longest in (
            (self._of_x, self._left, rows, self._right, columns, self._longest[1]),
            (self._of_y, self._right, columns, self._left, rows, self._longest[0]),
        ):
            floor = best.floor(_shift(part, panel.start), other.start + others.start if first is None else first)
            # A float32 smaller than the least normal one may be lost, a term at a time.
            floor = floor - slack * panel.norms[part] * longest - 1e-33
            floors.append(torch.from_numpy(floor).to(like.device, like.dtype))
        return floors[0], floors[1]

    def _score(self, rows: Indices, columns: Indices) -> None:
        """Score pairs exactly and offer them to both sides."""
        scores = multiply_pairs(self._left.vectors, self._right.vectors, rows, columns).astype(np.float64, copy=False)
        rows, columns = rows + self._left.start, columns + self._right.start
        self._of_x.admit(rows, columns, scores)
        self._of_y.admit(columns, rows, scores)


def _reached(products: torch.Tensor, row_floor: torch.Tensor, column_floor: torch.Tensor) -> Indices:
    """Return the cells of a block, counted row by row, that reach the floor of their row or their column.

    Most rows and columns have none: their largest values say so, and only the others are looked at. On one thread numpy
    compares five times as fast as torch, and finds what is true ten times as fast in one dimension as in two.
    """
    width = products.shape[1]
    hit_rows = (products.amax(1) >= row_floor).nonzero()[:, 0]
    hit_columns = (products.amax(0) >= column_floor).nonzero()[:, 0]
    if 8 * len(hit_columns) > width:
        hit_columns = torch.arange(width, device=products.device)
    chosen = products if len(hit_columns) == width else products.index_select(1, hit_columns)
    by_row = np.flatnonzero(products.index_select(0, hit_rows).cpu().numpy() >= row_floor[hit_rows, None].cpu().numpy())
    by_column = np.flatnonzero(chosen.cpu().numpy() >= column_floor[hit_columns].cpu().numpy())
    if 8 * (len(by_row) + len(by_column)) > products.numel():
        host = products.cpu().numpy()
        return np.flatnonzero((host >= row_floor[:, None].cpu().numpy()) | (host >= column_floor.cpu().numpy()))
    i, j = hit_rows.cpu().numpy()[by_row // width], by_row % width
    p, q = by_column // max(len(hit_columns), 1), hit_columns.cpu().numpy()[by_column % max(len(hit_columns), 1)]
    return np.unique(np.concatenate([i * width + j, p * width + q]))


def _shift(part: slice, by: int) -> slice:
    return slice(part.start + by, part.stop + by)
