"""Precision-recall curves of mining → their figure; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.records import Result, Target
from site_gen.board.mining_curves import MinedCurve, Step
from site_gen.board.target_labels import has_oracle
from site_gen.figures.axes import whole_points_axis
from site_gen.figures.figure import Column, Curve, Figure, Line, Point, Table
from site_gen.figures.style import SERIES_MARKS
from site_gen.formatting import count, language_name, listed, points, quantity

# Minimum distance between drawn points, in points of precision or recall: three pixels.
CLOSEST = 0.5
# The table has a row where recall first reaches each multiple of this, in points.
RECALL_STEP = 5


def mined_figure(target: Target, result: Result, mined: Sequence[MinedCurve], source: str) -> Figure | None:
    """Return one curve per language with its threshold; None without a curve; `source` has all corners."""
    if not mined:
        return None
    # A language has the same mark on every page, whichever other languages are missing.
    marks = dict(zip(target.languages, SERIES_MARKS, strict=False))
    drawn = [curve for curve in mined if curve.language in marks]
    threshold = "the oracle threshold" if has_oracle(target) else "the threshold"
    threshold_note = (
        f" at {threshold}" if has_oracle(target) and "oracle threshold" not in target.title else ""
    )
    return Figure(
        name=f"precision-recall-{target.name}",
        title=f"{target.title}: precision and recall{threshold_note}",
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
        caption=tuple(
            _caption(target, result, mined, threshold, [curve for curve in mined if curve not in drawn])
        ),
        table=_table(drawn),
        source=source,
    )


def thinned(curve: MinedCurve) -> Iterator[Step]:
    """Yield the steps to draw: the first, the last, and those at least `CLOSEST` from the one before."""
    previous: tuple[float, float] | None = None
    for number, step in enumerate(curve.steps, start=1):
        precision, recall, _ = curve.rates(step)
        if (
            previous is None
            or number == len(curve.steps)
            or max(abs(precision - previous[0]), abs(recall - previous[1])) >= CLOSEST
        ):
            previous = precision, recall
            yield step


def _point(curve: MinedCurve, step: Step, margin_label: str) -> Point:
    precision, recall, f1 = curve.rates(step)
    rates = f"precision {points(precision)}, recall {points(recall)}, F1 {points(f1)}"
    return Point(
        recall,
        precision,
        (language_name(curve.language), rates, f"{margin_label} {quantity(step.margin, 'threshold')}"),
    )


def _caption(
    target: Target, result: Result, mined: Sequence[MinedCurve], threshold: str, undrawn: Sequence[MinedCurve]
) -> Iterator[str]:
    yield f"Pairs are added by decreasing margin; the ringed symbol marks {threshold}."
    if has_oracle(target):
        yield "It is chosen on the scored gold pairs: no real threshold does better."
    if len(result.checkpoints) > 1:
        yield f"The curves show seed {mined[0].seed}, one of {len(result.checkpoints)} seeds."
    yield f"Points closer than {CLOSEST} to the previous one are not drawn."
    if undrawn:
        yield f"Not drawn: {listed([language_name(curve.language) for curve in undrawn])}."
    languages = {curve.language for curve in mined}
    if missing := [language_name(language) for language in target.languages if language not in languages]:
        yield f"No curve for {listed(missing)}."


def _table(drawn: Sequence[MinedCurve]) -> Table:
    numbers = (
        Column(title, number=True) for title in ("Pairs", "Correct", "Precision", "Recall", "F1", "Margin")
    )
    lines = (Line(cells) for curve in drawn for cells in _rows(curve))
    return Table((Column("Language", head=True), Column("Point"), *numbers), tuple(lines))


def _rows(curve: MinedCurve) -> Iterator[tuple[str, ...]]:
    next_recall = RECALL_STEP
    labelled_steps = [("threshold", curve.accepted)] if curve.accepted else []
    for step in curve.steps:
        if (recall := curve.rates(step)[1]) >= next_recall:
            next_recall = int(recall // RECALL_STEP) * RECALL_STEP
            labelled_steps.append((f"recall of {next_recall}", step))
            next_recall += RECALL_STEP
    for label, step in labelled_steps:
        rates = map(points, curve.rates(step))
        margin = quantity(step.margin, "threshold")
        yield language_name(curve.language), label, count(step.extracted), count(step.correct), *rates, margin
