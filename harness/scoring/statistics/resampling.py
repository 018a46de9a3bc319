"""Draw sums over resampled examples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# A sum over more rows that are not the most frequent one is as good as normal: drawing it row by row would
# change an interval by less than its own error of Monte Carlo. Below it is drawn exactly, whatever the rows
# hold.
UNEQUAL = 200  # a place among them fits into a byte
# Up to so many distinct rows are cheaper drawn as counts of each than row by row.
DISTINCT = 16


def resampled_sums(values: NDArray[np.number], replicates: int, rng: np.random.Generator) -> Floats:
    """Return the sums (replicates, columns) over n rows drawn with replacement from values (n, columns).

    Where few rows are not like the others, such as those that tell two systems apart, or all rows of a small
    set, they are drawn as counts: Efron's bootstrap at a cost that does not grow with n. Elsewhere each row
    gets a normal weight (the multiplier bootstrap), under which the sums are exactly normal with the rows'
    own covariance, so that they are drawn themselves. Source: B. Efron. 1979. Annals of Statistics 7(1),
    1–26; A. van der Vaart and J. Wellner. 1996. Weak Convergence and Empirical Processes, 2.9.
    """
    rows: Floats = np.asarray(values, dtype=np.float64)
    few = _few_unequal(rows)
    if few:
        return _counted_sums(*few, len(rows), replicates, rng)
    total = rows.sum(axis=0)
    return np.asarray(total + _normal(rows - total / len(rows), replicates, rng))


def signed_sums(values: NDArray[np.number], replicates: int, rng: np.random.Generator) -> Floats:
    """Return the sums (replicates, columns) of values (n, columns) when every row keeps or changes its sign by chance.

    Exact (binomial) where rows are few or alike; else normal with the same covariance, as in
    `resampled_sums`.
    """
    rows: Floats = np.asarray(values, dtype=np.float64)
    rows = rows[(rows != 0).any(axis=1)]
    if len(rows) > UNEQUAL:
        return _normal(rows, replicates, rng)
    # A row and its opposite are one draw.
    distinct, counts = _distinct(rows * np.where(rows[:, :1] < 0, -1.0, 1.0))
    if len(counts) > DISTINCT:
        signs = 2.0 * rng.integers(0, 2, size=(replicates, len(rows)), dtype=np.int8) - 1
        return np.asarray(signs @ rows)
    kept = rng.binomial(counts, 0.5, size=(replicates, len(counts)))
    return np.asarray((2 * kept - counts) @ distinct)


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


def _few_unequal(values: Floats) -> tuple[Floats, NDArray[np.int64]] | None:
    """Return the distinct rows of values (n, columns) and their counts, or None where more than `UNEQUAL` are not the most frequent.

    Which row is frequent shows in a sample across all: where rows are many, not all of them need be sorted.
    """
    sums = _sums(values)
    if len(values) > 4 * UNEQUAL:
        sampled, counts = np.unique(sums[:: len(values) // UNEQUAL], return_counts=True)
        if np.count_nonzero(sums != sampled[counts.argmax()]) > UNEQUAL:
            return None
    distinct, counts = _distinct(values, sums)
    return None if len(values) - counts.max(initial=0) > UNEQUAL else (distinct, counts)


def _distinct(values: Floats, sums: Floats | None = None) -> tuple[Floats, NDArray[np.int64]]:
    """Return the distinct rows of values (n, columns) and how often each stands there."""
    _, first, counts = np.unique(
        _sums(values) if sums is None else sums, return_index=True, return_counts=True
    )
    return values[first], counts


def _sums(values: Floats) -> Floats:
    """Return a number for each row of values (n, columns) that tells it from others, many times quicker to sort than whole rows.

    It is a random sum over the columns; adding along the row gives equal rows equal sums to the last bit.
    """
    weights = np.random.default_rng(0).random(values.shape[1]) + 1
    return np.asarray((values * weights).sum(axis=1))


def _counted_sums(
    distinct: Floats, counts: NDArray[np.int64], n: int, replicates: int, rng: np.random.Generator
) -> Floats:
    """Return the sums (replicates, columns) over n rows drawn with replacement from distinct rows (rows, columns) by their counts.

    Multinomial counts cost a binomial for each distinct row. Where these are many, only how far the rows lie
    from the most frequent one is drawn, place by place; what a replicate draws less of them than another adds
    nothing.
    """
    if len(counts) <= DISTINCT:
        return np.asarray(rng.multinomial(n, counts / n, size=replicates) @ distinct)
    most = int(counts.argmax())
    away = np.repeat(distinct, np.where(np.arange(len(counts)) == most, 0, counts), axis=0) - distinct[most]
    drawn = rng.binomial(n, len(away) / n, size=replicates)
    places = rng.integers(len(away), size=(int(drawn.max()), replicates), dtype=np.uint8)
    places[np.arange(len(places))[:, None] >= drawn] = len(away)
    away = np.vstack([away, np.zeros((1, away.shape[1]))])
    sums, added = np.zeros((2, replicates, away.shape[1]))
    for place in places:  # what one place adds to all replicates stays in cache; clipping, of what is never outside, saves a copy
        sums += np.take(away, place, axis=0, out=added, mode="clip")
    return np.asarray(n * distinct[most] + sums)


def _normal(values: Floats, replicates: int, rng: np.random.Generator) -> Floats:
    """Return draws (replicates, columns) of Σ gᵢ · valuesᵢ with independent standard normal weights g."""
    scales, directions = np.linalg.eigh(values.T @ values)
    root = directions * np.sqrt(np.maximum(scales, 0.0))
    drawn = rng.standard_normal(
        (replicates, values.shape[1]), dtype=np.float32
    )  # 7 digits of noise are enough
    return np.asarray(drawn.astype(np.float64) @ root.T)
