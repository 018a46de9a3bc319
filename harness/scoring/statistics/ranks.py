"""Ranges of ranks, from the pairs of submissions that are separated when all pairs are tested together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from harness.scoring.statistics.resampling import Floats

ALPHA = 0.05
Range = tuple[int, int]
# Draws of the largest statistic: fewer the more pairs there are, by the numbers that they take.
_MOST_DRAWS, _LEAST_DRAWS, _NUMBERS = 10_000, 1_000, 200_000_000
_BLOCK_NUMBERS = 4_000_000
# With more undecided pairs, Holm's correction stands alone.
MOST_PAIRS = 400_000


class OpenPairs(NamedTuple):
    """Pairs that Holm's correction leaves open: rows, columns and p values (pairs,).

    `normal` ones may be decided by the largest statistic; the others remain open.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    p: Floats
    normal: NDArray[np.bool_]


def holm_count(p: Floats, alpha: float = ALPHA) -> int:
    """Return how many of the sorted p values (n,) Holm's correction rejects."""
    fails = np.flatnonzero(p * np.arange(len(p), 0, -1) >= alpha)
    return int(fails[0]) if len(fails) else len(p)


def separated(
    p: Floats, covariance: Floats, normal: NDArray[np.bool_] | None = None, alpha: float = ALPHA
) -> NDArray[np.bool_]:
    """Return which pairs (n, n) are separated; the p values of pairs that cannot be tested are NaN.

    `covariance` (n, n) is that of the errors of the scores. With probability 1 − alpha no pair of equal
    submissions is among them, whichever submissions are equal. Holm's correction comes first; what it leaves
    open is decided by `step_down`, which rejects all that Holm's does; of pairs that are not `normal` (n, n),
    such as those whose variance is of a few seeds alone, Holm's decides: their statistics have tails that the
    draws do not.
    """
    n = len(p)
    differs = np.zeros((n, n), dtype=bool)
    rows, columns = (index[~np.isnan(p[np.triu_indices(n, 1)])] for index in np.triu_indices(n, 1))
    values = p[rows, columns]
    order = np.argsort(values, kind="stable")
    count = holm_count(values[order], alpha)
    differs[rows[order[:count]], columns[order[:count]]] = True
    rest = order[count:]
    stepwise = np.ones(len(rest), dtype=bool) if normal is None else normal[rows[rest], columns[rest]]
    further = step_down(OpenPairs(rows[rest], columns[rest], values[rest], stepwise), covariance, alpha)
    differs[rows[rest][further], columns[rest][further]] = True
    return differs | differs.T


def step_down(
    pairs: OpenPairs, covariance: Floats, alpha: float = ALPHA, *, independent: bool = False
) -> NDArray[np.bool_]:
    """Return which open pairs (pairs,) are separated by the largest statistic of all that are still open.

    A pair is rejected if its p value is smaller than that of the largest of the open pairs' statistics in all
    but `alpha` of the draws in which all are equal; then the same is asked of those that remain, until none
    is rejected. In the draws the scores' errors are normal with their `covariance` (n, n), of which (n,)
    variances suffice if they are `independent`; a p value of Student's t counts as the normal statistic of
    that p. Sources: J. P. Romano and M. Wolf. 2005. JASA 100(469), 94-108; M. Mogstad, J. P. Romano, A. M.
    Shaikh and D. Wilhelm. 2024. Review of Economic Studies 91(1), 476-518.
    """
    rejected = np.zeros(len(pairs.p), dtype=bool)
    if not pairs.normal.any() or len(pairs.p) > MOST_PAIRS:
        return rejected
    draws = int(np.clip(_NUMBERS // len(pairs.p), _LEAST_DRAWS, _MOST_DRAWS))
    errors, spread = _errors(covariance, draws, independent=independent)
    while not rejected.all():
        still = np.flatnonzero(~rejected)
        rows, columns = pairs.rows[still], pairs.columns[still]
        largest = _largest(errors, spread, rows, columns)
        threshold = 2 * float(ndtr(-np.quantile(largest, 1 - alpha, method="higher")))
        new = still[pairs.normal[still] & (pairs.p[still] < threshold)]
        if not len(new):
            break
        rejected[new] = True
    return rejected


def _errors(covariance: Floats, draws: int, *, independent: bool) -> tuple[Floats, Floats]:
    """Return draws (n, draws) of the scores' errors, and what the variances of differences follow from."""
    rng = np.random.default_rng(0)
    if independent:
        normal = rng.standard_normal((len(covariance), draws), dtype=np.float32)
        return np.asarray(normal * np.sqrt(covariance)[:, None].astype(np.float32)), covariance
    values, directions = np.linalg.eigh(covariance)
    # Where seeds are matched the variances of three differences need not fit together exactly.
    root = directions * np.sqrt(np.maximum(values, 0.0))
    normal = rng.standard_normal((len(values), draws), dtype=np.float32)
    return np.asarray(root.astype(np.float32) @ normal), root @ root.T


def _largest(errors: Floats, spread: Floats, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Floats:
    """Return the largest absolute statistic of the pairs in each draw (draws,)."""
    if spread.ndim == 1:
        variance = spread[rows] + spread[columns]
    else:
        own = np.diag(spread)
        variance = own[rows] + own[columns] - 2 * spread[rows, columns]
    scale = np.where(variance > 0, 1 / np.sqrt(np.maximum(variance, np.finfo(float).tiny)), 0.0)
    scale = scale.astype(np.float32)
    largest = np.zeros(errors.shape[1], dtype=np.float32)
    block = max(1, _BLOCK_NUMBERS // errors.shape[1])
    for start in range(0, len(rows), block):
        part = slice(start, start + block)
        statistics = (errors[rows[part]] - errors[columns[part]]) * scale[part, None]
        np.maximum(largest, np.abs(statistics).max(axis=0), out=largest)
    return largest.astype(np.float64)


def rank_ranges(scores: Sequence[float], differs: NDArray[np.bool_]) -> tuple[Range, ...]:
    """Return the best and the worst possible rank of each submission, given the separated pairs.

    These are 1 + the number of separated ones above, and n − the number of separated ones below. Two
    submissions that are not separated have ranges that share a rank; the reverse need not hold.
    """
    values = np.asarray(scores)
    better = differs & (values[None, :] > values[:, None])
    worse = differs & (values[None, :] < values[:, None])
    best, worst = 1 + better.sum(axis=1), len(values) - worse.sum(axis=1)
    return tuple(zip(best.tolist(), worst.tolist(), strict=True))


def normal_threshold(pairs: int, alpha: float = ALPHA) -> float:
    """Return the statistic beyond which any of so many pairs is separated whatever the others are."""
    return float(-ndtri(alpha / (2 * max(1, pairs))))
