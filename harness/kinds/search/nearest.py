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

from harness.kinds.search.candidates import Candidates, Narrow, by_query
from harness.kinds.search.panels import (
    CHUNK,
    TIE,
    Indices,
    SearchSide,
    Vectors,
    Wide,
    multiply_pairs,
    open_side,
    release,
    rounding,
)

_CANDIDATES = 8
_CROWD_BYTES = 1 << 26
_OWN = threading.local()
# Blocks of products: a worker's stay in the cache that the cores share; a GPU wants enough of them to fill
# it.
_CPU_BLOCK, _GPU_BLOCK = (2048, 1024), (8192, 16384)
_CPU_PANEL, _GPU_PANEL = 16384, 131072
# What a block takes: its products, and as much again for what is compared and found in it.
_BLOCK_BYTES = 8
# So many products of one query are looked at through the largest of them.
_FOLD = 16
# Of each side the panel that is multiplied and the one that is read meanwhile.
_PANELS = 4


@dataclass(frozen=True)
class Neighbours:
    """The nearest vectors of a pool for each query: `indices` (n, k), best first, and `similarities` (n, k), their exact inner products."""

    indices: Indices
    similarities: Wide


def nearest(queries: Vectors, pool: Vectors) -> Indices:
    """Return for each query (q, d) the index of the pool vector (n, d) of the largest inner product; ties go to the lowest index.

    faiss searches in float32; what its rounding cannot exclude is multiplied again in float64, so the answer
    is a property of the vectors and not of a library's block sizes. L2-normalised vectors make this the
    largest cosine.
    """
    if len(pool) == 0:
        raise ValueError("the pool is empty")
    own, others = open_side(queries, "the queries"), open_side(pool, "the pool")
    k = min(_CANDIDATES, len(pool))
    products, indices = faiss.knn(
        np.ascontiguousarray(queries), np.ascontiguousarray(pool), k, metric=faiss.METRIC_INNER_PRODUCT
    )
    floor = products[:, 0] - 2 * rounding(pool.shape[1]) * own.norms * float(others.norms.max())
    candidates = np.where(products >= floor[:, None], indices, -1)
    answers = _exact(own, others, np.arange(len(queries)), candidates, 1)[0][:, 0]
    # More candidates within the rounding than were asked for: look at the whole pool.
    crowded = np.flatnonzero(candidates[:, -1] >= 0) if k < len(pool) else np.array([], dtype=np.int64)
    for some in _some(crowded, others, _CROWD_BYTES):
        answers[some] = _search_wide(own, others, some, 1)[:, 0]
    return answers


def mutual_neighbours(
    x: Vectors, y: Vectors, k: int, *, memory: int = 1 << 30, device: str = "auto"
) -> tuple[Neighbours, Neighbours]:
    """Return the k nearest y of each x, and the k nearest x of each y, by inner product, from one pass over the products.

    The answer is that of float64 products, whatever the block sizes: float32 products only exclude, by a
    bound on their rounding, and what they leave is multiplied again. Products closer than 1e-12 are ties,
    which go to the lowest index; k is cut to the size of the pool. x (n, d) and y (m, d) may be
    memory-mapped: they are read in panels, and mapped pages are given back. `device` multiplies; `auto` is a
    GPU where there is one. `memory` bounds in bytes the panels and the workers' blocks; beside them stand the
    inputs, if they are not mapped, and 12 (k + 4) + 16 k + 20 bytes a vector for candidates and answer.
    Raises ValueError for a side without vectors, for different dimensions, and for vectors that are not
    finite.
    """
    if len(x) == 0 or len(y) == 0:
        raise ValueError("the pool is empty")
    if k < 1:
        raise ValueError(f"k is {k}: at least one neighbour must be asked for")
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1] or x.shape[1] == 0:
        raise ValueError(f"vectors of {x.shape} and {y.shape} have no inner products")
    left, right = open_side(x, "x"), open_side(y, "y")
    # A float32 smaller than the least normal one may be lost, a term at a time.
    error = rounding(x.shape[1])
    of_x = Candidates(min(k, len(y)), error * left.norms * float(right.norms.max()) + 1e-33)
    of_y = Candidates(min(k, len(x)), error * right.norms * float(left.norms.max()) + 1e-33)
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    on_gpu = device.startswith("cuda")
    workers = 1 if on_gpu else torch.get_num_threads()
    plan = _plan(x.shape[1], memory, workers, on_gpu=on_gpu)
    with _workers(workers) as pool:
        _pass(left, right, of_x, of_y, plan, device, pool)
        return _settle(of_x, left, right, plan.panel, memory), _settle(of_y, right, left, plan.panel, memory)


