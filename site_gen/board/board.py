"""The records of the board: cells, rows and standings; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from harness.records import (
    BoardSettings,
    Notice,
    Parameters,
    Regime,
    SeedPriors,
    Submission,
    Target,
    Tombstone,
)
from harness.records.board_settings import NO_SETTINGS
from harness.scoring.statistics.entrant import Entrant
from harness.scoring.statistics.moderation import Priors
from site_gen.board.averages import XTREME_GROUPS, Average, xtreme_average
from site_gen.board.compact_result import CompactResult
from site_gen.board.edition import NO_EDITION, Edition
from site_gen.board.entry import Contender, Details
from site_gen.board.reported import ReportedRow
from site_gen.board.trust import EarlierResult, Sender, Trust, history, row_mark, senders


@dataclass(frozen=True)
class Cell:
    """One submission on one target; either `rank` is set, or `reason` says why it has none.

    `rank` is the position by score; `ranks` are the best and the worst rank that examples and seeds leave
    possible.
    """

    target: Target
    contender: Contender
    measured: int
    rank: int | None = None
    reason: str = ""
    ranks: tuple[int, int] | None = None

    @property
    def result(self) -> CompactResult:
        """Return the measured result."""
        return self.contender.result

    @property
    def entrant(self) -> Entrant | None:
        """Return the statistics by which a ranked result was compared; None where it has no rank."""
        return self.contender.entrant if self.rank is not None else None

    @property
    def trust(self) -> Trust:
        """Return whether the result is verified or self-evaluated, and what of its data was seen."""
        return self.contender.trust

    @property
    def score(self) -> float | None:
        """Return the target's score in points; None while a language is missing.

        A user-provided target has the languages of all its results, so a complete result can still lack one.
        """
        return self.result.score if self.measured == self.of else None

    @property
    def complete(self) -> bool:
        """Tell whether every language was measured on every checkpoint."""
        return self.score is not None

    @property
    def of(self) -> int:
        """Return the number of languages of the target."""
        return len(self.target.languages)

    @property
    def failed(self) -> bool:
        """Tell whether the evaluation ran but no language could be measured."""
        return self.measured == 0 and any(checkpoint.failed for checkpoint in self.result.checkpoints)

    @cached_property
    def parameters(self) -> Parameters | None:
        """Return the mean parameter counts over the seeds, which differ at most by a head, if known."""
        sizes = [checkpoint.parameters for checkpoint in self.result.checkpoints]
        if len(sizes) < 2:
            return sizes[0] if sizes and sizes[0].total else None  # own code has no known size
        total, body = (
            round(sum(values) / len(sizes))
            for values in zip(*((s.total, s.body) for s in sizes), strict=True)
        )
        return Parameters(total=total, body=body)

    @property
    def one_training(self) -> bool:
        """Tell whether a ranked result comes from one training run, so that its seed variance is unknown."""
        return self.entrant is not None and not self.entrant.has_training_variance

    @cached_property
    def seeds(self) -> tuple[tuple[int, float], ...]:
        """Return (seed, score in points) per checkpoint, averaged over languages; empty while incomplete."""
        return (
            tuple((c.seed, c.scores.mean(self.target.languages)) for c in self.result.checkpoints)
            if self.complete
            else ()
        )


@dataclass(frozen=True)
class Row:
    """One submission (one recipe at one size) with its cells in the order of the catalog.

    `notices` are all about the submission, also those that were lifted.
    """

    slug: str
    submission: Submission
    cells: Mapping[str, Cell]
    details: Details
    stamp: bytes
    notices: tuple[Notice, ...] = ()

    @property
    def regime(self) -> Regime:
        """Return the regime of the intermediate training."""
        return self.submission.intermediate.regime

    @cached_property
    def parameters(self) -> Parameters | None:
        """Return the parameter counts of the first target's result; None before any evaluation."""
        return next((cell.parameters for cell in self.cells.values()), None)

    @cached_property
    def average(self) -> Average:
        """Return the XTREME average over all of its targets."""
        return xtreme_average(self._scores)

    @cached_property
    def groups(self) -> Mapping[str, Average]:
        """Return the averages of XTREME's groups of targets."""
        return {group: xtreme_average(self._scores, group) for group in XTREME_GROUPS}

    @cached_property
    def _scores(self) -> Sequence[tuple[Target, float]]:
        """Return the ranked scores: one on other text or by another protocol is not the benchmark's."""
        scores = ((cell.target, cell.score) for cell in self.cells.values() if cell.rank is not None)
        return [(target, score) for target, score in scores if score is not None]

    @property
    def mark(self) -> str:
        """Return the mark of the results, such as `1 of 2 verified`; empty before any evaluation."""
        return row_mark(cell.trust.mark for cell in self.cells.values())

    @property
    def history(self) -> tuple[EarlierResult, ...]:
        """Return the earlier results that were replaced or removed."""
        return history(self.submission, {name: cell.result for name, cell in self.cells.items()})


