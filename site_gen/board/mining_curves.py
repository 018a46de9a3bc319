"""Outcomes of mining → precision-recall curves; pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.records import Result, Target
from harness.scoring.metrics.precision_recall import precision_recall

if TYPE_CHECKING:
    import pyarrow as pa

# Column → the kinds of numpy types it may have; text comes as objects.
_COLUMNS = {"seed": "iu", "language": "O", "split": "O", "margin": "f", "gold": "b", "accepted": "b"}


class Step(NamedTuple):
    """The pairs with at least this margin: how many are extracted, and how many of them are correct."""

    margin: float
    extracted: int
    correct: int


@dataclass(frozen=True)
class MinedCurve:
    """The precision-recall curve of one language and seed: its corners by falling margin, of `gold` pairs.

    While only wrong pairs are added, precision falls and recall is constant: such steps lie on the straight
    line between two corners and are left out without loss.
    """

    language: str
    seed: int
    gold: int
    steps: tuple[Step, ...]
    accepted: Step | None  # the pairs above the threshold, its margin; None where nothing was accepted

    def rates(self, step: Step) -> tuple[float, float, float]:
        """Return precision, recall and F1 in points."""
        precision, recall = 100 * step.correct / step.extracted, 100 * step.correct / self.gold
        return precision, recall, 200 * step.correct / (step.extracted + self.gold)


def mined_curves(target: Target, result: Result, outcomes: pa.Table) -> tuple[MinedCurve, ...]:
    """Return the curve of each language that the first seed measured, on the scored split.

    Raises ValueError with the reason where the table is not one that mining writes.
    """
    columns = {name: _column(outcomes, name) for name in _COLUMNS}
    if not result.checkpoints:
        return ()
    first_seed = result.checkpoints[0]
    curves = []
    for language in target.languages:
        in_curve = (columns["seed"] == first_seed.seed) & (columns["language"] == language)
        if language in first_seed.scores and in_curve.any():
            scored = in_curve & (columns["split"] == columns["split"][in_curve][-1])
            threshold = first_seed.scores[language].quantities.get("threshold", float("nan"))
            curves.append(
                _curve(
                    language,
                    first_seed.seed,
                    threshold,
                    *(columns[name][scored] for name in ("margin", "gold", "accepted")),
                )
            )
    return tuple(curve for curve in curves if curve.gold and curve.steps)


def _column(outcomes: pa.Table, name: str) -> NDArray[np.generic]:
    if name not in outcomes.column_names:
        raise ValueError(f"has no column {name!r}")
    values: NDArray[np.generic] = outcomes[name].to_numpy(zero_copy_only=False)
    if values.dtype.kind not in _COLUMNS[name] or (name == "margin" and np.isinf(values).any()):
        raise ValueError(f"column {name!r} has values that mining does not write")
    return values


def _curve(
    language: str,
    seed: int,
    threshold: float,
    margin: NDArray[np.float64],
    gold: NDArray[np.bool_],
    accepted: NDArray[np.bool_],
) -> MinedCurve:
    matched = np.flatnonzero(~np.isnan(margin))
    order = matched[np.argsort(-margin[matched], kind="stable")]
    curve = precision_recall(margin[order], gold[order], int(gold.sum()))
    rises = np.diff(curve.correct, prepend=0) > 0
    corners = np.flatnonzero(rises | np.append(rises[1:], np.ones(min(1, len(rises)), np.bool_)))
    steps = tuple(
        Step(float(curve.score[i]), int(curve.extracted[i]), int(curve.correct[i])) for i in corners
    )
    accepted_step = Step(threshold, int(accepted.sum()), int((accepted & gold).sum()))
    return MinedCurve(
        language,
        seed,
        int(gold.sum()),
        steps,
        accepted_step if accepted_step.extracted and not np.isnan(threshold) else None,
    )


def curves_json(curves: Sequence[MinedCurve]) -> str:
    """Return every corner of the curves as JSON; equal curves give equal bytes."""
    document = [
        {
            "language": curve.language,
            "seed": curve.seed,
            "gold": curve.gold,
            "threshold": curve.accepted.margin if curve.accepted else None,
            "margin": [step.margin for step in curve.steps],
            "extracted": [step.extracted for step in curve.steps],
            "correct": [step.correct for step in curve.steps],
        }
        for curve in curves
    ]
    return json.dumps({"format": 1, "curves": document}, separators=(",", ":"), sort_keys=True) + "\n"
