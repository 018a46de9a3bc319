"""Entries → rows, ranks, tie groups and coverage; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from harness.catalog import TARGETS, is_own, own_target
from harness.records import Result, Target
from harness.statistics.entrants import Entrant
from harness.statistics.placings import placings
from site_gen.brief import Brief
from site_gen.entrants import unpaired_entrant
from site_gen.leaderboard import Board, Cell, Entry, Row, Standing
from site_gen.reported import ReportedEntry, ReportedRow, reported_rows
from site_gen.trust import Trust, trust_of
from site_gen.wording import language_name, listed

# A target's results by slug, each with the entry that it is of.
_Found = Mapping[str, tuple[Entry, Result | Brief]]


def make_board(found: Iterable[Entry | ReportedEntry], targets: Sequence[Target] = TARGETS, before: Board | None = None) -> Board:
    """Rank entries per target and line them up, reported ones apart; the order of the entries does not matter.

    The targets are followed by people's own, which exist in results only. Of an earlier board all cells, rows and standings
    that would be the same are taken as they are, with what was computed of them.
    """
    every = list(found)
    reported = reported_rows([entry for entry in every if isinstance(entry, ReportedEntry)], targets)
    entries = sorted((entry for entry in every if isinstance(entry, Entry)), key=lambda entry: entry.slug)
    targets = (*targets, *_own_targets(entries))
    measured: dict[str, dict[str, tuple[Entry, Result | Brief]]] = {target.name: {} for target in targets}
    for entry in entries:
        for result in entry.results:
            if result.target in measured:
                measured[result.target][entry.slug] = (entry, result)
    old_standings = {standing.target.name: standing for standing in before.standings} if before else {}
    old_rows = {row.slug: row for row in before.rows} if before else {}
    touched = _touched(entries, old_rows)
    cells: dict[str, dict[str, Cell]] = {entry.slug: {} for entry in entries}
    for target in targets:
        there = _cells(old_standings.get(target.name), target)
        ranked = there if there and target.name not in touched else _rank(target, measured[target.name], there)
        for slug, cell in ranked.items():
            cells[slug][target.name] = cell
    rows = tuple(_row(entry, cells[entry.slug], old_rows.get(entry.slug)) for entry in entries)
    return Board(rows, tuple(_stand(target, rows, reported, old_standings.get(target.name)) for target in targets), reported)


def _own_targets(entries: Iterable[Entry]) -> Iterator[Target]:
    """Yield people's own targets by name, each over the languages of all results that have it, in the order of their codes."""
    languages: dict[str, set[str]] = {}
    for entry in entries:
        for result in entry.results:
            if is_own(result.target):
                languages.setdefault(result.target, set()).update(result.languages, result.data)
    for name in sorted(languages):
        yield own_target(name, sorted(languages[name]))


def _touched(entries: Iterable[Entry], before: Mapping[str, Row]) -> set[str]:
    """Return the targets that a result of came, went or changed."""
    now = {entry.slug: entry for entry in entries}
    found = {name for slug, row in before.items() if slug not in now for name in row.cells}
    for slug, entry in now.items():
        row = before.get(slug)
        if _is_unchanged(entry, row):
            continue
        cells = row.cells if row else {}
        results = {result.target: result for result in entry.results}
        found.update(cells.keys() - results.keys())
        found.update(name for name, result in results.items() if name not in cells or not _is_of(cells[name], entry, result))
    return found


def _is_unchanged(entry: Entry, before: Row | None) -> bool:
    return before is not None and entry.stamp != b"" and entry.stamp == before.stamp


def _cells(standing: Standing | None, target: Target) -> Mapping[str, Cell]:
    return {row.slug: standing.cell(row) for row in standing.rows} if standing and standing.target == target else {}


def _rank(target: Target, found: _Found, before: Mapping[str, Cell]) -> Mapping[str, Cell]:
    """Place results by score, with the range of ranks that is left when only real differences count.

    Scores that print alike share a place: a reader must not see an order that two decimals do not show.
    """
    missing = {slug: _missing(target, result) for slug, (_, result) in found.items()}
    shared = _shared_data(result for slug, (_, result) in found.items() if not missing[slug])
    reasons = {slug: _why_unranked(target, result, missing[slug], shared) for slug, (_, result) in found.items()}
    scores = {slug: round(result.score, 2) for slug, (_, result) in found.items() if result.score is not None and not reasons[slug]}
    entrants = {slug: _entrant(target, *found[slug]) for slug in scores}
    places = _places(scores.values())
    placed = dict(zip(entrants, placings(list(entrants.values())), strict=True))
    cells = {
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
            _trust(target, entry),
        )
        for slug, (entry, result) in found.items()
    }
    return {slug: _kept(cell, before.get(slug), found[slug][0]) for slug, cell in cells.items()}


def _is_of(cell: Cell, entry: Entry, result: Result | Brief) -> bool:
    """Tell whether a cell holds this result with all that enters a ranking; only of results in brief is that known."""
    if not isinstance(result, Brief) or not isinstance(cell.result, Brief) or not result.stamp or cell.result.stamp != result.stamp:
        return False
    return cell.trust == _trust(cell.target, entry) and (
        cell.entrant is None or _is_alike(cell.entrant, entry.entrants.get(cell.target.name))
    )


def _is_alike(one: Entrant, other: Entrant | None) -> bool:
    return one is other or (other is not None and all(np.array_equal(value, vars(other)[name]) for name, value in vars(one).items()))


def _kept(cell: Cell, before: Cell | None, entry: Entry) -> Cell:
    """Return the earlier cell where it says the same."""
    if before is None or not _is_of(before, entry, cell.result) or (before.entrant is None) != (cell.entrant is None):
        return cell
    placed = [(each.measured, each.rank, each.reason, each.ranks, each.group) for each in (before, cell)]
    return before if placed[0] == placed[1] else cell


def _row(entry: Entry, cells: Mapping[str, Cell], before: Row | None) -> Row:
    """Return an entry's row, the earlier one where it has the same cells."""
    if before and _is_unchanged(entry, before) and all(cells[name] is cell for name, cell in before.cells.items()):
        return before
    return Row(entry.slug, entry.submission, cells, entry.training, entry.details, entry.stamp)


def _trust(target: Target, entry: Entry) -> Trust:
    return entry.trusts.get(target.name) or trust_of(
        entry.submission, target, entry.digests.get(target.name), entry.verification, entry.training
    )


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


def _stand(target: Target, rows: Iterable[Row], reported: Iterable[ReportedRow], before: Standing | None) -> Standing:
    """Line up the rows of a target; return the earlier standing where it has the same."""

    def place(row: Row) -> tuple[float, int, str]:
        cell = row.cells[target.name]
        return (cell.rank if cell.rank is not None else float("inf"), -cell.measured, row.slug)

    placed = tuple(sorted((row for row in rows if target.name in row.cells), key=place))
    others = tuple(row for row in reported if target.name in row.cells)
    made = Standing(target, placed, others)
    return before if before and _is_same(before, made) else made


def _is_same(one: Standing, other: Standing) -> bool:
    """Tell whether two standings say the same."""
    if one.target != other.target or one.reported != other.reported or len(one.rows) != len(other.rows):
        return False
    return all(_says_the_same(*rows, one.target.name) for rows in zip(one.rows, other.rows, strict=True))


def _says_the_same(one: Row, other: Row, target: str) -> bool:
    """Tell whether two rows have the same cell on a target and the same head."""
    if one is other:
        return True
    heads = [(row.slug, row.stamp != b"", row.submission, row.parameters) for row in (one, other)]
    return one.cells[target] is other.cells[target] and heads[0] == heads[1]
