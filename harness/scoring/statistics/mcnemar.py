"""McNemar's test of two systems that are right or wrong on the same examples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class McNemar:
    """The counts of examples that only one system got right, and the exact two-sided p value."""

    only_first: int
    only_second: int
    p: float


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> McNemar:
    """Test whether two systems are right equally often; first and second (n,) are True where they are right.

    Exact: under the null the b examples that only one system got right split as Binomial(b + c, 1/2);
    p = min(1, 2 · P(X ≤ min(b, c))), and 1 if the systems never differ. ValueError for different lengths.
    Source: Q. McNemar. 1947. Psychometrika 12(2), 153–157.
    """
    if first.shape != second.shape:
        raise ValueError(f"paired systems need the same examples, got {first.shape} and {second.shape}")
    only_first = int(np.sum(first & ~second))
    only_second = int(np.sum(second & ~first))
    n = only_first + only_second
    return McNemar(only_first, only_second, min(1.0, 2 * _binomial_tail(min(only_first, only_second), n)))


def _binomial_tail(k: int, n: int) -> float:
    """Return P(X ≤ k) of X ~ Binomial(n, 1/2), without scipy, whose import takes too long here."""
    steps = np.arange(1, k + 1)
    logarithms = np.concatenate([[0.0], np.cumsum(np.log((n + 1 - steps) / steps))]) - n * np.log(
        2
    )  # of C(n, k) / 2ⁿ
    return float(np.exp(logarithms).sum())
