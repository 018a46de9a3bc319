"""Read vectors panel by panel, so that a mapped side may exceed memory, and multiply single pairs exactly."""

from __future__ import annotations

import mmap
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Indices = NDArray[np.int64]
Float64Array = NDArray[np.float64]
# Squares of longer vectors could overflow a float32 product.
_LONGEST = 1e18
# Products of equal vectors may be summed in another order: closer than this is a tie.
TIE = 1e-12
# Vectors are converted to float64 this many at a time.
CHUNK = 1024


@dataclass(frozen=True)
class SearchSide:
    """One side of a search: vectors (n, d), perhaps memory-mapped, and their norms (n,)."""

    vectors: Vectors
    norms: Float64Array

    def panel(self, rows: slice) -> Vectors:
        """Copy some rows into memory and release their mapped pages."""
        loaded = np.array(self.vectors[rows], dtype=np.float32, order="C")
        release(self.vectors, rows)
        return loaded


def open_side(vectors: Vectors, name: str) -> SearchSide:
    """Measure every vector; raises ValueError for one that is not finite or too long for float32."""
    norms = np.empty(len(vectors))
    for start in range(0, len(vectors), CHUNK):
        part = slice(start, min(start + CHUNK, len(vectors)))
        exact = vectors[part].astype(np.float64)
        squares = np.einsum("nd,nd->n", exact, exact)
        if not (squares < _LONGEST**2).all():
            row = start + int(np.flatnonzero(~(squares < _LONGEST**2))[0])
            raise ValueError(f"vector {row} of {name} is not finite, or longer than {_LONGEST:g}")
        norms[part] = np.sqrt(squares)
        release(vectors, part)
    return SearchSide(vectors, norms)


def release(vectors: Vectors, rows: slice) -> None:
    """Release the memory of mapped rows; the system reads them from the file again when they are used."""
    mapped = getattr(vectors, "_mmap", None)
    # A copy-on-write map would lose what was written to it.
    if (
        mapped is None
        or getattr(vectors, "mode", None) not in ("r", "r+", "w+")
        or not hasattr(mmap, "MADV_DONTNEED")
    ):
        return
    origin = np.frombuffer(mapped, np.uint8).ctypes.data
    first, last = (int(vectors[row : row + 1].ctypes.data) - origin for row in (rows.start, rows.stop - 1))
    low = first // mmap.PAGESIZE * mmap.PAGESIZE
    with suppress(OSError, ValueError):
        mapped.madvise(mmap.MADV_DONTNEED, low, max(last - low, 1))


def rounding(d: int) -> float:
    """Return c such that a float32 inner product of d terms differs from the exact one by at most c|a||b|.

    A sum of d products is wrong by at most d·u/(1 − d·u) of the sum of their absolute values, in any order of
    adding (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1), which is at most |a||b|; u =
    2⁻²⁴. The rounding of what is compared with it is covered too.
    """
    return 1.05 * (d + 8) * 2.0**-24 + 1e-12


def multiply_pairs(left: Vectors, right: Vectors, rows: Indices, columns: Indices) -> Float64Array:
    """Return the inner products (pairs,) in float64, each added in the same order at any position."""
    products = np.empty(len(rows))
    for start in range(0, len(rows), CHUNK):
        part = slice(start, start + CHUNK)
        a, b = (side[indices[part]].astype(np.float64) for side, indices in ((left, rows), (right, columns)))
        products[part] = np.einsum("nd,nd->n", a, b)
    return products
