"""Results → rows, ranks, tie groups and coverage; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol

from harness.catalog import TARGETS, is_own, own_target
from harness.records import CheckpointScores, Parameters, Regime, Result, Submission, Sweep, Target, Training, Verification
from harness.statistics.entrants import Entrant
from harness.statistics.placings import placings
from site_gen.averages import XTREME_GROUPS, Average, xtreme_average
from site_gen.brief import Brief, BriefCheckpoint
from site_gen.entrants import unpaired_entrant
from site_gen.mined import MinedCurve
from site_gen.reported import ReportedEntry, ReportedRow, reported_rows
from site_gen.trust import Earlier, Sender, Trust, history, row_mark, senders, trust_of
from site_gen.wording import language_name, listed


@dataclass(frozen=True)
class Entry:
    """What the store holds for one slug.

    `mined` has the curves of each target that pairs were mined for, `entrants` how each whole result enters a ranking where
    its outcomes were read, `digests` the digest of each result's file, by which `verification` names it. With results in brief
    `details` has what they lack, `trusts` whose word each is, and `stamp` stands for what the submission says.
    """

    slug: str
    submission: Submission
    results: tuple[Result | Brief, ...]
    sweeps: tuple[Sweep, ...] = ()
    mined: Mapping[str, tuple[MinedCurve, ...]] = field(default_factory=dict)
    entrants: Mapping[str, Entrant] = field(default_factory=dict)
    training: Training | None = None
    verification: Verification | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    trusts: Mapping[str, Trust] = field(default_factory=dict)
    details: Details | None = None
    stamp: bytes = b""


class Details(Protocol):
    """What nothing on the board hangs on: what a submission's own page and its files show of its results."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the paths of the submission's own files within the site."""

    def file(self, path: str) -> bytes:
        """Return one of these files."""

    def lines(self, target: str) -> bytes:
        """Return the lines of a target's CSV by language."""

    def page(self, targets: Mapping[str, Target], language_paths: Mapping[str, str]) -> Sections:
        """Return what the page shows of these targets; `language_paths` leads to the languages that have a page."""


class Sections(NamedTuple):
    """Parts of a submission's page: what it says of each result, by target, and of the training, and whether a chart is in them."""

    results: Mapping[str, str]
    training: str
    charted: bool


@dataclass(frozen=True)
class Cell:
    """One submission on one target; either `rank` is set, or `reason` says why it has none.

    `rank` is the place by score; `ranks` are the best and the worst that the examples and seeds leave possible, and `group`
    counts the groups of ties from the top.
    """

    target: Target
    result: Result | Brief
    measured: int
    rank: int | None
    reason: str
    sweep: Sweep | None = None
    mined: tuple[MinedCurve, ...] = ()
    entrant: Entrant | None = None
    ranks: tuple[int, int] | None = None
    group: int = 0
    trust: Trust = field(default_factory=Trust)

    @property
    def score(self) -> float | None:
        """Return the target's score in points; None while a language is missing.

        People's own targets have the languages of all their results, so a result can be whole and still lack one.
        """
        return self.result.score if self.measured == self.of else None

    @property
    def complete(self) -> bool:
        """Tell whether every language was measured on every checkpoint."""
        return self.score is not None

    @property
    def whole(self) -> Result:
        """Return the result as the harness wrote it; a cell whose result is kept in brief has none."""
        assert isinstance(self.result, Result)
        return self.result

    @property
    def of(self) -> int:
        """Return how many languages the target has."""
        return len(self.target.languages)

    @property
    def failed(self) -> bool:
        """Tell whether nothing could be measured although it was tried."""
        return self.measured == 0 and any(checkpoint.failed for checkpoint in self.result.checkpoints)

    @cached_property
    def parameters(self) -> Parameters | None:
        """Return the mean size over the seeds, which differ at most by a head."""
        sizes = [checkpoint.parameters for checkpoint in self.result.checkpoints]
        if len(sizes) < 2:
            return sizes[0] if sizes else None
        total, body = (round(sum(values) / len(sizes)) for values in zip(*((s.total, s.body) for s in sizes), strict=True))
        return Parameters(total=total, body=body)

    @property
    def one_training(self) -> bool:
        """Tell whether a ranked result is a single training's, so that how far another would have moved it is not known."""
        return self.entrant is not None and not self.entrant.speaks_of_the_recipe

    @cached_property
    def seeds(self) -> tuple[tuple[int, float], ...]:
        """Return (seed, score in points) of each checkpoint, the unweighted mean over languages; none while incomplete."""
        return tuple((c.seed, seed_score(c, self.target)) for c in self.result.checkpoints) if self.complete else ()


