"""The question's answer on one target: multilingual − English-only intermediate training, size by size; pure."""

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
from site_gen.board.recipe import recipe
from site_gen.formatting import compact, listed

LEVEL = 0.95
# A line through two gaps fits every two.
SIZES_FOR_A_TREND = 3


@dataclass(frozen=True)
class SizeGap:
    """Multilingual − English-only at one size, in points, with its 95 % interval and the p value of no gap."""

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

    `unused` names the rows that could have made a pair at a size where another pair stands.
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

    @property
    def sentence(self) -> str:
        """Say what is known, with its uncertainty."""
        real = self.real
        ends, held = {self.sizes[0].parameters, self.sizes[-1].parameters}, {size.parameters for size in real}
        # Where it is real in the middle alone, that is what has to be told.
        told = [size for size in self.sizes if size.parameters in (ends | held if not ends & held else ends)]
        said = listed(
            [
                f"{_signed(one.points)} points {_bounds(one.interval)} at {compact(one.parameters)}"
                for one in told
            ]
        )
        if not real:
            return f"Not decided by these data ({self.family}, {self.recipe}): multilingual minus English-only is {said}.{self._left_out}"
        where = listed([compact(size.parameters) for size in real])
        holds = f"real at {where} after Holm’s correction" + (
            f" over {len(self.sizes)} sizes" if len(self.sizes) > 1 else ""
        )
        return f"In {self.family} ({self.recipe}) multilingual minus English-only is {said}; {holds}; {self._change}.{self._left_out}"

    @property
    def _change(self) -> str:
        if self.trend is None:
            return "how that changes with size takes at least three sizes"
        slope, (low, high) = self.trend.slope_per_doubling, self.trend.interval
        signed = f"{_signed(slope)} {_bounds((low, high))} per doubling"
        if low <= 0 <= high:
            return f"whether that changes with size is not decided: {signed}"
        first, last = (round(size.points, 1) for size in (self.sizes[0], self.sizes[-1]))
        if first * last <= 0:
            return f"changing from {_signed(first)} to {_signed(last)} points, by {signed} of size"
        near, far = sorted((abs(low), abs(high)))
        return f"{'growing' if slope * first > 0 else 'shrinking'} by {abs(slope):.1f} points [{near:.1f}, {far:.1f}] per doubling of size"

    @property
    def _left_out(self) -> str:
        return (
            f" A size has one pair, of most seeds, then by name; not used: {', '.join(self.unused)}."
            if self.unused
            else ""
        )


def _signed(points: float) -> str:
    return f"{points:+z.1f}"


def _bounds(interval: tuple[float, float]) -> str:
    return f"[{_signed(interval[0])}, {_signed(interval[1])}]"


def gaps(standing: Standing) -> tuple[Gap, ...]:
    """Return the gaps of each family and recipe that ranked rows of both regimes share, with several seeds a side.

    The two must have been trained on the same tasks, with or without translation, and be read in the same
    way, so that nothing but the languages differs. Where several pairs of a recipe stand at one size, that of
    most seeds is taken (of the side that has fewer, then of both), then the first by the slugs of the
    multilingual and the English-only row: never by score.
    """
    found: dict[tuple[str, str], dict[int, list[SizeGap]]] = {}
    for english, multilingual in _pairs(standing):
        gap = _gap(standing, english, multilingual)
        series = found.setdefault((english.submission.family, recipe(multilingual.submission)), {})
        series.setdefault(gap.parameters, []).append(gap)
    return tuple(_series(*key, sizes) for key, sizes in sorted(found.items()))


def _pairs(standing: Standing) -> Iterator[tuple[Row, Row]]:
    """Yield the rows, of several seeds, that differ in the languages of their intermediate training only."""

    def key(row: Row) -> tuple[str, tuple[str, ...], bool, str, int]:
        cell, intermediate = standing.cell(row), row.submission.intermediate
        # A ranked row's signature differs from others' by how texts are encoded, or how the head came about.
        parameters = cell.parameters.body if cell.parameters else 0
        return (
            row.submission.family,
            intermediate.tasks,
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
    used = {row.slug for gap in chosen for row in (gap.english, gap.multilingual)}
    candidates = {
        row.slug for of_size in sizes.values() for gap in of_size for row in (gap.english, gap.multilingual)
    }
    return Gap(family, name, tuple(chosen), _trend(chosen), tuple(sorted(candidates - used)))


def _gap(standing: Standing, english: Row, multilingual: Row) -> SizeGap:
    cells = [standing.cell(row) for row in (multilingual, english)]
    between = differences([cell.entrant for cell in cells if cell.entrant is not None])
    size, error, freedom, p = (
        float(matrix[0, 1]) for matrix in (between.size, between.error, between.freedom, between.p)
    )
    half = float(stdtrit(freedom, 0.5 + LEVEL / 2)) * error
    parameters = cells[0].parameters
    assert parameters is not None  # a ranked row was measured
    bounds = (100 * (size - half), 100 * (size + half))
    # What a handful of examples tells apart is not told.
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