@dataclass(frozen=True)
class Standing:
    """One target with the rows that have a result on it: ranked rows first, then by languages measured.

    `reported` rows are separate: numbers that others published have no rank. Use a standing for its target
    only: what its rows hold on other targets may be older than the board. `priors` are those of the variance
    over seeds that its comparisons borrow from.
    """

    target: Target
    rows: tuple[Row, ...]
    reported: tuple[ReportedRow, ...] = ()
    priors: Priors = field(default_factory=dict)

    def cell(self, row: Row) -> Cell:
        """Return a row's cell on this target."""
        return row.cells[self.target.name]

    @cached_property
    def cells(self) -> Mapping[str, Cell]:
        """Return the cells on this target by their slugs."""
        return {row.slug: self.cell(row) for row in self.rows}

    @cached_property
    def ranked(self) -> tuple[Row, ...]:
        """Return the rows that have a rank, best first."""
        return tuple(row for row in self.rows if self.cell(row).rank is not None)

    @cached_property
    def unranked(self) -> tuple[Row, ...]:
        """Return the rows without a rank."""
        return tuple(row for row in self.rows if self.cell(row).rank is None)

    @property
    def one_training(self) -> bool:
        """Tell whether any ranked row comes from one training run, so that it is not tested."""
        return any(self.cell(row).one_training for row in self.ranked)


@dataclass(frozen=True)
class NotShown:
    """A submission that cannot be read, with the first of its faults."""

    slug: str
    fault: str


@dataclass(frozen=True)
class Board:
    """Everything the pages show; `withdrawn` are the tombstones, by slug, `settings` the board's own.

    `unpaired_above` is the number of submissions above which rows are not paired by examples, 0 while they
    are. `seed_priors` is the board's prior of the variance over seeds, None where it has none. `account` is
    the experiment's, in Markdown, and `logo` a picture, both empty without one. `outcomes` are the results,
    by slug and target, whose outcomes are files of the site.
    """

    rows: tuple[Row, ...]
    standings: tuple[Standing, ...]
    reported: tuple[ReportedRow, ...] = ()
    not_shown: tuple[NotShown, ...] = ()
    withdrawn: tuple[Tombstone, ...] = ()
    edition: Edition = NO_EDITION
    unpaired_above: int = 0
    settings: BoardSettings = NO_SETTINGS
    account: str = ""
    logo: bytes = b""
    seed_priors: SeedPriors | None = None
    outcomes: frozenset[tuple[str, str]] = frozenset()

    @property
    def title(self) -> str:
        """Return the board's title."""
        return self.settings.title

    @cached_property
    def benchmark(self) -> tuple[Standing, ...]:
        """Return the standings of the table on the front page: of the board's own targets, or XTREME's."""
        if not self.settings.targets:
            return tuple(standing for standing in self.standings if standing.target.in_xtreme)
        standings = {standing.target.name: standing for standing in self.standings}
        return tuple(standings[name] for name in self.settings.targets if name in standings)

    @cached_property
    def others(self) -> tuple[Standing, ...]:
        """Return the standings of all other targets."""
        names = {standing.target.name for standing in self.benchmark}
        return tuple(standing for standing in self.standings if standing.target.name not in names)

    @property
    def benchmark_name(self) -> str:
        """Return the name of what the table on the front page has: XTREME, or the board's own title."""
        return self.title if self.settings.targets else "XTREME"

    def counts(self, row: Row | ReportedRow) -> bool:
        """Tell whether a row has a result on a target of the table on the front page."""
        return any(standing.target.name in row.cells for standing in self.benchmark)

    @property
    def has_main(self) -> bool:
        """Tell whether some row has a result on a target of the table on the front page."""
        return any(standing is self.main for standing in self.benchmark)

    @cached_property
    def empty(self) -> tuple[Standing, ...]:
        """Return the standings without any result, measured or reported."""
        return tuple(standing for standing in self.standings if not standing.rows and not standing.reported)

    @cached_property
    def main(self) -> Standing:
        """Return the standing of the front page: the first in the benchmark with a row, else any with one."""
        ordered = [*self.benchmark, *self.others]
        return next((standing for standing in ordered if standing.rows), ordered[0])

    @cached_property
    def senders(self) -> tuple[Sender, ...]:
        """Return each submitter with numbers of submissions and results; reported rows do not count."""
        return senders((row.submission, len(row.cells)) for row in self.rows)

    @cached_property
    def former_slugs(self) -> Mapping[str, str]:
        """Return the present slug of every former one that no other submission has."""
        aliases = {row.slug: row.submission.aliases for row in self.rows}
        aliases |= {row.slug: row.submission.aliases for row in self.reported}
        aliases |= {tombstone.submission: tombstone.aliases for tombstone in self.withdrawn}
        former: dict[str, str] = {}
        for slug, names in aliases.items():
            former |= {alias: slug for alias in names if alias not in aliases and alias not in former}
        return former

    @cached_property
    def waiting(self) -> tuple[Row, ...]:
        """Return the submissions without any result."""
        return tuple(row for row in self.rows if not row.cells)
