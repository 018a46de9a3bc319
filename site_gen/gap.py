"""The question's answer on one target: multilingual − English-only intermediate training, size by size; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scipy.special import stdtrit

from harness.records import Regime, Submission
from harness.statistics.corrections import holm
from harness.statistics.entrants import Entrant, differences
from harness.statistics.gap import GapTrend, gap_trend
from site_gen.axes import compact
from site_gen.leaderboard import Row, Standing

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


@dataclass(frozen=True)
class Gap:
    """The gaps of one family and task, by size; `trend` is None below three sizes."""

    family: str
    tasks: str
    sizes: tuple[SizeGap, ...]
    trend: GapTrend | None

    @property
    def decided(self) -> bool:
        """Tell whether any size shows a gap after Holm's correction over the sizes."""
        return any(p < 1 - LEVEL for p in holm([size.p for size in self.sizes]))

    @property
    def sentence(self) -> str:
        """Say what is known, with its uncertainty."""
        who = f"{self.family}, {self.tasks}"
        ends = [self.sizes[0]] if len(self.sizes) == 1 else [self.sizes[0], self.sizes[-1]]
        said = " and ".join(
            f"{end.points:+.1f} points [{end.interval[0]:+.1f}, {end.interval[1]:+.1f}] at {compact(end.parameters)}" for end in ends
        )
        if not self.decided:
            return f"Not decided by these data ({who}): multilingual minus English-only is {said}."
        return f"In {self.family} ({self.tasks}) multilingual minus English-only is {said}; {self._change}."

    @property
    def _change(self) -> str:
        if self.trend is None:
            return "how that changes with size takes at least three sizes"
        slope, (low, high) = self.trend.slope_per_doubling, self.trend.interval
        if low <= 0 <= high:
            return f"whether that changes with size is not decided: {slope:+.1f} [{low:+.1f}, {high:+.1f}] per doubling"
        grows = (slope > 0) == (self.sizes[0].points + self.sizes[-1].points > 0)
        near, far = sorted((abs(low), abs(high)))
        return f"{'growing' if grows else 'shrinking'} by {abs(slope):.1f} points [{near:.1f}, {far:.1f}] per doubling of size"


def gaps(standing: Standing) -> tuple[Gap, ...]:
    """Return the gaps of each family and task that ranked rows of both regimes share, with several seeds a side.

    The two must have been trained on the same tasks, with or without translation, so that nothing but the languages differs.
    """
    found: dict[tuple[str, str], list[SizeGap]] = {}
    for english, multilingual in _pairs(standing):
        gap = _gap(standing, english, multilingual)
        if gap is not None:
            found.setdefault((english.submission.family, _tasks(english.submission)), []).append(gap)
    return tuple(_with_trend(*key, sorted(sizes, key=lambda gap: gap.parameters)) for key, sizes in sorted(found.items()))


def _pairs(standing: Standing) -> Iterator[tuple[Row, Row]]:
    """Yield the rows that differ in the languages of their intermediate training only."""

    def key(row: Row) -> tuple[str, str, bool, int]:
        parameters = standing.cell(row).parameters
        intermediate = row.submission.intermediate
        return (row.submission.family, _tasks(row.submission), intermediate.continued_mlm, parameters.body if parameters else 0)

    english = {key(row): row for row in standing.ranked if row.regime is Regime.ENGLISH}
    for row in standing.ranked:
        if row.regime is Regime.MULTILINGUAL and key(row) in english:
            yield english[key(row)], row


def _tasks(submission: Submission) -> str:
    return " + ".join(submission.intermediate.tasks)


def _gap(standing: Standing, english: Row, multilingual: Row) -> SizeGap | None:
    cells = [standing.cell(row) for row in (multilingual, english)]
    entrants = [cell.entrant for cell in cells if cell.entrant is not None]
    if not _several_seeds(entrants):
        return None
    between = differences(entrants)
    size, error, freedom, p = (float(matrix[0, 1]) for matrix in (between.size, between.error, between.freedom, between.p))
    half = float(stdtrit(freedom, 0.5 + LEVEL / 2)) * error
    parameters = cells[0].parameters
    assert parameters is not None  # a ranked row was measured
    bounds = (100 * (size - half), 100 * (size + half))
    return SizeGap(parameters.body, english, multilingual, 100 * size, bounds, p, 100 * error, freedom)


def _several_seeds(entrants: list[Entrant]) -> bool:
    return len(entrants) == 2 and all(entrant.speaks_of_the_recipe for entrant in entrants)


def _with_trend(family: str, tasks: str, sizes: list[SizeGap]) -> Gap:
    if len({gap.parameters for gap in sizes}) < SIZES_FOR_A_TREND:
        return Gap(family, tasks, tuple(sizes), None)
    columns = zip(*((gap.parameters, gap.points, gap.error, gap.freedom) for gap in sizes), strict=True)
    return Gap(family, tasks, tuple(sizes), gap_trend(*columns, level=LEVEL))
