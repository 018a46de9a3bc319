"""Bootstrap and sign-flip draws of sums over examples, and F1 of summed counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# With more rows that differ from the most frequent one, a sum is treated as normal: drawing it row by row
# would change an interval by less than its Monte Carlo error. With fewer it is drawn exactly. An index of
# such a row fits into a byte.
MAX_UNEQUAL_ROWS = 200
# Up to this number of distinct rows, drawing the count of each is cheaper than drawing row by row.
MAX_DISTINCT_ROWS = 16


def resampled_sums(values: NDArray[np.number], replicates: int, rng: np.random.Generator) -> Floats:
    """Return the sums (replicates, columns) over n rows drawn with replacement from values (n, columns).

    Where few rows differ from the others, such as discordant examples of two systems, or all rows of a small
    set, they are drawn as counts: Efron's bootstrap at a cost that does not grow with n. Elsewhere each row
    gets a normal weight (the multiplier bootstrap), so that the sums are exactly normal with the covariance
    of the rows, and are drawn directly. Source: B. Efron. 1979. Annals of Statistics 7(1), 1–26; A. van der
    Vaart and J. Wellner. 1996. Weak Convergence and Empirical Processes, 2.9.
    """
    rows: Floats = np.asarray(values, dtype=np.float64)
    distinct_and_counts = _few_unequal(rows)
    if distinct_and_counts:
        return _counted_sums(*distinct_and_counts, len(rows), replicates, rng)
    total = rows.sum(axis=0)
    return np.asarray(total + _normal(rows - total / len(rows), replicates, rng))


def signed_sums(values: NDArray[np.number], replicates: int, rng: np.random.Generator) -> Floats:
    """Return the sums (replicates, columns) of values (n, columns) with random signs of the rows.

    Exact (binomial) where rows are few or equal; else normal with the same covariance, as in
    `resampled_sums`.
    """
    rows: Floats = np.asarray(values, dtype=np.float64)
    rows = rows[(rows != 0).any(axis=1)]
    if len(rows) > MAX_UNEQUAL_ROWS:
        return _normal(rows, replicates, rng)
    # A row and its negative have the same distribution under random signs.
    distinct, counts = _distinct(rows * np.where(rows[:, :1] < 0, -1.0, 1.0))
    if len(counts) > MAX_DISTINCT_ROWS:
        signs = 2.0 * rng.integers(0, 2, size=(replicates, len(rows)), dtype=np.int8) - 1
        return np.asarray(signs @ rows)
    positive = rng.binomial(counts, 0.5, size=(replicates, len(counts)))
    return np.asarray((2 * positive - counts) @ distinct)


def overlaps(counts: NDArray[np.number]) -> Floats:
    """Return true positives and proposed + gold (…, 2), from which F1 is computed, of counts (…, 3)."""
    return np.stack([counts[..., 0], counts[..., 1] + counts[..., 2]], axis=-1).astype(np.float64)


def overlap_f1(sums: Floats) -> Floats:
    """Return F1 of summed overlaps (…, 2); 0 where nothing is proposed and nothing is gold."""
    size = sums[..., 1]
    scores: Floats = np.divide(2 * sums[..., 0], size, out=np.zeros_like(size), where=size > 0)
    return scores


def f1(sums: NDArray[np.number]) -> Floats:
    """Return 2 · true positives / (proposed + gold) of sums (…, 3); 0 where the denominator is 0."""
    return overlap_f1(overlaps(sums))


def _few_unequal(values: Floats) -> tuple[Floats, NDArray[np.int64]] | None:
    """Return distinct rows of values (n, columns) and their counts, None if more are unequal than the limit.

    The limit is MAX_UNEQUAL_ROWS rows that differ from the most frequent one. Of many rows, the most frequent
    is first estimated from a sample, to avoid sorting all of them.
    """
    keys = _row_keys(values)
    if len(values) > 4 * MAX_UNEQUAL_ROWS:
        sampled, counts = np.unique(keys[:: len(values) // MAX_UNEQUAL_ROWS], return_counts=True)
        if np.count_nonzero(keys != sampled[counts.argmax()]) > MAX_UNEQUAL_ROWS:
            return None
    distinct, counts = _distinct(values, keys)
    return None if len(values) - counts.max(initial=0) > MAX_UNEQUAL_ROWS else (distinct, counts)


def _distinct(values: Floats, keys: Floats | None = None) -> tuple[Floats, NDArray[np.int64]]:
    """Return the distinct rows of values (n, columns) and their counts; `keys` as of `_row_keys`."""
    _, first, counts = np.unique(
        _row_keys(values) if keys is None else keys, return_index=True, return_counts=True
    )
    return values[first], counts


def _row_keys(values: Floats) -> Floats:
    """Return a sort key (n,) of each row of values (n, columns), faster to sort than whole rows.

    It is a randomly weighted sum over the columns; equal rows have sums that are equal to the last bit.
    """
    weights = np.random.default_rng(0).random(values.shape[1]) + 1
    return np.asarray((values * weights).sum(axis=1))


def _counted_sums(
    distinct: Floats, counts: NDArray[np.int64], n: int, replicates: int, rng: np.random.Generator
) -> Floats:
    """Return the sums (replicates, columns) over n draws of distinct rows (rows, columns) by their counts.

    Multinomial counts cost a binomial for each distinct row. With many distinct rows, n times the most
    frequent row is taken instead, and only the differences of the drawn unequal rows from it are added.
    Replicates that draw fewer unequal rows than others are padded with zero differences.
    """
    if len(counts) <= MAX_DISTINCT_ROWS:
        return np.asarray(rng.multinomial(n, counts / n, size=replicates) @ distinct)
    mode = int(counts.argmax())
    unequal_counts = np.where(np.arange(len(counts)) == mode, 0, counts)
    differences = np.repeat(distinct, unequal_counts, axis=0) - distinct[mode]
    drawn = rng.binomial(n, len(differences) / n, size=replicates)
    indices = rng.integers(len(differences), size=(int(drawn.max()), replicates), dtype=np.uint8)
    indices[np.arange(len(indices))[:, None] >= drawn] = len(differences)
    differences = np.vstack([differences, np.zeros((1, differences.shape[1]))])
    sums, added = np.zeros((2, replicates, differences.shape[1]))
    # One draw of all replicates at a time fits in the cache. No index is outside; clipping saves a copy.
    for draw in indices:
        sums += np.take(differences, draw, axis=0, out=added, mode="clip")
    return np.asarray(n * distinct[mode] + sums)


def _normal(values: Floats, replicates: int, rng: np.random.Generator) -> Floats:
    """Return draws (replicates, columns) of Σ gᵢ · valuesᵢ with independent standard normal weights g."""
    scales, directions = np.linalg.eigh(values.T @ values)
    root = directions * np.sqrt(np.maximum(scales, 0.0))
    # Seven digits of noise are enough.
    drawn = rng.standard_normal((replicates, values.shape[1]), dtype=np.float32)
    return np.asarray(drawn.astype(np.float64) @ root.T)
