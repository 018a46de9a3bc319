"""Entries → rows, ranks, tie groups and coverage; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

import numpy as np

from harness.catalog import TARGETS, is_own, own_target
from harness.records import Result, Target
from harness.scoring.statistics.blockwise_ranks import placings
from harness.scoring.statistics.pairwise import Entrant
from site_gen.board.board import Board, Cell, Entry, Row, Standing
from site_gen.board.compact_result import Brief
from site_gen.board.ranking_input import unpaired_entrant
from site_gen.board.reported import ReportedEntry, ReportedRow, reported_rows
from site_gen.board.trust import Trust, trust_of
from site_gen.formatting import language_name, listed

# A target's results by slug, each with the entry that it is of.
_Found = Mapping[str, tuple[Entry, Result | Brief]]


def make_board(found: Iterable[Entry | ReportedEntry], targets: Sequence[Target] = TARGETS, before: Board | None = None) -> Board:
    """Rank entries per target and line them up, reported ones apart; the order of the entries does not matter.

    The targets are followed by people's own, which exist in results only. Of an earlier board all cells, rows and standings
    that would be the same are taken as they are, with what was computed of them.
    """
    every = list(found)
    reported = reported_rows([entry for entry in every if isinstance(entry, ReportedEntry)], targets)
    entries = {entry.slug: entry for entry in sorted((e for e in every if isinstance(e, Entry)), key=lambda entry: entry.slug)}
    targets = (*targets, *_own_targets(entries.values()))
    old_standings = {standing.target.name: standing for standing in before.standings if standing.target in targets} if before else {}
    old_rows = {row.slug: row for row in before.rows} if before else {}
    there = {target.name: old_standings[target.name].cells if target.name in old_standings else {} for target in targets}
    changed = {slug for slug, entry in entries.items() if not _is_unchanged(entry, old_rows.get(slug))}
    touched = _touched(entries, changed, old_rows) | {name for name, cells in there.items() if not cells}
    ranked = there | _rank_anew([target for target in targets if target.name in touched], entries, there)
    moved = changed | {slug for name in touched & ranked.keys() for slug, cell in ranked[name].items() if cell is not there[name].get(slug)}
    rows = tuple(_row(entry, ranked) if slug in moved else old_rows[slug] for slug, entry in entries.items())
    other = {row.slug for row in rows if row.slug in moved and not _has_head_of(row, old_rows.get(row.slug))}
    return Board(
        rows, tuple(_stand(target, rows, reported, old_standings.get(target.name), touched, other) for target in targets), reported
    )


def _own_targets(entries: Iterable[Entry]) -> Iterator[Target]:
    """Yield people's own targets by name, each over the languages of all results that have it, in the order of their codes."""
    languages: dict[str, set[str]] = {name: set() for name in {r.target for entry in entries for r in entry.results} if is_own(name)}
    for entry in entries if languages else ():
        for result in entry.results:
            if result.target in languages:
                languages[result.target].update(result.languages, result.data)
    for name in sorted(languages):
        yield own_target(name, sorted(languages[name]))


def _touched(entries: Mapping[str, Entry], changed: Iterable[str], before: Mapping[str, Row]) -> set[str]:
    """Return the targets that a result of came, went or changed."""
    found = {name for slug in before.keys() - entries.keys() for name in before[slug].cells}
    for slug in changed:
        cells = before[slug].cells if slug in before else {}
        results = {result.target: result for result in entries[slug].results}
        found.update(cells.keys() - results.keys())
        found.update(name for name, result in results.items() if name not in cells or not _is_of(cells[name], entries[slug], result))
    return found


def _is_unchanged(entry: Entry, before: Row | None) -> bool:
    return before is not None and entry.stamp != b"" and entry.stamp == before.stamp


def _rank_anew(
    targets: Iterable[Target], entries: Mapping[str, Entry], before: Mapping[str, Mapping[str, Cell]]
) -> dict[str, Mapping[str, Cell]]:
    """Return these targets' cells by the name of the target and the slug."""
    named = {target.name: target for target in targets}
    found: dict[str, dict[str, tuple[Entry, Result | Brief]]] = {name: {} for name in named}
    for entry in entries.values():
        for result in entry.results:
            if result.target in found:
                found[result.target][entry.slug] = (entry, result)
    return {name: _rank(named[name], measured, before[name]) for name, measured in found.items()}


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


def _row(entry: Entry, ranked: Mapping[str, Mapping[str, Cell]]) -> Row:
    cells = {name: cells[entry.slug] for name, cells in ranked.items() if entry.slug in cells}
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
    texts = [result.texts for result in complete]
    same = {id(each): each for each in texts}  # results off the shelf share theirs
    counts: Counter[tuple[tuple[str, str], ...]] = Counter()
    for which, many in Counter(map(id, texts)).items():
        counts[tuple(sorted(same[which].items()))] += many
    return dict(min(counts.items(), key=lambda item: (-item[1], item[0]))[0]) if counts else {}


def _why_unranked(target: Target, result: Result | Brief, missing: Sequence[str], shared: Mapping[str, str]) -> str:
    """Say why a result has no rank; empty when it has one."""
    if missing:
        return f"no score for {_some(missing)}"
    if result.signature.protocol != target.signature:
        return f"measured as {result.signature.protocol}, not as {target.signature}"
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


def _stand(
    target: Target, rows: Iterable[Row], reported: Iterable[ReportedRow], before: Standing | None, touched: Set[str], other: Set[str]
) -> Standing:
    """Line up the rows of a target; return the earlier standing where it says the same.

    `touched` are the targets that have other cells, `other` the submissions whose rows have another head.
    """
    others = tuple(row for row in reported if target.name in row.cells)
    if before and before.reported == others and target.name not in touched and other.isdisjoint(before.cells):
        return before

    def place(row: Row) -> tuple[float, int, str]:
        cell = row.cells[target.name]
        return (cell.rank if cell.rank is not None else float("inf"), -cell.measured, row.slug)

    made = Standing(target, tuple(sorted((row for row in rows if target.name in row.cells), key=place)), others)
    return before if before and _is_same(before, made) and other.isdisjoint(before.cells) else made


def _is_same(one: Standing, other: Standing) -> bool:
    """Tell whether two standings of a target have the same cells in the same order."""
    if one.reported != other.reported or len(one.rows) != len(other.rows):
        return False
    return all(one.cell(old) is other.cell(new) for old, new in zip(one.rows, other.rows, strict=True))


def _has_head_of(row: Row, before: Row | None) -> bool:
    """Tell whether a row says of its submission what it said before."""
    heads = [(each.stamp != b"", each.submission, each.parameters) for each in (row, before) if each]
    return len(heads) == 2 and heads[0] == heads[1]
