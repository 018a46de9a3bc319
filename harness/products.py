"""Multiply blocks of vectors so that the product bounds what the exact one can be: the search's only float32.

Every stage of a panel is a matrix whose float32 products with the other side's stage are never lower than the exact inner
product by more than `rounding(columns)` times the two norms. The coarse stage keeps the first p coordinates after a rotation
and one more, the norm of all the others: by Cauchy and Schwarz a·b = a₁·b₁ + a₂·b₂ ≤ a₁·b₁ + |a₂||b₂|, so that one product
of p + 1 columns gives an upper bound.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Wide = NDArray[np.float64]
# Squares of longer vectors could overflow a float32 product.
_LONGEST = 1e18
# Vectors are converted this many at a time; float64 twice that is the widest that a worker holds of it.
CHUNK = 256
_SAMPLE = 1024
# What one pair costs, gathered from memory, as a multiple of its share in a float32 product of blocks.
_PAIR_COST = 40.0
# Reading the block for its largest values, as a share of the full product.
_SCAN_COST = 0.04


@dataclass(frozen=True)
class Panel:
    """Consecutive vectors (rows, d) of one side in memory, their norms, and the matrices that bound their products, coarse first."""

    start: int
    vectors: Vectors
    norms: Wide
    stages: tuple[torch.Tensor, ...]

    def __len__(self) -> int:
        """Count the vectors."""
        return len(self.vectors)


def rounding(columns: int, dtype: torch.dtype) -> float:
    """Return c such that a product of stages is at least the exact one less c|a||b|.

    A sum of p products is wrong by at most p·u/(1 - p·u) of the sum of their absolute values, in any order of adding, which
    is at most |a||b|; the factors, the threshold and the rotation (float64) are rounded too.
    """
    unit = 2.0**-24 if dtype == torch.float32 else 2.0**-53
    return 1.05 * (columns + 8) * unit + (1e-12 if dtype == torch.float32 else 0.0)


def load_panel(vectors: Vectors, rows: slice, name: str, rotation: Wide | None, device: str, pool: ThreadPoolExecutor) -> Panel:
    """Copy some rows into memory and prepare their stages; raises ValueError where a vector is not finite or too long."""
    count, d = rows.stop - rows.start, vectors.shape[1]
    loaded, norms = np.empty((count, d), np.float32), np.empty(count)
    coarse = np.empty((count, rotation.shape[1] + 1), np.float32) if rotation is not None else None

    def load(start: int) -> None:
        part = slice(start, min(start + CHUNK, count))
        loaded[part] = vectors[rows.start + part.start : rows.start + part.stop]
        wide = loaded[part].astype(np.float64)
        squares = np.einsum("nd,nd->n", wide, wide)
        if not (squares < _LONGEST**2).all():
            row = rows.start + start + int(np.flatnonzero(~(squares < _LONGEST**2))[0])
            raise ValueError(f"vector {row} of {name} is not finite, or longer than {_LONGEST:g}")
        norms[part] = np.sqrt(squares)
        if coarse is not None and rotation is not None:
            head = torch.mm(torch.from_numpy(wide), torch.from_numpy(rotation)).numpy()
            # The difference of two sums near each other: what float64 may have lost of the rest is added again.
            rest = np.maximum(squares - np.einsum("np,np->n", head, head), 0.0) + 1e-12 * squares
            coarse[part, :-1] = head
            coarse[part, -1] = np.sqrt(rest) * (1 + 2.0**-22)

    list(pool.map(load, range(0, count, CHUNK)))
    release(vectors, rows)
    made = [loaded] if coarse is None else [coarse, loaded]
    return Panel(rows.start, loaded, norms, tuple(torch.from_numpy(each).to(device) for each in made))


def release(vectors: Vectors, rows: slice) -> None:
    """Give the memory of mapped rows back to the system, which reads them again from the file when they are touched."""
    mapped = getattr(vectors, "_mmap", None)
    # A copy-on-write map would lose what was written to it.
    if mapped is None or getattr(vectors, "mode", None) not in ("r", "r+") or not hasattr(mmap, "MADV_DONTNEED"):
        return
    origin = np.frombuffer(mapped, np.uint8).ctypes.data
    first, last = (int(vectors[row : row + 1].ctypes.data) - origin for row in (rows.start, rows.stop - 1))
    low = first // mmap.PAGESIZE * mmap.PAGESIZE
    with suppress(OSError, ValueError):
        mapped.madvise(mmap.MADV_DONTNEED, low, max(last - low, 1))


def multiply_pairs(
    left: Vectors, right: Vectors, rows: NDArray[np.int64], columns: NDArray[np.int64], dtype: type[np.floating] = np.float64
) -> NDArray[np.floating]:
    """Return the inner products of pairs, exact in float64, each added in the same order wherever it stands."""
    scores = np.empty(len(rows), dtype)
    for start in range(0, len(rows), CHUNK):
        part = slice(start, start + CHUNK)
        a, b = left.take(rows[part], axis=0), right.take(columns[part], axis=0)
        scores[part] = np.einsum("nd,nd->n", a.astype(dtype, copy=False), b.astype(dtype, copy=False))
    return scores


def choose_rotation(x: Vectors, y: Vectors, k: int, columns: int | None) -> Wide | None:
    """Return the rotation (d, p) whose p coordinates the coarse stage keeps, or None where the full product is cheaper.

    The axes are the principal ones of a sample of both sides, uncentred; how many pays is what the sample says: p/d of the
    product is left, and pairs that the bound does not exclude are scored one by one. `columns` chooses p (0: none).
    """
    d = x.shape[1]
    if columns == 0 or (columns is None and min(len(x), len(y)) < _SAMPLE):
        return None
    a, b = (_sample(side) for side in (x, y))
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return None  # the panel that holds it will name it
    _, axes = np.linalg.eigh(a.T @ a + b.T @ b)
    axes = np.ascontiguousarray(axes[:, ::-1])
    if columns is None:
        columns = _cheapest(a @ axes, b @ axes, k * len(a) / max(len(x), len(y)))
    return np.ascontiguousarray(axes[:, :columns]) if 0 < columns < d else None


def _sample(vectors: Vectors) -> Wide:
    step = max(1, len(vectors) // _SAMPLE)
    sample = np.asarray(vectors[::step][:_SAMPLE], np.float64)
    release(vectors, slice(0, len(vectors)))
    return sample


def _cheapest(a: Wide, b: Wide, rank: float) -> int:
    """Return how many coordinates cost least, or 0; `rank` is where a sample's threshold stands for the whole pool's."""
    d = a.shape[1]
    products = a @ b.T
    place = max(1, round(rank))
    row_floor = np.partition(products, -place, axis=1)[:, -place]
    column_floor = np.partition(products, -place, axis=0)[-place]
    floor = np.minimum(row_floor[:, None], column_floor[None])
    best, chosen = 0.92, 0
    for p in sorted({max(8, round(d * share / 12 / 8) * 8) for share in range(1, 12)}):
        if p >= d:
            continue
        rest = np.linalg.norm(a[:, p:], axis=1)[:, None] * np.linalg.norm(b[:, p:], axis=1)
        # The best pairs of a sample are hits by definition; a pool has few of them for its size.
        hits = max(0.0, float(np.mean(a[:, :p] @ b[:, :p].T + rest > floor)) - float(np.mean(products >= floor)))
        cost = p / d + _PAIR_COST * hits + _SCAN_COST
        if cost < best:
            best, chosen = cost, p
    return chosen


@contextmanager
def single_threads() -> Iterator[ThreadPoolExecutor]:
    """Run one worker a core, each multiplying on one thread in full float32, and give the caller's settings back at the end."""
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="search", initializer=lambda: torch.set_num_threads(1))
    try:
        torch.set_float32_matmul_precision("highest")
        torch.set_num_threads(1)
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)
        torch.set_float32_matmul_precision(precision)
