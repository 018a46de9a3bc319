"""Numbers that others published → rows without ranks; pure.

They are no rows of the leaderboard: what ranks, fits or averages measured rows never meets one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.records import Regime, ReportedScore, ReportedSubmission, Target
from site_gen.board.averages import XTREME_GROUPS, Average, xtreme_average
from site_gen.formatting import listed, metric_name


@dataclass(frozen=True)
class ReportedEntry:
    """What the store holds for one slug."""

    slug: str
    submission: ReportedSubmission


@dataclass(frozen=True)
class Value:
    """One number: in points, or in the unit of a quantity. `source` says what it follows from where it was not published itself."""

    name: str
    value: float
    quantity: bool = False
    source: str = ""


@dataclass(frozen=True)
class ReportedCell:
    """What was published of one target."""

    target: Target
    found: ReportedScore

    @property
    def score(self) -> float | None:
        """Return what may stand in the target's column, in points; None where only something near it was published."""
        return self.found.score(self.target)

    @property
    def reason(self) -> str:
        """Say in two words why nothing stands in the target's column; empty where a score does."""
        if self.score is not None:
            return ""
        if self.found.differs:
            return "measured otherwise"
        if self.found.means:
            return f"{listed([metric_name(name) for name in self.found.means])} only"
        return f"{len(self.found.languages)} of {len(self.target.languages)} languages"

    @property
    def values(self) -> tuple[Value, ...]:
        """Return every number: the target's metric or what stands in its place first, then the others in the catalog's order."""
        return tuple(self._values())

    def _values(self) -> Iterator[Value]:
        means = self.found.means
        mean = self.found.mean(self.target)
        if mean is not None and self.target.metric not in means:
            source = (
                f"mean of {len(self.target.languages)} languages" if self.found.languages else "computed here"
            )
            yield Value(self.target.metric, mean, source=source)
        beside = (*self.target.secondary, *self.target.quantities)
        for name in (
            *(name for name in means if name not in beside),
            *(name for name in beside if name in means),
        ):
            yield Value(name, means[name], name in self.target.quantities)


@dataclass(frozen=True)
class ReportedRow:
    """One row of published numbers, with its cells in the order of the catalog."""

    slug: str
    submission: ReportedSubmission
    cells: Mapping[str, ReportedCell]

    @property
    def regime(self) -> Regime:
        """Return the regime of the intermediate training."""
        return self.submission.intermediate.regime

    @property
    def average(self) -> Average:
        """Return the mean over all nine targets of XTREME, which no rank hangs on."""
        return xtreme_average(self._scores())

    @property
    def groups(self) -> Mapping[str, Average]:
        """Return the means of XTREME's groups of targets."""
        return {group: xtreme_average(self._scores(), group) for group in XTREME_GROUPS}

    @property
    def in_xtreme(self) -> bool:
        """Tell whether something was published of a target of the benchmark."""
        return any(cell.target.in_xtreme for cell in self.cells.values())

    def _scores(self) -> Iterator[tuple[Target, float]]:
        return ((cell.target, cell.score) for cell in self.cells.values() if cell.score is not None)


def reported_rows(entries: Sequence[ReportedEntry], targets: Sequence[Target]) -> tuple[ReportedRow, ...]:
    """Line up published numbers by title: no order among them means anything."""
    rows = [
        ReportedRow(
            entry.slug,
            entry.submission,
            {
                target.name: ReportedCell(target, entry.submission.reported.scores[target.name])
                for target in targets
                if target.name in entry.submission.reported.scores
            },
        )
        for entry in entries
    ]
    return tuple(sorted(rows, key=lambda row: (row.submission.title.casefold(), row.slug)))