@dataclass(frozen=True)
class Row:
    """One submission: one recipe at one size, with its cells in the order of the catalog."""

    slug: str
    submission: Submission
    cells: Mapping[str, Cell]
    training: Training | None = None
    details: Details | None = None
    stamp: bytes = b""

    @property
    def regime(self) -> Regime:
        """Return the regime of the intermediate training."""
        return self.submission.intermediate.regime

    @cached_property
    def parameters(self) -> Parameters | None:
        """Return the size counted with the first target; None before any evaluation."""
        return next((cell.parameters for cell in self.cells.values()), None)

    @cached_property
    def average(self) -> Average:
        """Return the XTREME average over all nine targets."""
        return xtreme_average(self._scores())

    @cached_property
    def groups(self) -> Mapping[str, Average]:
        """Return the averages of XTREME's groups of targets."""
        return {group: xtreme_average(self._scores(), group) for group in XTREME_GROUPS}

    def _scores(self) -> Iterator[tuple[Target, float]]:
        """Yield what has a rank: a score of other text, or measured in another way, is not the benchmark's."""
        return ((cell.target, cell.score) for cell in self.cells.values() if cell.rank is not None and cell.score is not None)

    @property
    def mark(self) -> str:
        """Return whose word the results are, in a word or two; empty before any evaluation."""
        return row_mark(cell.trust.mark for cell in self.cells.values())

    @property
    def history(self) -> tuple[Earlier, ...]:
        """Return the earlier results that others took the place of, or that were removed."""
        return history(self.submission, self.cells)

    @property
    def evaluated(self) -> bool:
        """Tell whether a target of the benchmark was tried."""
        return any(cell.target.in_xtreme for cell in self.cells.values())


@dataclass(frozen=True)
class Standing:
    """One target with the rows that have a result on it: ranked ones first, then the rest by how much was measured.

    `reported` rows stand apart: numbers that others published have no rank.
    """

    target: Target
    rows: tuple[Row, ...]
    reported: tuple[ReportedRow, ...] = ()

    def cell(self, row: Row) -> Cell:
        """Return a row's cell on this target."""
        return row.cells[self.target.name]

    @cached_property
    def ranked(self) -> tuple[Row, ...]:
        """Return the rows that have a rank, best first."""
        return tuple(row for row in self.rows if self.cell(row).rank is not None)

    @cached_property
    def unranked(self) -> tuple[Row, ...]:
        """Return the rows that have none."""
        return tuple(row for row in self.rows if self.cell(row).rank is None)

    @property
    def one_training(self) -> bool:
        """Tell whether a ranked row shares its rank for lack of seeds."""
        return any(self.cell(row).one_training for row in self.ranked)


@dataclass(frozen=True)
class Board:
    """Everything the pages show."""

    rows: tuple[Row, ...]
    standings: tuple[Standing, ...]
    reported: tuple[ReportedRow, ...] = ()

    @property
    def benchmark(self) -> tuple[Standing, ...]:
        """Return the standings that count towards the benchmark."""
        return tuple(standing for standing in self.standings if standing.target.in_xtreme)

    @property
    def others(self) -> tuple[Standing, ...]:
        """Return the standings that are shown apart."""
        return tuple(standing for standing in self.standings if not standing.target.in_xtreme)

    @property
    def empty(self) -> tuple[Standing, ...]:
        """Return the standings that nobody has a result on, here or elsewhere."""
        return tuple(standing for standing in self.standings if not standing.rows and not standing.reported)

    @property
    def main(self) -> Standing:
        """Return the standing the front page opens with: the first of the benchmark that has a row, else any that has one."""
        ordered = [*self.benchmark, *self.others]
        return next((standing for standing in ordered if standing.rows), ordered[0])

    @property
    def senders(self) -> tuple[Sender, ...]:
        """Return who sent how many submissions and results; published numbers were found, not tried."""
        return senders((row.submission, len(row.cells)) for row in self.rows)

    @property
    def waiting(self) -> tuple[Row, ...]:
        """Return the submissions without any result."""
        return tuple(row for row in self.rows if not row.cells)


def seed_score(checkpoint: CheckpointScores | BriefCheckpoint, target: Target) -> float:
    """Return one seed's score in points: the unweighted mean over the target's languages."""
    if isinstance(checkpoint, BriefCheckpoint):
        return checkpoint.scores.mean(target.languages)
    return sum(checkpoint.scores[language].score for language in target.languages) / len(target.languages)


def make_board(found: Iterable[Entry | ReportedEntry], targets: Sequence[Target] = TARGETS) -> Board:
    """Rank entries per target and line them up, reported ones apart; the order of the entries does not matter.

    The targets are followed by people's own, which exist in results only.
    """
    every = list(found)
    reported = reported_rows([entry for entry in every if isinstance(entry, ReportedEntry)], targets)
    entries = sorted((entry for entry in every if isinstance(entry, Entry)), key=lambda entry: entry.slug)
    targets = (*targets, *_own_targets(entries))
    cells: dict[str, dict[str, Cell]] = {entry.slug: {} for entry in entries}
    for target in targets:
        for slug, cell in _rank(target, entries).items():
            cells[slug][target.name] = cell
    rows = tuple(Row(entry.slug, entry.submission, cells[entry.slug], entry.training, entry.details, entry.stamp) for entry in entries)
    return Board(rows, tuple(_stand(target, rows, reported) for target in targets), reported)


