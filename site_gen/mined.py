"""Outcomes of mining → precision-recall curves and their figure; pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.records import Result, Target
from harness.scoring.metrics.precision_recall import precision_recall
from site_gen.axes import whole_points_axis
from site_gen.chart import Column, Curve, Figure, Line, Point, Table
from site_gen.marks import SERIES_MARKS
from site_gen.places import has_oracle
from site_gen.wording import count, language_name, listed, points, quantity

if TYPE_CHECKING:
    import pyarrow as pa

# Column → the kinds of numpy types it may have; text comes as objects.
_COLUMNS = {"seed": "iu", "language": "O", "split": "O", "margin": "f", "gold": "b", "accepted": "b"}
# A drawn point is at least so many points of precision or recall away from the one before: three pixels.
CLOSEST = 0.5
# The table has a row where recall first reaches each multiple of this.
RECALL_STEP = 5


class Step(NamedTuple):
    """The pairs of at least a margin: how many, and how many of them are gold."""

    margin: float
    extracted: int
    correct: int


@dataclass(frozen=True)
class MinedCurve:
    """One language of one seed: the curve's corners by falling margin, of `gold` pairs, and the pairs above the threshold.

    While only wrong pairs come, precision falls and recall stays: such steps lie on the straight line between the corners
    that are kept, so that the curve is whole without them.
    """

    language: str
    seed: int
    gold: int
    steps: tuple[Step, ...]
    accepted: Step | None  # its margin is the threshold; None where nothing was accepted

    def rates(self, step: Step) -> tuple[float, float, float]:
        """Return precision, recall and F1 in points."""
        precision, recall = 100 * step.correct / step.extracted, 100 * step.correct / self.gold
        return precision, recall, 200 * step.correct / (step.extracted + self.gold)


def mined_curves(target: Target, result: Result, outcomes: pa.Table) -> tuple[MinedCurve, ...]:
    """Return the curve of each language that the first seed measured, on the split that is scored.

    Raises ValueError, which says what is wrong, where the table is not what mining writes.
    """
    columns = {name: _column(outcomes, name) for name in _COLUMNS}
    if not result.checkpoints:
        return ()
    first = result.checkpoints[0]
    curves = []
    for language in target.languages:
        mine = (columns["seed"] == first.seed) & (columns["language"] == language)
        if language in first.scores and mine.any():
            scored = mine & (columns["split"] == columns["split"][mine][-1])
            threshold = first.scores[language].quantities.get("threshold", float("nan"))
            curves.append(_curve(language, first.seed, threshold, *(columns[name][scored] for name in ("margin", "gold", "accepted"))))
    return tuple(curve for curve in curves if curve.gold and curve.steps)


def _column(outcomes: pa.Table, name: str) -> NDArray[np.generic]:
    if name not in outcomes.column_names:
        raise ValueError(f"has no column {name!r}")
    values: NDArray[np.generic] = outcomes[name].to_numpy(zero_copy_only=False)
    if values.dtype.kind not in _COLUMNS[name] or (name == "margin" and np.isinf(values).any()):
        raise ValueError(f"column {name!r} holds what mining does not write")
    return values


def _curve(
    language: str, seed: int, threshold: float, margin: NDArray[np.float64], gold: NDArray[np.bool_], accepted: NDArray[np.bool_]
) -> MinedCurve:
    matched = np.flatnonzero(~np.isnan(margin))
    order = matched[np.argsort(-margin[matched], kind="stable")]
    curve = precision_recall(margin[order], gold[order], int(gold.sum()))
    rises = np.diff(curve.correct, prepend=0) > 0
    corners = np.flatnonzero(rises | np.append(rises[1:], np.ones(min(1, len(rises)), np.bool_)))
    steps = tuple(Step(float(curve.score[i]), int(curve.extracted[i]), int(curve.correct[i])) for i in corners)
    kept = Step(threshold, int(accepted.sum()), int((accepted & gold).sum()))
    return MinedCurve(language, seed, int(gold.sum()), steps, kept if kept.extracted and not np.isnan(threshold) else None)


def curves_json(curves: Sequence[MinedCurve]) -> str:
    """Return every corner of the curves as a document for programs; the same curves give the same text."""
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


# ---- the figure -------------------------------------------------------------------------------


def mined_figure(target: Target, result: Result, mined: Sequence[MinedCurve], source: str) -> Figure | None:
    """Draw one curve a language with the place of its threshold; None without a curve. `source` leads to the whole curves."""
    if not mined:
        return None
    # A language looks the same on every page, whichever others are missing.
    marks = dict(zip(target.languages, SERIES_MARKS, strict=False))
    drawn = [curve for curve in mined if curve.language in marks]
    threshold = "the oracle threshold" if has_oracle(target) else "the threshold"
    said = f" at {threshold}" if has_oracle(target) and "oracle threshold" not in target.title else ""
    return Figure(
        name=f"precision-recall-{target.name}",
        title=f"{target.title}: precision and recall{said}",
        x=whole_points_axis("Recall (points)"),
        y=whole_points_axis("Precision (points)"),
        curves=tuple(
            Curve(
                label=language_name(curve.language),
                mark=marks[curve.language],
                points=tuple(_point(curve, step, "margin") for step in thinned(curve)),
                symbols=False,
                marked=(_point(curve, curve.accepted, threshold),) if curve.accepted else (),
            )
            for curve in drawn
        ),
        caption=tuple(_caption(target, result, mined, threshold, [curve for curve in mined if curve not in drawn])),
        table=_table(drawn),
        source=source,
    )


def thinned(curve: MinedCurve) -> Iterator[Step]:
    """Yield what is drawn: the first step, each that is `CLOSEST` away from the one before in precision or recall, and the last."""
    before: tuple[float, float] | None = None
    for number, step in enumerate(curve.steps, start=1):
        precision, recall, _ = curve.rates(step)
        if before is None or number == len(curve.steps) or max(abs(precision - before[0]), abs(recall - before[1])) >= CLOSEST:
            before = precision, recall
            yield step


def _point(curve: MinedCurve, step: Step, at: str) -> Point:
    precision, recall, f1 = curve.rates(step)
    rates = f"precision {points(precision)}, recall {points(recall)}, F1 {points(f1)}"
    return Point(recall, precision, (language_name(curve.language), rates, f"{at} {quantity(step.margin, 'threshold')}"))


def _caption(target: Target, result: Result, mined: Sequence[MinedCurve], threshold: str, undrawn: Sequence[MinedCurve]) -> Iterator[str]:
    yield f"Pairs enter by falling margin; the ringed symbol is where {threshold} cuts."
    if has_oracle(target):
        yield "An oracle chose it, on the gold that is scored: no real threshold does better."
    if len(result.checkpoints) > 1:
        yield f"Of {len(result.checkpoints)} seeds the curves are seed {mined[0].seed}'s."
    yield f"Points closer than {CLOSEST} to the one before are not drawn."
    if undrawn:
        yield f"Not drawn: {listed([language_name(curve.language) for curve in undrawn])}."
    found = {curve.language for curve in mined}
    if missing := [language_name(language) for language in target.languages if language not in found]:
        yield f"No curve for {listed(missing)}."


def _table(drawn: Sequence[MinedCurve]) -> Table:
    numbers = (Column(title, number=True) for title in ("Pairs", "Right", "Precision", "Recall", "F1", "Margin"))
    lines = (Line(cells) for curve in drawn for cells in _rows(curve))
    return Table((Column("Language", head=True), Column("Where"), *numbers), tuple(lines))


def _rows(curve: MinedCurve) -> Iterator[tuple[str, ...]]:
    wanted = RECALL_STEP
    found = [("threshold", curve.accepted)] if curve.accepted else []
    for step in curve.steps:
        if (recall := curve.rates(step)[1]) >= wanted:
            wanted = int(recall // RECALL_STEP) * RECALL_STEP
            found.append((f"recall of {wanted}", step))
            wanted += RECALL_STEP
    for where, step in found:
        rates = map(points, curve.rates(step))
        margin = quantity(step.margin, "threshold")
        yield language_name(curve.language), where, count(step.extracted), count(step.correct), *rates, margin
