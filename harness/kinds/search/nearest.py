"""Find exact nearest neighbours: the only importer of faiss."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import faiss
import numpy as np
import torch

from harness.kinds.search.candidates import Candidates, Float32Array, group_by_query
from harness.kinds.search.panels import (
    CHUNK,
    TIE,
    Float64Array,
    Indices,
    SearchSide,
    Vectors,
    multiply_pairs,
    open_side,
    release,
    rounding,
)

_CANDIDATES = 8
_CROWD_BYTES = 1 << 26
_WORKER = threading.local()
# Sizes of blocks of products: a CPU keeps those of all workers in the shared cache; a GPU needs large ones.
_CPU_BLOCK, _GPU_BLOCK = (2048, 1024), (8192, 16384)
_CPU_PANEL, _GPU_PANEL = 16384, 131072
# Bytes per product of a block: the product, and as much again for comparisons and hits.
_BLOCK_BYTES = 8
# This many products of a query are compared through the largest of them.
_FOLD = 16
# For each side, the panel that is multiplied and the one that is read meanwhile.
_PANELS = 4


@dataclass(frozen=True)
class Neighbours:
    """The nearest pool vectors of n queries: `indices` and exact `similarities`, (n, k), best first."""

    indices: Indices
    similarities: Float64Array


def nearest(queries: Vectors, pool: Vectors) -> Indices:
    """Return for each query (q, d) the index of the pool vector (n, d) with the largest inner product.

    Ties go to the lowest index. faiss searches in float32; what its rounding cannot exclude is multiplied
    again in float64, so the answer is a property of the vectors and not of a library's block sizes. With
    L2-normalised vectors this is the largest cosine.
    """
    if len(pool) == 0:
        raise ValueError("the pool is empty")
    query_side, pool_side = open_side(queries, "the queries"), open_side(pool, "the pool")
    k = min(_CANDIDATES, len(pool))
    products, indices = faiss.knn(
        np.ascontiguousarray(queries), np.ascontiguousarray(pool), k, metric=faiss.METRIC_INNER_PRODUCT
    )
    floor = products[:, 0] - 2 * rounding(pool.shape[1]) * query_side.norms * float(pool_side.norms.max())
    candidates = np.where(products >= floor[:, None], indices, -1)
    answers = _exact_best(query_side, pool_side, np.arange(len(queries)), candidates, 1)[0][:, 0]
    # More candidates within the rounding than were requested: search the whole pool.
    crowded = np.flatnonzero(candidates[:, -1] >= 0) if k < len(pool) else np.array([], dtype=np.int64)
    for batch in _query_batches(crowded, pool_side, _CROWD_BYTES):
        answers[batch] = _search_in_float64(query_side, pool_side, batch, 1)[:, 0]
    return answers


def mutual_neighbours(
    x: Vectors, y: Vectors, k: int, *, memory: int = 1 << 30, device: str = "auto"
) -> tuple[Neighbours, Neighbours]:
    """Return the k nearest y of each x and the k nearest x of each y, by inner product, in one pass.

    The answer is that of float64 products, whatever the block sizes: float32 products only exclude, by a
    bound on their rounding, and what they leave is multiplied again. Products closer than 1e-12 are ties,
    which go to the lowest index; k is cut to the size of the pool. x (n, d) and y (m, d) may be
    memory-mapped: they are read in panels, and mapped pages are released. `device` multiplies; `auto` is a
    GPU where there is one. `memory` bounds in bytes the panels and the workers' blocks; in addition memory
    holds the inputs, if they are not mapped, and 12 (k + 4) + 16 k + 20 bytes per vector for candidates and
    answer. Raises ValueError for a side without vectors, for different dimensions, and for vectors that are
    not finite.
    """
    if len(x) == 0 or len(y) == 0:
        raise ValueError("the pool is empty")
    if k < 1:
        raise ValueError(f"k is {k}: at least one neighbour must be requested")
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1] or x.shape[1] == 0:
        raise ValueError(f"vectors of {x.shape} and {y.shape} have no inner products")
    x_side, y_side = open_side(x, "x"), open_side(y, "y")
    # A float32 smaller than the least normal one may be lost, a term at a time.
    error = rounding(x.shape[1])
    x_candidates = Candidates(min(k, len(y)), error * x_side.norms * float(y_side.norms.max()) + 1e-33)
    y_candidates = Candidates(min(k, len(x)), error * y_side.norms * float(x_side.norms.max()) + 1e-33)
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    on_gpu = device.startswith("cuda")
    workers = 1 if on_gpu else torch.get_num_threads()
    plan = _plan(x.shape[1], memory, workers, on_gpu=on_gpu)
    with _workers(workers) as pool:
        _multiply_panels(x_side, y_side, x_candidates, y_candidates, plan, device, pool)
        return _exact_neighbours(x_candidates, x_side, y_side, plan.panel, memory), _exact_neighbours(
            y_candidates, y_side, x_side, plan.panel, memory
        )


def _multiply_panels(
    x_side: SearchSide,
    y_side: SearchSide,
    x_candidates: Candidates,
    y_candidates: Candidates,
    plan: _Plan,
    device: str,
    workers: ThreadPoolExecutor,
) -> None:
    """Multiply every panel of x with every panel of y; the next one is read while the workers are busy."""
    running: list[Future[None]] = []
    for rows in _slices(len(x_side.vectors), plan.panel):
        x_panel = torch.from_numpy(x_side.panel(rows)).to(device)
        for columns in _slices(len(y_side.vectors), plan.panel):
            search = _Search(
                x_panel,
                torch.from_numpy(y_side.panel(columns)).to(device),
                rows.start,
                columns.start,
                x_candidates,
                y_candidates,
            )
            blocks = _diagonals(
                list(_slices(len(x_panel), plan.rows)),
                list(_slices(columns.stop - columns.start, plan.columns)),
            )
            started = [workers.submit(search.search_block, block) for block in blocks]
            for future in running:
                future.result()
            running = started
    for future in running:
        future.result()


# ---- how much at a time ------------------------------------------------------------------------


@dataclass(frozen=True)
class _Plan:
    rows: int
    columns: int
    panel: int


def _plan(d: int, memory: int, workers: int, *, on_gpu: bool) -> _Plan:
    """Return the sizes of blocks and panels, which take half of `memory` each."""
    rows, columns = _GPU_BLOCK if on_gpu else _CPU_BLOCK
    while workers * _BLOCK_BYTES * rows * columns > memory // 2 and rows * columns > 256:
        rows, columns = max(rows // 2, 16), max(columns // 2, 16)
    panel = min(_GPU_PANEL if on_gpu else _CPU_PANEL, memory // 2 // (_PANELS * 4 * d))
    return _Plan(rows, columns, max(16, panel))


def _slices(count: int, widest: int) -> Iterator[slice]:
    """Yield slices of nearly equal length, at most `widest`; all but the last are a multiple of 64 long.

    A product whose rows do not begin at whole cache lines takes a third longer.
    """
    pieces = -(-count // widest)
    even = -(-count // pieces)
    width = min(widest, -(-even // 64) * 64)
    return (slice(start, min(start + width, count)) for start in range(0, count, width))


def _diagonals(rows: list[slice], columns: list[slice]) -> list[tuple[slice, slice]]:
    """Order all blocks so that every row and column comes early: what is found there excludes the rest."""
    return [
        (row, columns[(number + shift) % len(columns)])
        for shift in range(len(columns))
        for number, row in enumerate(rows)
    ]


@contextmanager
def _workers(count: int) -> Iterator[ThreadPoolExecutor]:
    """Run workers that multiply on one thread each, in full float32; restores the settings at the end."""
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    pool = ThreadPoolExecutor(
        count, thread_name_prefix="search", initializer=lambda: torch.set_num_threads(1)
    )
    try:
        torch.set_float32_matmul_precision("highest")
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)
        torch.set_float32_matmul_precision(precision)


# ---- one panel against another -----------------------------------------------------------------


@dataclass(frozen=True)
class _Search:
    """A panel of x (rows, d) against a panel of y (columns, d), which begin at these positions."""

    x: torch.Tensor
    y: torch.Tensor
    x_start: int
    y_start: int
    x_candidates: Candidates
    y_candidates: Candidates

    def search_block(self, block: tuple[slice, slice]) -> None:
        """Multiply a block once, and add what reaches the floors of its rows and of its columns."""
        rows, columns = block
        products = torch.mm(
            self.x[rows], self.y[columns].T, out=_buffer(rows, columns, self.x.device)
        )  # (rows, columns)
        _admit(self.x_candidates, products, 1, _shift(rows, self.x_start), columns.start + self.y_start)
        _admit(self.y_candidates, products, 0, _shift(columns, self.y_start), rows.start + self.x_start)


def _buffer(rows: slice, columns: slice, device: torch.device) -> torch.Tensor:
    """Return this worker's buffer for a block's products, which is allocated once since that takes time."""
    shape = rows.stop - rows.start, columns.stop - columns.start
    buffer: torch.Tensor | None = getattr(_WORKER, "buffer", None)
    if buffer is None or buffer.numel() < shape[0] * shape[1]:
        buffer = _WORKER.buffer = torch.empty(shape[0] * shape[1], device=device)
    return buffer[: shape[0] * shape[1]].view(shape)


def _admit(candidates: Candidates, products: torch.Tensor, axis: int, queries: slice, first: int) -> None:
    """Add the candidates of one direction: of a block's rows (`axis` 1) or of its columns (`axis` 0)."""
    floor = candidates.floor(queries)
    if np.isneginf(floor).any():  # no floor yet: add the largest of each
        count = min(candidates.width + 1, products.shape[axis])
        top = torch.topk(products if axis else products.T, count, dim=1)
        all_queries = np.arange(queries.start, queries.stop)
        candidates.admit(all_queries, first + top.indices.cpu().numpy(), top.values.cpu().numpy())
        return
    hits, neighbours, values = _reached(products, floor, axis)
    if len(hits):
        candidates.admit(*group_by_query(queries.start + hits, first + neighbours, values))


