"""Numbers that others published → rows without ranks; pure.

They are of another type than measured rows, so that no ranking, fit or average can include one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.records import Notice, Regime, ReportedScore, ReportedSubmission, Target
from site_gen.board.averages import XTREME_GROUPS, Average, xtreme_average
from site_gen.formatting import listed, metric_name


@dataclass(frozen=True)
class ReportedEntry:
    """One stored submission of published numbers."""

    slug: str
    submission: ReportedSubmission
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Value:
    """One number, in points or in the unit of a quantity; `source` is how it was derived, if it was."""

    name: str
    value: float
    quantity: bool = False
    source: str = ""


@dataclass(frozen=True)
class ReportedCell:
    """The numbers published for one target."""

    target: Target
    published: ReportedScore

    @property
    def score(self) -> float | None:
        """Return the score for the target's column, in points; None if only similar ones were published."""
        return self.published.score(self.target)

    @property
    def reason(self) -> str:
        """Return in a few words why there is no score; empty where there is one."""
        if self.score is not None:
            return ""
        if self.published.differs:
            return "measured differently"
        if self.published.version != self.target.version:
            return f"by protocol v{self.published.version}"
        if self.published.means:
            return f"{listed([metric_name(name) for name in self.published.means])} only"
        return f"{len(self.published.languages)} of {len(self.target.languages)} languages"

    @property
    def values(self) -> tuple[Value, ...]:
        """Return every number: the target's metric, then metrics outside the catalog, then catalog order."""
        return tuple(self._values())

    def _values(self) -> Iterator[Value]:
        means = self.published.means
        mean = self.published.mean(self.target)
        if mean is not None and self.target.metric not in means:
            source = (
                f"mean of {len(self.target.languages)} languages"
                if self.published.languages
                else "computed here"
            )
            yield Value(self.target.metric, mean, source=source)
        catalog_names = (*self.target.secondary, *self.target.quantities)
        for name in (
            *(name for name in means if name not in catalog_names),
            *(name for name in catalog_names if name in means),
        ):
            yield Value(name, means[name], name in self.target.quantities)


@dataclass(frozen=True)
class ReportedRow:
    """One row of published numbers, with its cells in the order of the catalog."""

    slug: str
    submission: ReportedSubmission
    cells: Mapping[str, ReportedCell]
    notices: tuple[Notice, ...] = ()

    @property
    def regime(self) -> Regime:
        """Return the regime of the intermediate training."""
        return self.submission.intermediate.regime

    @property
    def average(self) -> Average:
        """Return the mean over all XTREME targets; no rank depends on it."""
        return xtreme_average(self._scores())

    @property
    def groups(self) -> Mapping[str, Average]:
        """Return the means of XTREME's groups of targets."""
        return {group: xtreme_average(self._scores(), group) for group in XTREME_GROUPS}

    def _scores(self) -> Iterator[tuple[Target, float]]:
        return ((cell.target, cell.score) for cell in self.cells.values() if cell.score is not None)


def reported_rows(entries: Sequence[ReportedEntry], targets: Sequence[Target]) -> tuple[ReportedRow, ...]:
    """Return rows of published numbers by title: they are not ranked."""
    rows = [
        ReportedRow(
            entry.slug,
            entry.submission,
            {
                target.name: ReportedCell(target, entry.submission.reported.scores[target.name])
                for target in targets
                if target.name in entry.submission.reported.scores
            },
            entry.notices,
        )
        for entry in entries
    ]
    return tuple(sorted(rows, key=lambda row: (row.submission.title.casefold(), row.slug)))
