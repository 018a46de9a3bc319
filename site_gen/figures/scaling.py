"""Rows → scaling curves; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal

import numpy as np

from harness.records import Regime
from harness.scoring.statistics.scaling import fit_scaling, presentation
from site_gen import paths
from site_gen.board.board import Cell, Row, Standing
from site_gen.board.recipe import recipe
from site_gen.figures.axes import log_axis, points_axis
from site_gen.figures.figure import Column, Curve, Figure, Line, Point, Table
from site_gen.figures.style import REGIME_MARKS, REGIME_NAMES
from site_gen.formatting import capital, compact, count, metric_name, points
from site_gen.once import once

# Regimes are told apart by colour, dash and symbol, families by filled and open symbols, which are two. A dot
# is in the symbols of all recipes but the one that most rows of a family and regime have.
FAMILIES = 2
CURVES = 9
# Parameters outside the embeddings, or all of them.
Size = Literal["body", "total"]
SIZES: Mapping[Size, str] = {"body": "Parameters outside the embeddings", "total": "Parameters in total"}
# Most symbols of a curve, and fewest of one size, if it has so many: more hide each other.
_POINTS, _OF_A_SIZE = 60, 3
# Places at which a fit is drawn: on 720 pixels nobody sees its corners.
_PLACES = 41


def scaling_figure(
    standing: Standing, families: Collection[str] | None = None, size: Size = "body"
) -> Figure | None:
    """Return the scaling curves of these families on a target, or None where no ranked row has a size.

    Without `families` those are drawn that have both regimes, then those of most rows. Only ranked rows
    enter: an incomplete mean, or one on other data, does not belong on the same axis. A curve joins one
    family under one regime *and* recipe, because sizes trained on different tasks are no scaling curve.
    """
    every = _recipes(standing)
    drawn_of = curve_families(standing)[:FAMILIES] if families is None else families
    groups = _by_parameters(_drawn(every, drawn_of), size)
    if not groups:
        return None
    drawn = {key: _spread(placed, size) for key, placed in groups.items()}
    curves = _curves(groups, drawn, size)
    shown = [point for curve in curves for point in curve.points]
    scores = [point.y for point in shown] + [score for point in shown for _, score in point.seeds]
    scores += [bound for curve in curves for _, low, high in curve.band for bound in (low, high)]
    many = any(len(placed) > _POINTS for placed in every.values())
    return Figure(
        name=f"scaling-{standing.target.name}",
        title=f"{standing.target.title}: score by model size",
        x=log_axis(f"{SIZES[size]} (log scale)", [point.x for point in shown]),
        y=points_axis(f"{capital(metric_name(standing.target.metric))} (points)", scores),
        curves=curves,
        caption=tuple(_caption(curves, len(every) if families is None else 0, many)),
        table=_table(drawn, curves),
        source=paths.target_csv(standing.target.name) if many else "",
    )


def _caption(curves: Sequence[Curve], of: int, many: bool) -> Iterator[str]:
    yield "Large symbols are submissions, small dots their seeds where there are several."
    if any(curve.band for curve in curves):
        yield "With five sizes of three seeds or more a line is a fit, within the sizes measured, in its 95\u00a0% band."
    if any(curve.joined or (curve.trend and not curve.band) for curve in curves):
        yield "A line through symbols joins the means of one family under one regime and recipe; it is no fit."
    if not all(curve.joined or curve.trend for curve in curves):
        yield "With fewer than three sizes a curve shows its points only."
    if any(curve.dotted for curve in curves):
        yield "A dot in the symbols stands for another recipe than that of most rows of the family and regime."
    if len(curves) < of:
        yield f"{len(curves)} of {of} curves are drawn."
    if many:
        yield "Of many submissions of one size some are drawn, evenly spread from the lowest score to the highest."


def is_drawn(standing: Standing) -> bool:
    """Tell whether a ranked row has a size, so that there is a curve."""
    return any(_size(standing.cell(row), "body") for row in standing.ranked)


@once
def curve_families(standing: Standing) -> tuple[str, ...]:
    """Return the families that have a curve: first those of both regimes, which the question is about, then those of most rows."""
    groups = _recipes(standing)
    counts = Counter[str]()
    for (family, _, _), placed in groups.items():
        counts[family] += len(placed)
    regimes = {(family, regime) for family, regime, _ in groups}
    asked = {
        family: all((family, regime) in regimes for regime in (Regime.ENGLISH, Regime.MULTILINGUAL))
        for family in counts
    }
    return tuple(sorted(counts, key=lambda family: (not asked[family], -counts[family], family)))


# A curve's family, regime and recipe, and the ranked rows that it joins, by size.
_Placed = list[tuple[Row, Cell]]
_Groups = dict[tuple[str, Regime, str], _Placed]


def _by_parameters(groups: _Groups, size: Size) -> _Groups:
    return {
        key: sorted(placed, key=lambda each: (_size(each[1], size), each[0].slug))
        for key, placed in groups.items()
    }


@once
def _recipes(standing: Standing) -> _Groups:
    """Return the ranked rows that have a size by family, regime and recipe, in that order."""
    found: _Groups = {}
    for row in standing.ranked:
        if _size(cell := standing.cell(row), "body"):
            found.setdefault((row.submission.family, row.regime, recipe(row.submission)), []).append(
                (row, cell)
            )
    order = list(Regime)
    return {key: found[key] for key in sorted(found, key=lambda key: (key[0], order.index(key[1]), key[2]))}


def _drawn(groups: _Groups, families: Collection[str]) -> _Groups:
    """Return the groups of these families, of too many those of most rows."""
    asked = [key for key in groups if key[0] in families]
    kept = sorted(asked, key=lambda key: -len(groups[key]))[:CURVES]
    return {key: groups[key] for key in asked if key in kept}


def _by_size(placed: _Placed, size: Size) -> dict[int, _Placed]:
    sizes: dict[int, _Placed] = {}
    for row, cell in placed:
        sizes.setdefault(_size(cell, size), []).append((row, cell))
    return sizes


def _spread(placed: _Placed, size: Size) -> _Placed:
    """Return what is drawn of a curve's submissions: all, or of each size some that are evenly spread over its scores."""
    if len(placed) <= _POINTS:
        return placed
    sizes = _by_size(placed, size)
    most = max(_OF_A_SIZE, _POINTS // len(sizes))
    drawn: _Placed = []
    for there in sizes.values():
        ordered = sorted(there, key=lambda each: (each[1].score or 0.0, each[0].slug))
        kept = np.unique(np.linspace(0, len(there) - 1, min(most, len(there))).round().astype(int))
        drawn += [ordered[i] for i in kept]
    return drawn


def _curves(groups: _Groups, drawn: _Groups, size: Size) -> tuple[Curve, ...]:
    families = sorted({family for family, _, _ in groups})
    first = _first_recipes(groups)
    return tuple(
        _curve(
            key,
            placed,
            drawn[key],
            size,
            outlined=families.index(key[0]) % 2 == 1,
            dotted=key[2] != first[key[:2]],
        )
        for key, placed in groups.items()
    )


def _first_recipes(groups: _Groups) -> dict[tuple[str, Regime], str]:
    """Return the recipe that most rows of a family and regime have, of as many the one that sorts first."""
    ordered = sorted(groups, key=lambda key: (-len(groups[key]), key[2]), reverse=True)
    return {(family, regime): name for family, regime, name in ordered}  # the first stands last


def _curve(
    key: tuple[str, Regime, str], placed: _Placed, drawn: _Placed, size: Size, *, outlined: bool, dotted: bool
) -> Curve:
    family, regime, name = key
    sizes = _by_size(placed, size)
    # Seeds are those of one submission: two of one size may differ in more than their seed.
    shown = presentation(
        {float(there): max(len(cell.seeds) for _, cell in rows) for there, rows in sizes.items()}
    )
    alone = len(sizes) == len(placed)
    trend, band = (
        _fit(sizes) if shown == "fit" else (_means(sizes) if shown == "line" and not alone else (), ())
    )
    return Curve(
        label=f"{family}, {REGIME_NAMES[regime]}{f' ({name})' if name else ''}",
        mark=REGIME_MARKS[regime],
        points=tuple(_point(row, cell, size) for row, cell in drawn),
        joined=shown == "line" and alone,
        open=outlined,
        dotted=dotted,
        trend=trend,
        band=band,
    )


def _means(sizes: Mapping[int, _Placed]) -> tuple[tuple[float, float], ...]:
    """Return the mean of each size's submissions, through which a line goes where a size has several."""
    return tuple((size, float(np.mean([cell.score for _, cell in there]))) for size, there in sizes.items())


def _fit(
    sizes: Mapping[int, _Placed],
) -> tuple[tuple[tuple[float, float], ...], tuple[tuple[float, float, float], ...]]:
    """Return a fit's line and band in points, between the smallest and the largest size.

    For a size stands its submission of most seeds, the first by slug of several.
    """
    chosen = {
        size: max(there, key=lambda placed: len(placed[1].seeds))[1] for size, there in sizes.items()
    }  # slugs are in order
    runs = [(size, score / 100) for size, cell in chosen.items() for _, score in cell.seeds]
    fit = fit_scaling(*zip(*runs, strict=True), chance=next(iter(chosen.values())).target.chance / 100)
    places = np.clip(np.geomspace(fit.sizes[0], fit.sizes[-1], _PLACES), fit.sizes[0], fit.sizes[-1])
    low, high = fit.band(places)
    line, edges = 100 * fit.curve(places), 100 * np.stack([low, high])
    return tuple(zip(places.tolist(), line.tolist(), strict=True)), tuple(
        zip(places.tolist(), *edges.tolist(), strict=True)
    )


def _point(row: Row, cell: Cell, size: Size) -> Point:
    assert cell.score is not None
    says = (row.submission.title, f"{compact(_size(cell, size))} parameters", f"{points(cell.score)} points")
    means = (f"mean of {len(cell.seeds)} seeds",) if len(cell.seeds) > 1 else ()
    return Point(_size(cell, size), cell.score, (*says, *means), cell.seeds)


def _table(groups: _Groups, curves: Iterable[Curve]) -> Table:
    columns = (
        Column("Curve"), Column("Submission", head=True), Column("Parameters", number=True), Column("Score", number=True), Column("Seeds"),
    )  # fmt: skip
    lines = (
        Line(
            (
                curve.label,
                row.submission.title,
                count(round(point.x)),
                points(point.y),
                ", ".join(points(seed) for _, seed in point.seeds),
            ),
            f"submissions/{row.slug}.html",
        )
        for curve, placed in zip(curves, groups.values(), strict=True)
        for point, (row, _) in zip(curve.points, placed, strict=True)
    )
    return Table(columns, tuple(lines))


def _size(cell: Cell, size: Size) -> int:
    """Return the parameters; 0 where there is nothing to place on the axis."""
    if cell.parameters is None or not cell.parameters.body:
        return 0
    return cell.parameters.body if size == "body" else cell.parameters.total