def _reached(products: torch.Tensor, floor: Float32Array, axis: int) -> tuple[Indices, Indices, Float32Array]:
    """Return the cells of a block that reach their query's floor: query, neighbour and product.

    One pass takes the largest product of each row (`axis` 1), or of every few cells of a column (`axis` 0);
    only the cells of those that reach the floor are compared. On one thread numpy does this several times as
    fast as torch.
    """
    return _reached_in_rows(products, floor) if axis else _reached_in_columns(products, floor)


def _reached_in_rows(products: torch.Tensor, floor: Float32Array) -> tuple[Indices, Indices, Float32Array]:
    largest = products.numpy().max(1) if products.device.type == "cpu" else products.amax(1).cpu().numpy()
    rows = np.flatnonzero(largest >= floor)
    cells_of_rows = (
        products.index_select(0, torch.from_numpy(rows).to(products.device)).cpu().numpy()
    )  # (rows that reach, columns)
    cells = np.flatnonzero(cells_of_rows >= floor[rows, None])
    return rows[cells // cells_of_rows.shape[1]], cells % cells_of_rows.shape[1], cells_of_rows.ravel()[cells]


def _reached_in_columns(products: torch.Tensor, floor: Float32Array) -> tuple[Indices, Indices, Float32Array]:
    rows, columns = products.shape
    parts = math.gcd(rows, _FOLD)
    folded = products.view(parts, rows // parts, columns)
    largest = folded.numpy().max(0) if products.device.type == "cpu" else folded.amax(0).cpu().numpy()
    first = np.flatnonzero(largest >= floor)
    cells = first[:, None] + rows // parts * columns * np.arange(parts)  # (hits, parts), numbers of cells
    values = torch.take(products, torch.from_numpy(cells).to(products.device)).cpu().numpy()
    hit = values >= floor[first % columns, None]
    row, column = np.divmod(cells[hit], columns)
    return column, row, values[hit]


def _shift(part: slice, offset: int) -> slice:
    return slice(part.start + offset, part.stop + offset)


# ---- the exact answer --------------------------------------------------------------------------


def _exact_neighbours(
    candidates: Candidates, query_side: SearchSide, pool_side: SearchSide, panel: int, memory: int
) -> Neighbours:
    """Return the k best candidates by float64 products; crowded queries search the whole pool."""
    count, k = len(query_side.vectors), candidates.k
    indices, similarities = np.empty((count, k), np.int64), np.empty((count, k))
    for part in _slices(count, panel):
        indices[part], similarities[part] = _exact_best(
            query_side, pool_side, np.arange(part.start, part.stop), candidates.remaining(part), k, panel
        )
    for batch in _query_batches(candidates.crowded(), pool_side, memory // 4):
        indices[batch], similarities[batch] = _exact_best(
            query_side, pool_side, batch, _search_in_float64(query_side, pool_side, batch, k), k, panel
        )
    return Neighbours(indices, similarities)


def _query_batches(queries: Indices, pool_side: SearchSide, memory: int) -> Iterator[Indices]:
    """Yield as many queries as fit into `memory` together with their float64 products with the pool."""
    step = max(1, memory // (8 * sum(pool_side.vectors.shape)))
    return (queries[start : start + step] for start in range(0, len(queries), step))


def _exact_best(
    query_side: SearchSide,
    pool_side: SearchSide,
    queries: Indices,
    candidates: Indices,
    k: int,
    panel: int = _CPU_PANEL,
) -> tuple[Indices, Float64Array]:
    """Return the k best of candidates (queries, m), −1 for none, by their products in float64.

    The pool is read panel by panel: vectors gathered from all over a mapped file would bring all of it into
    memory.
    """
    query_vectors = query_side.vectors[queries]
    row, column = np.nonzero(candidates >= 0)
    neighbours = candidates[row, column]
    order = np.argsort(neighbours, kind="stable")
    row, column, neighbours = row[order], column[order], neighbours[order]
    products = np.full(candidates.shape, -np.inf)
    for part in _slices(len(pool_side.vectors), panel):
        in_panel = slice(*np.searchsorted(neighbours, (part.start, part.stop)))
        if in_panel.start < in_panel.stop:
            products[row[in_panel], column[in_panel]] = multiply_pairs(
                query_vectors, pool_side.panel(part), row[in_panel], neighbours[in_panel] - part.start
            )
    release(query_side.vectors, slice(0, len(query_side.vectors)))
    best = np.lexsort((candidates, -np.rint(products / TIE)), axis=1)[:, :k]
    return np.take_along_axis(candidates, best, axis=1), np.take_along_axis(products, best, axis=1)


def _search_in_float64(query_side: SearchSide, pool_side: SearchSide, queries: Indices, k: int) -> Indices:
    """Return the k nearest by float64 products with the whole pool; ties go to the lowest index."""
    query_vectors = query_side.vectors[queries].astype(np.float64)
    products = np.empty((len(queries), len(pool_side.vectors)))
    for part in _slices(len(pool_side.vectors), CHUNK):
        products[:, part] = query_vectors @ pool_side.panel(part).astype(np.float64).T
    best = np.empty((len(queries), k), np.int64)
    for row, values in enumerate(products):
        last = np.partition(values, -k)[-k]
        above = np.flatnonzero(values > last + TIE)
        equal = np.flatnonzero(np.abs(values - last) <= TIE)
        best[row] = np.concatenate([above, equal[: k - len(above)]])
    return best
