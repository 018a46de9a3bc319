"""Ranked rows → the figure of scaling curves; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from harness.records import Regime
from harness.scoring.statistics.scaling import fit_scaling, presentation
from site_gen import paths
from site_gen.board.board import Cell, Row, Standing
from site_gen.board.recipe import recipe, recipe_title
from site_gen.board.regimes import REGIME_NAMES
from site_gen.figures.axes import log_axis, points_axis
from site_gen.figures.figure import SIDE_BY_SIDE, Column, Curve, Figure, Line, Point, Table
from site_gen.figures.style import REGIME_MARKS, CurveMark, recipe_symbol
from site_gen.formatting import capital, compact, count, counted, metric_name, points, score_range
from site_gen.once import once

# Colour and dash are the regime, the symbol is the recipe, filled or open symbols are at most two families.
FAMILIES = 2
CURVES = 9
# Parameters outside the embeddings, or all of them.
Size = Literal["body", "total"]
SIZES: Mapping[Size, str] = {"body": "Parameters outside the embeddings", "total": "Parameters in total"}
# Maximum number of symbols of a curve, more would overlap; and the minimum for each size, if it has them.
_CURVE_POINTS, _POINTS_PER_SIZE = 60, 3
# Number of points of a drawn fit: enough to look smooth on 720 pixels.
_FIT_POINTS = 41


def scaling_figure(
    standing: Standing, families: Collection[str] | None = None, size: Size = "body"
) -> Figure | None:
    """Return the scaling curves of these families on a target, or None where no ranked row has a size.

    Without `families`, those with both regimes come first, then those with most rows. Only ranked rows are
    drawn: an incomplete mean, or one on other data, does not belong on the same axis. A curve joins one
    family under one regime *and* recipe, because sizes trained on different tasks do not form a scaling
    curve.
    """
    all_groups = _ranked_groups(standing)
    drawn_families = curve_families(standing)[:FAMILIES] if families is None else families
    groups = _sorted_by_size(_drawn_groups(all_groups, drawn_families), size)
    if not groups:
        return None
    drawn = {key: _thinned(ranked_rows, size) for key, ranked_rows in groups.items()}
    curves = _curves(groups, drawn, size)
    shown = [point for curve in curves for point in curve.points]
    scores = [point.y for point in shown] + [score for point in shown for _, score in point.seeds]
    scores += [bound for curve in curves for _, low, high in curve.band for bound in (low, high)]
    is_thinned = any(len(ranked_rows) > _CURVE_POINTS for ranked_rows in all_groups.values())
    return Figure(
        name=f"scaling-{standing.target.name}",
        title=f"{standing.target.title}: score by model size",
        x=log_axis(f"{SIZES[size]} (log scale)", [point.x for point in shown]),
        y=points_axis(f"{capital(metric_name(standing.target.metric))} (points)", scores),
        curves=curves,
        caption=tuple(_caption(curves, len(all_groups) if families is None else 0, is_thinned)),
        table=_table(drawn, curves),
        source=paths.target_csv(standing.target.name) if is_thinned else "",
        side_by_side=True,
    )


def _caption(curves: Sequence[Curve], total: int, is_thinned: bool) -> Iterator[str]:
    yield "Large symbols are submissions, small dots are their seeds if there are several."
    if any(curve.band for curve in curves):
        yield (
            "With at least five sizes of three seeds each, a line is a fit with its 95\u00a0% band, "
            "drawn within the measured sizes."
        )
    if any(curve.joined or (curve.trend and not curve.band) for curve in curves):
        yield (
            "A line through symbols joins the means of one family under one regime and recipe; "
            "it is not a fit."
        )
    if not all(curve.joined or curve.trend for curve in curves):
        yield "With fewer than three sizes, only the points of a curve are drawn."
    if len(curves) > 1:
        yield SIDE_BY_SIDE
    if len(curves) < total:
        yield f"{len(curves)} of {total} curves are drawn."
    if is_thinned:
        yield (
            "If many submissions have the same size, only some are drawn, "
            "evenly spread from the lowest score to the highest."
        )


def is_drawn(standing: Standing) -> bool:
    """Tell whether several ranked rows have a size: one point is no curve."""
    return sum(bool(_size(standing.cell(row), "body")) for row in standing.ranked) > 1


@once
def curve_families(standing: Standing) -> tuple[str, ...]:
    """Return the families that have a curve: first those with both regimes, then those with most rows."""
    groups = _ranked_groups(standing)
    counts = Counter[str]()
    for (family, _, _), ranked_rows in groups.items():
        counts[family] += len(ranked_rows)
    regimes = {(family, regime) for family, regime, _ in groups}
    has_both = {
        family: all((family, regime) in regimes for regime in (Regime.ENGLISH, Regime.MULTILINGUAL))
        for family in counts
    }
    return tuple(sorted(counts, key=lambda family: (not has_both[family], -counts[family], family)))


# (family, regime, recipe) of a curve → the ranked rows that it joins.
_RankedRows = list[tuple[Row, Cell]]
_Groups = dict[tuple[str, Regime, str], _RankedRows]


def _sorted_by_size(groups: _Groups, size: Size) -> _Groups:
    return {
        key: sorted(ranked_rows, key=lambda pair: (_size(pair[1], size), pair[0].slug))
        for key, ranked_rows in groups.items()
    }


@once
def _ranked_groups(standing: Standing) -> _Groups:
    """Return the ranked rows that have a size, grouped and sorted by family, regime and recipe."""
    groups: _Groups = {}
    for row in standing.ranked:
        if _size(cell := standing.cell(row), "body"):
            groups.setdefault((row.submission.family, row.regime, recipe(row.submission)), []).append(
                (row, cell)
            )
    order = list(Regime)
    return {key: groups[key] for key in sorted(groups, key=lambda key: (key[0], order.index(key[1]), key[2]))}


def _drawn_groups(groups: _Groups, families: Collection[str]) -> _Groups:
    """Return the groups of these families; if there are too many, those with most rows."""
    requested = [key for key in groups if key[0] in families]
    largest = sorted(requested, key=lambda key: -len(groups[key]))[:CURVES]
    return {key: groups[key] for key in requested if key in largest}


def _group_by_size(ranked_rows: _RankedRows, size: Size) -> dict[int, _RankedRows]:
    sizes: dict[int, _RankedRows] = {}
    for row, cell in ranked_rows:
        sizes.setdefault(_size(cell, size), []).append((row, cell))
    return sizes


def _thinned(ranked_rows: _RankedRows, size: Size) -> _RankedRows:
    """Return the rows of a curve to draw: all, or of each size some that are evenly spread by score."""
    if len(ranked_rows) <= _CURVE_POINTS:
        return ranked_rows
    sizes = _group_by_size(ranked_rows, size)
    limit = max(_POINTS_PER_SIZE, _CURVE_POINTS // len(sizes))
    drawn: _RankedRows = []
    for same_size in sizes.values():
        ordered = sorted(same_size, key=lambda pair: (pair[1].score or 0.0, pair[0].slug))
        indices = np.unique(
            np.linspace(0, len(same_size) - 1, min(limit, len(same_size))).round().astype(int)
        )
        drawn += [ordered[index] for index in indices]
    return drawn


def _curves(groups: _Groups, drawn: _Groups, size: Size) -> tuple[Curve, ...]:
    families = sorted({family for family, _, _ in groups})
    return tuple(
        _curve(
            key,
            ranked_rows,
            drawn[key],
            size,
            mark=replace(
                REGIME_MARKS[key[1]],
                symbol=recipe_symbol(ranked_rows[0][0].submission.intermediate.tasks),
            ),
            outlined=families.index(key[0]) % 2 == 1,
        )
        for key, ranked_rows in groups.items()
    )


def _curve(
    key: tuple[str, Regime, str],
    ranked_rows: _RankedRows,
    drawn: _RankedRows,
    size: Size,
    *,
    mark: CurveMark,
    outlined: bool,
) -> Curve:
    family, regime, name = key
    title = recipe_title(ranked_rows[0][0].submission)
    sizes = _group_by_size(ranked_rows, size)
    # Only seeds of one submission count: two submissions of one size may differ in more than their seed.
    form = presentation(
        {float(parameters): max(len(cell.seeds) for _, cell in rows) for parameters, rows in sizes.items()}
    )
    one_per_size = len(sizes) == len(ranked_rows)
    trend, band = (
        _fit(sizes) if form == "fit" else (_means(sizes) if form == "line" and not one_per_size else (), ())
    )
    return Curve(
        label=f"{family}, {REGIME_NAMES[regime]}{f' ({title})' if name else ''}",
        mark=mark,
        points=tuple(_point(row, cell, size) for row, cell in drawn),
        joined=form == "line" and one_per_size,
        open=outlined,
        trend=trend,
        band=band,
    )


def _means(sizes: Mapping[int, _RankedRows]) -> tuple[tuple[float, float], ...]:
    """Return (size, mean score of its submissions), the line where a size has several submissions."""
    return tuple(
        (size, float(np.mean([cell.score for _, cell in same_size]))) for size, same_size in sizes.items()
    )


def _fit(
    sizes: Mapping[int, _RankedRows],
) -> tuple[tuple[tuple[float, float], ...], tuple[tuple[float, float, float], ...]]:
    """Return a fit's line and band in points, between the smallest and the largest size.

    Each size is represented by its submission with most seeds, then the first by slug.
    """
    chosen = {
        size: max(same_size, key=lambda pair: len(pair[1].seeds))[1] for size, same_size in sizes.items()
    }  # slugs are in order
    runs = [(size, score / 100) for size, cell in chosen.items() for _, score in cell.seeds]
    fit = fit_scaling(*zip(*runs, strict=True), chance=next(iter(chosen.values())).target.chance / 100)
    fit_sizes = np.clip(np.geomspace(fit.sizes[0], fit.sizes[-1], _FIT_POINTS), fit.sizes[0], fit.sizes[-1])
    low, high = fit.band(fit_sizes)
    line, edges = 100 * fit.curve(fit_sizes), 100 * np.stack([low, high])
    return tuple(zip(fit_sizes.tolist(), line.tolist(), strict=True)), tuple(
        zip(fit_sizes.tolist(), *edges.tolist(), strict=True)
    )


def _point(row: Row, cell: Cell, size: Size) -> Point:
    assert cell.score is not None
    interval = cell.result.interval
    hover_text = (
        row.submission.title,
        f"{compact(_size(cell, size))} parameters",
        f"{points(cell.score)} points{f' ({score_range(interval)})' if interval else ''}",
        f"{counted(cell.result.examples, 'example')} in {counted(cell.of, 'language')}",
    )
    means = (f"mean of {len(cell.seeds)} seeds",) if len(cell.seeds) > 1 else ()
    return Point(_size(cell, size), cell.score, (*hover_text, *means), cell.seeds, link=paths.page(row.slug))


def _table(groups: _Groups, curves: Iterable[Curve]) -> Table:
    columns = (
        Column("Curve"), Column("Submission", head=True), Column("Parameters", number=True),
        Column("Score", number=True), Column("Seeds"),
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
        for curve, ranked_rows in zip(curves, groups.values(), strict=True)
        for point, (row, _) in zip(curve.points, ranked_rows, strict=True)
    )
    return Table(columns, tuple(lines))


def _size(cell: Cell, size: Size) -> int:
    """Return the number of parameters; 0 where it cannot be drawn on a logarithmic axis."""
    if cell.parameters is None or not cell.parameters.body:
        return 0
    return cell.parameters.body if size == "body" else cell.parameters.total