def _own_targets(entries: Iterable[Entry]) -> Iterator[Target]:
    """Yield people's own targets by name, each over the languages of all results that have it, in the order of their codes."""
    languages: dict[str, set[str]] = {}
    for entry in entries:
        for result in entry.results:
            if is_own(result.target):
                languages.setdefault(result.target, set()).update(result.languages, result.data)
    for name in sorted(languages):
        yield own_target(name, sorted(languages[name]))


def _rank(target: Target, entries: Iterable[Entry]) -> dict[str, Cell]:
    """Place results by score, with the range of ranks that is left when only real differences count.

    Scores that print alike share a place: a reader must not see an order that two decimals do not show.
    """
    found = {entry.slug: (entry, result) for entry in entries for result in entry.results if result.target == target.name}
    missing = {slug: _missing(target, result) for slug, (_, result) in found.items()}
    shared = _shared_data(result for slug, (_, result) in found.items() if not missing[slug])
    reasons = {slug: _why_unranked(target, result, missing[slug], shared) for slug, (_, result) in found.items()}
    scores = {slug: round(result.score, 2) for slug, (_, result) in found.items() if result.score is not None and not reasons[slug]}
    entrants = {slug: _entrant(target, *found[slug]) for slug in scores}
    places = _places(scores.values())
    placed = dict(zip(entrants, placings(list(entrants.values())), strict=True))
    return {
        slug: Cell(
            target,
            result,
            len(target.languages) - len(missing[slug]),
            places[scores[slug]] if slug in scores else None,
            reasons[slug],
            next((sweep for sweep in entry.sweeps if sweep.target == target.name), None),
            entry.mined.get(target.name, ()),
            entrants.get(slug),
            placed[slug].ranks if slug in placed else None,
            placed[slug].group if slug in placed else 0,
            entry.trusts.get(target.name)
            or trust_of(entry.submission, target, entry.digests.get(target.name), entry.verification, entry.training),
        )
        for slug, (entry, result) in found.items()
    }


def _places(scores: Iterable[float]) -> Mapping[float, int]:
    """Return the place of each score: one more than those above it."""
    above = 0
    places = {}
    for score, many in sorted(Counter(scores).items(), reverse=True):
        places[score] = above + 1
        above += many
    return places


def _entrant(target: Target, entry: Entry, result: Result | Brief) -> Entrant:
    found = entry.entrants.get(target.name)
    if found is None:
        assert isinstance(result, Result)  # who reads results in brief reads how they enter a ranking too
        return unpaired_entrant(target, entry.submission, result)
    return found


def _missing(target: Target, result: Result | Brief) -> list[str]:
    if isinstance(result, Brief) and result.has(target.languages):
        return []
    return [language for language in target.languages if result.language_score(language) is None]


def _shared_data(complete: Iterable[Result | Brief]) -> Mapping[str, str]:
    """Return the data fingerprints that most complete results share; on a tie those that sort first."""
    counts = Counter(tuple(sorted(result.texts.items())) for result in complete)
    return dict(min(counts.items(), key=lambda item: (-item[1], item[0]))[0]) if counts else {}


def _why_unranked(target: Target, result: Result | Brief, missing: Sequence[str], shared: Mapping[str, str]) -> str:
    """Say why a result has no rank; empty when it has one."""
    if missing:
        return f"no score for {_some(missing)}"
    if result.protocol != target.signature:
        return f"measured as {'|'.join(result.protocol)}, not as {'|'.join(target.signature)}"
    for checkpoint in () if isinstance(result, Brief) and result.rests_on(target.sizes) else result.checkpoints:
        for language, size in target.sizes.items():
            if checkpoint.scores[language].n != size:
                return f"only {checkpoint.scores[language].n:,} of {size:,} {target.unit} in {language_name(language)}"
    return _why_other(target, result, shared)


def _why_other(target: Target, result: Result | Brief, shared: Mapping[str, str]) -> str:
    """Say in what a result rests on other text than most; empty when it does not."""
    if result.data == shared and result.texts == shared:
        return ""
    if other := [language for language in target.languages if result.data.get(language) != shared.get(language)]:
        return f"measured on other data than most rows in {_some(other)}"
    if any(name not in result.data and text != shared.get(name, text) for name, text in result.texts.items()):
        return "fine-tuned on other English text than most rows"
    return ""


def _some(languages: Sequence[str]) -> str:
    names = [language_name(language) for language in languages]
    return listed(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more languages"


def _stand(target: Target, rows: Iterable[Row], reported: Iterable[ReportedRow]) -> Standing:
    def place(row: Row) -> tuple[float, int, str]:
        cell = row.cells[target.name]
        return (cell.rank if cell.rank is not None else float("inf"), -cell.measured, row.slug)

    placed = sorted((row for row in rows if target.name in row.cells), key=place)
    return Standing(target, tuple(placed), tuple(row for row in reported if target.name in row.cells))
