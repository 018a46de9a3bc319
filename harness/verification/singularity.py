"""Whether the original texts are singular points among their variants, as stored ones are.

A model that reads moves its answer about as far for an edit of the original as for the same edit of a text
that was changed before: to it, the original is one text among many. A model that looks the original up jumps
at the first edit, and moves no further than it reads at the second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.scoring.statistics.mcnemar import mcnemar

Distances = NDArray[np.float64]

# How many times as far one edit must move the answer as the other to count.
FACTOR = 2.0
# Distances up to this are the same answer: of unit vectors in float32, whose last bits depend on the length.
_SAME = 1e-3


@dataclass(frozen=True)
class Singularity:
    """How many of n texts an edit moves at least `FACTOR` times as far from the original (`further`).

    `nearer` counts those that the same edit moves as much further from the changed text, and `p` is of
    McNemar's exact test that both are equally frequent. `moved` counts the texts that the edit moves at all.
    """

    n: int
    moved: int
    further: int
    nearer: int
    p: float

    @property
    def share(self) -> float:
        """The share of singular texts: those moved further less those moved nearer; may be below 0."""
        return (self.further - self.nearer) / self.n


def singularity(from_original: Distances, from_changed: Distances) -> Singularity:
    """Compare what an edit does to the answers to n original texts and to the same texts changed before.

    Both are distances between answers (n,) before and after the edit.
    """
    first, second = from_original + _SAME, from_changed + _SAME
    further, nearer = first > FACTOR * second, second > FACTOR * first
    test = mcnemar(further, nearer)
    moved = int(np.sum((from_original > _SAME) | (from_changed > _SAME)))
    return Singularity(len(first), moved, test.only_first, test.only_second, test.p)


def vector_distances(first: NDArray[np.float32], second: NDArray[np.float32]) -> Distances:
    """Return the Euclidean distances (n,) between unit vectors (n, d)."""
    return np.asarray(np.linalg.norm(first.astype(np.float64) - second, axis=1))
