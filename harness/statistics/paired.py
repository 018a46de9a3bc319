"""Comparisons of two systems on the same examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from harness.statistics.resampling import f1, resampled_sums


@dataclass(frozen=True)
class McNemar:
    """Discordant examples and the exact two-sided p value."""

    only_first: int
    only_second: int
    p: float


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> McNemar:
    """Test whether two systems are right equally often; first and second (n,) say which examples each got right.

    Exact: under the null the b examples that only one system got right split as Binomial(b + c, 1/2);
    p = min(1, 2 · P(X ≤ min(b, c))), and 1 where the systems never differ.
    Source: Q. McNemar. 1947. Psychometrika 12(2), 153–157.
    """
    if first.shape != second.shape:
        raise ValueError(f"paired systems need the same examples, got {first.shape} and {second.shape}")
    only_first = int(np.sum(first & ~second))
    only_second = int(np.sum(second & ~first))
    n = only_first + only_second
    p = min(1.0, 2 * float(bdtr(min(only_first, only_second), n, 0.5))) if n else 1.0
    return McNemar(only_first, only_second, p)


def bootstrap_difference(
    differences: Sequence[NDArray[np.floating]], *, replicates: int = 10_000, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the mean over languages of the mean paired difference.

    `differences` holds one array (n_l,) a language: second − first for each example. Examples are resampled within their
    language, so the claim is about these languages. Source: B. Efron. 1979. Annals of Statistics 7(1), 1–26.
    """
    if not differences or any(len(values) == 0 for values in differences):
        raise ValueError("a bootstrap needs at least one example in every language")
    rng = np.random.default_rng(seed)
    means = np.zeros(replicates)
    for values in differences:
        means += resampled_sums(values[:, None], replicates, rng)[:, 0] / len(values)
    means /= len(differences)
    tail = (1 - level) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def bootstrap_f1_difference(
    first: Sequence[NDArray[np.number]],
    second: Sequence[NDArray[np.number]],
    *,
    replicates: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the mean over languages of F1(second) − F1(first).

    `first` and `second` hold per language counts (seeds, units, 3): true positives, proposed and gold of the same units,
    which are drawn together on both sides and all seeds. Source: as for `bootstrap_difference`.
    """
    rng = np.random.default_rng(seed)
    means = np.zeros(replicates)
    for ours, theirs in zip(first, second, strict=True):
        if ours.shape[1] != theirs.shape[1] or ours.shape[1] == 0:
            raise ValueError(f"paired systems need the same units, got {ours.shape[1]} and {theirs.shape[1]}")
        seeds = [*ours, *theirs]
        sums = resampled_sums(np.concatenate(seeds, axis=1), replicates, rng).reshape(replicates, len(seeds), 3)
        scores = f1(sums)  # (replicates, seeds of both)
        means += scores[:, len(ours) :].mean(axis=1) - scores[:, : len(ours)].mean(axis=1)
    low, high = np.quantile(means / len(first), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
