"""Draw sums over resampled examples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# With more distinct rows than this a sum's distribution is smooth, and drawing it row by row buys nothing.
DISTINCT = 16


def resampled_sums(values: NDArray[np.number], replicates: int, rng: np.random.Generator) -> Floats:
    """Return the sums (replicates, columns) over n rows drawn with replacement from values (n, columns).

    Where few rows are distinct, such as right and wrong, they are drawn as multinomial counts: Efron's bootstrap at a cost that
    does not grow with n. Where many are, each row gets a normal weight instead (the multiplier bootstrap), under which the sums
    are exactly normal with the rows' own covariance, so that they are drawn themselves.
    Source: B. Efron. 1979. Annals of Statistics 7(1), 1–26; A. van der Vaart and J. Wellner. 1996. Weak Convergence and
    Empirical Processes, 2.9.
    """
    rows: Floats = np.asarray(values, dtype=np.float64)
    distinct, counts = _distinct(rows)
    if len(distinct) <= DISTINCT:
        return np.asarray(rng.multinomial(len(rows), counts / len(rows), size=replicates) @ distinct)
    total = rows.sum(axis=0)
    return np.asarray(total + _normal(rows - total / len(rows), replicates, rng))


def signed_sums(values: NDArray[np.number], replicates: int, rng: np.random.Generator) -> Floats:
    """Return the sums (replicates, columns) of values (n, columns) when every row keeps or changes its sign by chance.

    Exact (binomial) where few rows are distinct; else normal with the same covariance, as in `resampled_sums`.
    """
    rows: Floats = np.asarray(values, dtype=np.float64)
    rows = rows[(rows != 0).any(axis=1)]
    # A row and its opposite are one draw.
    distinct, counts = _distinct(rows * np.where(rows[:, :1] < 0, -1.0, 1.0))
    if len(distinct) <= DISTINCT:
        kept = rng.binomial(counts, 0.5, size=(replicates, len(counts)))
        return np.asarray((2 * kept - counts) @ distinct)
    return _normal(rows, replicates, rng)


def f1(sums: NDArray[np.number]) -> Floats:
    """Return 2 · true positives / (proposed + gold) of sums (…, 3); 0 where nothing is proposed and nothing is gold."""
    both = np.asarray(sums[..., 1] + sums[..., 2], dtype=np.float64)
    scores: Floats = np.divide(2 * sums[..., 0], both, out=np.zeros_like(both), where=both > 0)
    return scores


def _distinct(values: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Return the distinct rows of values (n, columns) and how often each stands there.

    Rows are told apart by one random sum over their columns, many times quicker than by sorting whole rows; adding along the
    row gives equal rows equal sums to the last bit.
    """
    weights = np.random.default_rng(0).random(values.shape[1]) + 1
    _, first, counts = np.unique((values * weights).sum(axis=1), return_index=True, return_counts=True)
    return values[first], counts


def _normal(values: Floats, replicates: int, rng: np.random.Generator) -> Floats:
    """Return draws (replicates, columns) of Σ gᵢ · valuesᵢ with independent standard normal weights g."""
    scales, directions = np.linalg.eigh(values.T @ values)
    root = directions * np.sqrt(np.maximum(scales, 0.0))
    return np.asarray(rng.standard_normal((replicates, values.shape[1])) @ root.T)
