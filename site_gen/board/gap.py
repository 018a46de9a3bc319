"""The gap multilingual − English-only intermediate training on one target, size by size; pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from scipy.special import stdtrit

from harness.records import Regime
from harness.scoring.statistics.corrections import holm
from harness.scoring.statistics.pairwise import differences
from harness.scoring.statistics.trend import GapTrend, gap_trend
from site_gen.board.board import Cell, Row, Standing
from site_gen.board.recipe import recipe, tasks_with_objectives

LEVEL = 0.95
# A line through two gaps always fits.
SIZES_FOR_A_TREND = 3


@dataclass(frozen=True)
class SizeGap:
    """Multilingual − English-only at one size, in points, with its 95 % interval and p value (H0: no gap)."""

    parameters: int
    english: Row
    multilingual: Row
    points: float
    interval: tuple[float, float]
    p: float
    error: float
    freedom: float
    matched: bool = False


@dataclass(frozen=True)
class Gap:
    """The gaps of one family and recipe, by size; `trend` is None below three sizes.

    `unused` names rows that could form a pair at a size for which another pair was chosen.
    """

    family: str
    recipe: str
    sizes: tuple[SizeGap, ...]
    trend: GapTrend | None
    unused: tuple[str, ...] = ()

    @property
    def real(self) -> tuple[SizeGap, ...]:
        """Return the sizes that show a gap after Holm's correction over the sizes."""
        adjusted = holm([size.p for size in self.sizes])
        return tuple(size for size, p in zip(self.sizes, adjusted, strict=True) if p < 1 - LEVEL)


def gaps(standing: Standing) -> tuple[Gap, ...]:
    """Return the gaps of each family and recipe with ranked rows of both regimes, several seeds per side.

    The two must have been trained on the same tasks with the same objectives, with or without translation,
    and be encoded in the same way, so that only the languages differ. Each kind of batches has its own gap
    against English-only. Of several pairs of a recipe at one size, the one with most seeds is taken (on the
    side that has fewer, then on both), then the first by the slugs of the multilingual and the English-only
    row: never by score.
    """
    by_series: dict[tuple[str, str], dict[int, list[SizeGap]]] = {}
    for english, multilingual in _pairs(standing):
        gap = size_gap(standing, english, multilingual)
        series = by_series.setdefault((english.submission.family, recipe(multilingual.submission)), {})
        series.setdefault(gap.parameters, []).append(gap)
    return tuple(_series(*key, sizes) for key, sizes in sorted(by_series.items()))


def _pairs(standing: Standing) -> Iterator[tuple[Row, Row]]:
    """Yield (English, multilingual) rows with several seeds that differ only in the training languages."""

    def key(row: Row) -> tuple[str, tuple[str, ...], bool, str, int]:
        cell, intermediate = standing.cell(row), row.submission.intermediate
        # Signatures of ranked rows differ only in how texts are encoded and in where the head comes from.
        parameters = cell.parameters.body if cell.parameters else 0
        return (
            row.submission.family,
            tasks_with_objectives(row.submission),
            intermediate.continued_mlm,
            str(cell.result.signature),
            parameters,
        )

    rows = [row for row in standing.ranked if _several_seeds(standing.cell(row))]
    english: dict[object, list[Row]] = {}
    for row in rows:
        if row.regime is Regime.ENGLISH:
            english.setdefault(key(row), []).append(row)
    for row in rows:
        if row.regime is Regime.MULTILINGUAL:
            yield from ((baseline, row) for baseline in english.get(key(row), []))


def _several_seeds(cell: Cell) -> bool:
    return cell.entrant is not None and len(cell.entrant.seeds) > 1


def _series(family: str, name: str, sizes: Mapping[int, Sequence[SizeGap]]) -> Gap:
    def order(gap: SizeGap) -> tuple[int, int, str, str]:
        seeds = [len(row.submission.checkpoints) for row in (gap.english, gap.multilingual)]
        return (-min(seeds), -sum(seeds), gap.multilingual.slug, gap.english.slug)

    chosen = [min(sizes[size], key=order) for size in sorted(sizes)]
    used_slugs = {row.slug for gap in chosen for row in (gap.english, gap.multilingual)}
    candidate_slugs = {
        row.slug
        for same_size in sizes.values()
        for gap in same_size
        for row in (gap.english, gap.multilingual)
    }
    return Gap(family, name, tuple(chosen), _trend(chosen), tuple(sorted(candidate_slugs - used_slugs)))


def size_gap(standing: Standing, english: Row, multilingual: Row) -> SizeGap:
    """Return the gap of two ranked rows of one size; the first may also have no intermediate training."""
    cells = [standing.cell(row) for row in (multilingual, english)]
    between = differences([cell.entrant for cell in cells if cell.entrant is not None])
    size, error, freedom, p = (
        float(matrix[0, 1]) for matrix in (between.size, between.error, between.freedom, between.p)
    )
    half_width = float(stdtrit(freedom, 0.5 + LEVEL / 2)) * error
    parameters = cells[0].parameters
    assert parameters is not None  # a ranked row was measured
    bounds = (100 * (size - half_width), 100 * (size + half_width))
    # With very few examples p is NaN: no difference can be shown.
    return SizeGap(
        parameters.body,
        english,
        multilingual,
        100 * size,
        bounds,
        1.0 if math.isnan(p) else p,
        100 * error,
        freedom,
        bool(between.matched[0, 1]),
    )


def _trend(sizes: Sequence[SizeGap]) -> GapTrend | None:
    if len(sizes) < SIZES_FOR_A_TREND:
        return None
    columns = zip(*((gap.parameters, gap.points, gap.error, gap.freedom) for gap in sizes), strict=True)
    return gap_trend(*columns, level=LEVEL)
