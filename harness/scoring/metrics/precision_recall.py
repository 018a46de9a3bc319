"""Precision and recall of a ranked list, and the threshold between its items."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class PrecisionRecallCurve(NamedTuple):
    """At each score that a threshold can stand at, falling: how many items lie above, how many of them are gold, precision and recall."""

    score: NDArray[np.float64]
    extracted: NDArray[np.int64]
    correct: NDArray[np.int64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]

    @property
    def f1(self) -> NDArray[np.float64]:
        """Return 2PR / (P + R), 0 where nothing is right."""
        both = self.precision + self.recall
        return np.divide(2 * self.precision * self.recall, both, out=np.zeros_like(both), where=both > 0)


def precision_recall(
    scores: NDArray[np.floating], gold: NDArray[np.bool_], total: int
) -> PrecisionRecallCurve:
    """Return the whole curve of items with scores (n,) in falling order, of which gold (n,) are right, out of `total` gold items.

    No threshold parts items of one score, so the curve has one point a distinct score. Recall is 0 where
    there is no gold.
    """
    ends = (
        np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1) if len(scores) else np.zeros(0, np.int64)
    )
    extracted, correct = ends + 1, np.cumsum(gold, dtype=np.int64)[ends]
    recall = correct / total if total else np.zeros(len(ends))
    return PrecisionRecallCurve(
        np.asarray(scores, np.float64)[ends], extracted, correct, correct / np.maximum(extracted, 1), recall
    )


def best_threshold(curve: PrecisionRecallCurve) -> float:
    """Return the threshold of the best F1: the midpoint between its last item and the next, or the last item itself at the end.

    Of equal F1 the highest threshold counts. Without a right item nothing should be extracted: infinity.
    """
    f1 = curve.f1
    if not len(f1) or f1.max() == 0:
        return float("inf")
    best = int(f1.argmax())
    here = float(curve.score[best])
    following = float(curve.score[best + 1]) if best + 1 < len(f1) else here
    between = (here + following) / 2
    return between if between > following else here  # there may be no number between two neighbouring floats
