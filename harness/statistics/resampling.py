"""Draw bootstrap samples of many examples that take few values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def resampled_sums(values: NDArray[np.number], replicates: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the sums (replicates, columns) over n rows drawn with replacement from values (n, columns).

    Rows that are equal are drawn together, as multinomial counts of the distinct rows: the same distribution as drawing
    one by one, at a cost that grows with the number of distinct rows only.
    """
    distinct, counts = np.unique(values, axis=0, return_counts=True)
    sums = np.zeros((replicates, values.shape[1]))
    # In portions, so that memory stays bounded where every row differs.
    portion = max(1, 2**22 // len(distinct))
    for start in range(0, replicates, portion):
        drawn = rng.multinomial(len(values), counts / len(values), size=min(portion, replicates - start))
        sums[start : start + len(drawn)] = drawn @ distinct
    return sums


def f1(sums: NDArray[np.number]) -> NDArray[np.float64]:
    """Return 2 · true positives / (proposed + gold) of sums (…, 3); 0 where nothing is proposed and nothing is gold."""
    both = np.asarray(sums[..., 1] + sums[..., 2], dtype=np.float64)
    scores: NDArray[np.float64] = np.divide(2 * sums[..., 0], both, out=np.zeros_like(both), where=both > 0)
    return scores
