"""Precision and recall of a ranked list, and the threshold with the best F1."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class PrecisionRecallCurve(NamedTuple):
    """A curve with one point per threshold, by falling score.

    `extracted` counts the items with this score or more, `correct` the gold ones among them.
    """

    score: NDArray[np.float64]
    extracted: NDArray[np.int64]
    correct: NDArray[np.int64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]

    @property
    def f1(self) -> NDArray[np.float64]:
        """Return 2PR / (P + R), 0 where nothing is correct."""
        both = self.precision + self.recall
        return np.divide(2 * self.precision * self.recall, both, out=np.zeros_like(both), where=both > 0)


def precision_recall(
    scores: NDArray[np.floating], gold: NDArray[np.bool_], total: int
) -> PrecisionRecallCurve:
    """Return the curve of items with falling scores (n,) and flags gold (n,), out of `total` gold items.

    No threshold separates items of equal score, so the curve has one point per distinct score. Recall is 0 if
    there is no gold item.
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
    """Return the threshold of the best F1: midway between the last extracted score and the next one.

    At the end of the list it is the last score. Of equal F1 the highest threshold is returned. Without a
    correct item it is infinity, so that nothing is extracted.
    """
    f1 = curve.f1
    if not len(f1) or f1.max() == 0:
        return float("inf")
    best = int(f1.argmax())
    score_at_best = float(curve.score[best])
    next_score = float(curve.score[best + 1]) if best + 1 < len(f1) else score_at_best
    midpoint = (score_at_best + next_score) / 2
    return midpoint if midpoint > next_score else score_at_best  # no float may lie between two neighbours