def _pass(
    left: SearchSide,
    right: SearchSide,
    of_x: Candidates,
    of_y: Candidates,
    plan: _Plan,
    device: str,
    workers: ThreadPoolExecutor,
) -> None:
    """Multiply every panel of x with every panel of y; the next one is read while the workers are busy with the last."""
    running: list[Future[None]] = []
    for rows in _cut(len(left.vectors), plan.panel):
        ours = torch.from_numpy(left.panel(rows)).to(device)
        for columns in _cut(len(right.vectors), plan.panel):
            search = _Search(
                ours, torch.from_numpy(right.panel(columns)).to(device), rows.start, columns.start, of_x, of_y
            )
            blocks = _diagonals(
                list(_cut(len(ours), plan.rows)), list(_cut(columns.stop - columns.start, plan.columns))
            )
            started = [workers.submit(search.look, block) for block in blocks]
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
    """Return the blocks and panels that fit into `memory`: half for the workers' blocks, half for the panels."""
    rows, columns = _GPU_BLOCK if on_gpu else _CPU_BLOCK
    while workers * _BLOCK_BYTES * rows * columns > memory // 2 and rows * columns > 256:
        rows, columns = max(rows // 2, 16), max(columns // 2, 16)
    panel = min(_GPU_PANEL if on_gpu else _CPU_PANEL, memory // 2 // (_PANELS * 4 * d))
    return _Plan(rows, columns, max(16, panel))


def _cut(count: int, widest: int) -> Iterator[slice]:
    """Yield slices of nearly equal length, none longer than `widest`; all but the last hold a multiple of 64 vectors.

    A product whose rows do not begin at whole cache lines takes a third longer.
    """
    pieces = -(-count // widest)
    even = -(-count // pieces)
    width = min(widest, -(-even // 64) * 64)
    return (slice(start, min(start + width, count)) for start in range(0, count, width))


def _diagonals(rows: list[slice], columns: list[slice]) -> list[tuple[slice, slice]]:
    """Return all blocks so that each row and each column is met early: what is found there excludes the rest."""
    return [
        (row, columns[(number + shift) % len(columns)])
        for shift in range(len(columns))
        for number, row in enumerate(rows)
    ]


@contextmanager
def _workers(count: int) -> Iterator[ThreadPoolExecutor]:
    """Run workers that multiply on one thread each, in full float32, and give the caller's settings back at the end."""
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
    """A panel of x (rows, d) against a panel of y (columns, d), which begin at these places."""

    x: torch.Tensor
    y: torch.Tensor
    x_start: int
    y_start: int
    of_x: Candidates
    of_y: Candidates

    def look(self, block: tuple[slice, slice]) -> None:
        """Multiply a block once, and take up what reaches the floors of its rows and of its columns."""
        rows, columns = block
        products = torch.mm(
            self.x[rows], self.y[columns].T, out=_buffer(rows, columns, self.x.device)
        )  # (rows, columns)
        _take(self.of_x, products, 1, _shift(rows, self.x_start), columns.start + self.y_start)
        _take(self.of_y, products, 0, _shift(columns, self.y_start), rows.start + self.x_start)


def _buffer(rows: slice, columns: slice, device: torch.device) -> torch.Tensor:
    """Return this worker's own room for a block's products: taking and giving back so much at a time costs time and memory."""
    shape = rows.stop - rows.start, columns.stop - columns.start
    room: torch.Tensor | None = getattr(_OWN, "room", None)
    if room is None or room.numel() < shape[0] * shape[1]:
        room = _OWN.room = torch.empty(shape[0] * shape[1], device=device)
    return room[: shape[0] * shape[1]].view(shape)


def _take(found: Candidates, products: torch.Tensor, over: int, queries: slice, first: int) -> None:
    """Take up the candidates of one direction: those of a block's rows (`over` 1) or of its columns (`over` 0)."""
    floor = found.floor(queries)
    if np.isneginf(floor).any():  # nothing to exclude by as yet: the largest of each are sought at once
        most = min(found.width + 1, products.shape[over])
        top = torch.topk(products if over else products.T, most, dim=1)
        everyone = np.arange(queries.start, queries.stop)
        found.admit(everyone, first + top.indices.cpu().numpy(), top.values.cpu().numpy())
        return
    hits, answered, values = _reached(products, floor, over)
    if len(hits):
        found.admit(*by_query(queries.start + hits, first + answered, values))


def _reached(products: torch.Tensor, floor: Narrow, over: int) -> tuple[Indices, Indices, Narrow]:
    """Return the cells of a block that reach the floor of their query: the query's place, the other's, and the product.

    One pass takes the largest product of each row (`over` 1), or of every few cells of a column; only what
    lies behind those that reach the floor is looked at. On one thread numpy does this several times as fast
    as torch.
    """
    return _reached_in_rows(products, floor) if over else _reached_in_columns(products, floor)


def _reached_in_rows(products: torch.Tensor, floor: Narrow) -> tuple[Indices, Indices, Narrow]:
    largest = products.numpy().max(1) if products.device.type == "cpu" else products.amax(1).cpu().numpy()
    rows = np.flatnonzero(largest >= floor)
    behind = (
        products.index_select(0, torch.from_numpy(rows).to(products.device)).cpu().numpy()
    )  # (rows that reach, columns)
    cells = np.flatnonzero(behind >= floor[rows, None])
    return rows[cells // behind.shape[1]], cells % behind.shape[1], behind.ravel()[cells]


def _reached_in_columns(products: torch.Tensor, floor: Narrow) -> tuple[Indices, Indices, Narrow]:
    rows, columns = products.shape
    parts = math.gcd(rows, _FOLD)
    folded = products.view(parts, rows // parts, columns)
    largest = folded.numpy().max(0) if products.device.type == "cpu" else folded.amax(0).cpu().numpy()
    first = np.flatnonzero(largest >= floor)
    behind = first[:, None] + rows // parts * columns * np.arange(parts)  # (finds, parts), cells by number
    values = torch.take(products, torch.from_numpy(behind).to(products.device)).cpu().numpy()
    hit = values >= floor[first % columns, None]
    answered, asked = np.divmod(behind[hit], columns)
    return asked, answered, values[hit]


def _shift(part: slice, by: int) -> slice:
    return slice(part.start + by, part.stop + by)


# ---- the exact answer --------------------------------------------------------------------------


def _settle(found: Candidates, own: SearchSide, pool: SearchSide, panel: int, memory: int) -> Neighbours:
    """Multiply every candidate in float64, put the k best in order, and search the crowded queries in float64 altogether."""
    queries, k = len(own.vectors), found.k
    indices, similarities = np.empty((queries, k), np.int64), np.empty((queries, k))
    for part in _cut(queries, panel):
        indices[part], similarities[part] = _exact(
            own, pool, np.arange(part.start, part.stop), found.left(part), k, panel
        )
    for some in _some(found.crowded(), pool, memory // 4):
        indices[some], similarities[some] = _exact(
            own, pool, some, _search_wide(own, pool, some, k), k, panel
        )
    return Neighbours(indices, similarities)


def _some(queries: Indices, pool: SearchSide, memory: int) -> Iterator[Indices]:
    """Yield so many queries at a time that they and their products with the whole pool, in float64, fit into the memory."""
    step = max(1, memory // (8 * sum(pool.vectors.shape)))
    return (queries[start : start + step] for start in range(0, len(queries), step))


def _exact(
    own: SearchSide, pool: SearchSide, queries: Indices, candidates: Indices, k: int, panel: int = _CPU_PANEL
) -> tuple[Indices, Wide]:
    """Return the k best of candidates (queries, m), −1 for none, by their products in float64.

    The pool is read panel by panel: vectors gathered from all over a mapped file would bring all of it into
    memory.
    """
    asked = own.vectors[queries]
    row, column = np.nonzero(candidates >= 0)
    wanted = candidates[row, column]
    order = np.argsort(wanted, kind="stable")
    row, column, wanted = row[order], column[order], wanted[order]
    products = np.full(candidates.shape, -np.inf)
    for part in _cut(len(pool.vectors), panel):
        here = slice(*np.searchsorted(wanted, (part.start, part.stop)))
        if here.start < here.stop:
            products[row[here], column[here]] = multiply_pairs(
                asked, pool.panel(part), row[here], wanted[here] - part.start
            )
    release(own.vectors, slice(0, len(own.vectors)))
    best = np.lexsort((candidates, -np.rint(products / TIE)), axis=1)[:, :k]
    return np.take_along_axis(candidates, best, axis=1), np.take_along_axis(products, best, axis=1)


def _search_wide(own: SearchSide, pool: SearchSide, queries: Indices, k: int) -> Indices:
    """Return the k nearest of some queries from float64 products with the whole pool; ties go to the lowest index."""
    asked = own.vectors[queries].astype(np.float64)
    products = np.empty((len(queries), len(pool.vectors)))
    for part in _cut(len(pool.vectors), CHUNK):
        products[:, part] = asked @ pool.panel(part).astype(np.float64).T
    best = np.empty((len(queries), k), np.int64)
    for row, values in enumerate(products):
        last = np.partition(values, -k)[-k]
        above = np.flatnonzero(values > last + TIE)
        equal = np.flatnonzero(np.abs(values - last) <= TIE)
        best[row] = np.concatenate([above, equal[: k - len(above)]])
    return best
