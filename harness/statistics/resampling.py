"""Draw sums over resampled examples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# With more distinct rows, or more rows that are not the most frequent one, a sum is as good as normal: drawing it row by row
# would change an interval by less than its own error of Monte Carlo.
DISTINCT = 16
UNEQUAL = 200


def resampled_sums(values: NDArray[np.number], replicates: int, rng: np.random.Generator) -> Floats:
    """Return the sums (replicates, columns) over n rows drawn with replacement from values (n, columns).

    Where few rows are distinct and few are not like the others, such as right and wrong of two systems, they are drawn as
    multinomial counts: Efron's bootstrap at a cost that does not grow with n. Elsewhere each row gets a normal weight (the
    multiplier bootstrap), under which the sums are exactly normal with the rows' own covariance, so that they are drawn
    themselves.
    Source: B. Efron. 1979. Annals of Statistics 7(1), 1–26; A. van der Vaart and J. Wellner. 1996. Weak Convergence and
    Empirical Processes, 2.9.
    """
    rows: Floats = np.asarray(values, dtype=np.float64)
    few = _few_distinct(rows, least=0)
    if few:
        distinct, counts = few
        return np.asarray(rng.multinomial(len(rows), counts / len(rows), size=replicates) @ distinct)
    total = rows.sum(axis=0)
    return np.asarray(total + _normal(rows - total / len(rows), replicates, rng))


def signed_sums(values: NDArray[np.number], replicates: int, rng: np.random.Generator) -> Floats:
    """Return the sums (replicates, columns) of values (n, columns) when every row keeps or changes its sign by chance.

    Exact (binomial) where rows are few or alike; else normal with the same covariance, as in `resampled_sums`.
    """
    rows: Floats = np.asarray(values, dtype=np.float64)
    rows = rows[(rows != 0).any(axis=1)]
    # A row and its opposite are one draw.
    few = _few_distinct(rows * np.where(rows[:, :1] < 0, -1.0, 1.0), least=len(rows))
    if few:
        distinct, counts = few
        kept = rng.binomial(counts, 0.5, size=(replicates, len(counts)))
        return np.asarray((2 * kept - counts) @ distinct)
    return _normal(rows, replicates, rng)


def overlaps(counts: NDArray[np.number]) -> Floats:
    """Return (…, 2), true positives and proposed + gold, which is all that F1 needs, of counts (…, 3)."""
    return np.stack([counts[..., 0], counts[..., 1] + counts[..., 2]], axis=-1).astype(np.float64)


def overlap_f1(sums: Floats) -> Floats:
    """Return F1 of summed overlaps (…, 2); 0 where nothing is proposed and nothing is gold."""
    both = sums[..., 1]
    scores: Floats = np.divide(2 * sums[..., 0], both, out=np.zeros_like(both), where=both > 0)
    return scores


def f1(sums: NDArray[np.number]) -> Floats:
    """Return 2 · true positives / (proposed + gold) of sums (…, 3); 0 where nothing is proposed and nothing is gold."""
    return overlap_f1(overlaps(sums))


def _few_distinct(values: Floats, *, least: int) -> tuple[Floats, NDArray[np.int64]] | None:
    """Return the distinct rows of values (n, columns) and how often each stands there, or None where drawing them is not needed.

    That is where many are distinct, or where `least`, and those that are not the most frequent row, are more than `UNEQUAL`.

    Rows are told apart by one random sum over their columns, many times quicker than by sorting whole rows; adding along the
    row gives equal rows equal sums to the last bit. Where the first rows are many already, the rest need not be sorted.
    """
    weights = np.random.default_rng(0).random(values.shape[1]) + 1
    sums = (values * weights).sum(axis=1)
    if least > UNEQUAL or len(np.unique(sums[: 8 * DISTINCT])) > DISTINCT:
        return None
    _, first, counts = np.unique(sums, return_index=True, return_counts=True)
    many = len(first) > DISTINCT or len(values) - counts.max(initial=0) > UNEQUAL
    return None if many else (values[first], counts)


def _normal(values: Floats, replicates: int, rng: np.random.Generator) -> Floats:
    """Return draws (replicates, columns) of Σ gᵢ · valuesᵢ with independent standard normal weights g."""
    scales, directions = np.linalg.eigh(values.T @ values)
    root = directions * np.sqrt(np.maximum(scales, 0.0))
    drawn = rng.standard_normal((replicates, values.shape[1]), dtype=np.float32)  # 7 digits of noise are enough
    return np.asarray(drawn.astype(np.float64) @ root.T)
