"""Entries → rows, ranks, tie groups and coverage; pure.

What would be the same as on an earlier board is taken from it, with all that was computed of it: cells, rows
and standings are compared by the stamps of what they are made of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.catalog import TARGETS, is_own, own_target
from harness.records import Target
from harness.scoring.statistics.blockwise_ranks import placings
from harness.scoring.statistics.pairwise import Entrant
from site_gen.board.board import Board, Cell, Row, Standing
from site_gen.board.compact_result import CompactResult
from site_gen.board.entry import Contender, Entry
from site_gen.board.reported import ReportedEntry, ReportedRow, reported_rows
from site_gen.formatting import language_name, listed


def make_board(
    found: Iterable[Entry | ReportedEntry], targets: Sequence[Target] = TARGETS, before: Board | None = None
) -> Board:
    """Rank entries per target and line them up, reported ones apart; the order of the entries does not matter.

    The targets are followed by people's own, which exist in results only.
    """
    every = sorted(found, key=lambda entry: entry.slug)
    entries = [entry for entry in every if isinstance(entry, Entry)]
    reported = reported_rows([entry for entry in every if isinstance(entry, ReportedEntry)], targets)
    targets = (*targets, *_own_targets(entries))
    old_rows = {row.slug: row for row in before.rows} if before else {}
    old_standings = {standing.target.name: standing for standing in before.standings} if before else {}
    cells = {target.name: _rank(target, entries, old_standings.get(target.name)) for target in targets}
    rows = {entry.slug: _row(entry, cells, old_rows.get(entry.slug)) for entry in entries}
    standings = [
        _standing(target, cells[target.name], rows, reported, old_standings.get(target.name))
        for target in targets
    ]
    return Board(tuple(rows.values()), tuple(standings), reported)


def _own_targets(entries: Iterable[Entry]) -> Iterator[Target]:
    """Yield people's own targets by name, each over the languages of all results that have it, in the order of their codes."""
    languages: dict[str, set[str]] = {}
    for entry in entries:
        for name, contender in entry.contenders.items():
            if is_own(name):
                languages.setdefault(name, set()).update(contender.result.languages, contender.result.data)
    for name in sorted(languages):
        yield own_target(name, sorted(languages[name]))


def _row(entry: Entry, cells: Mapping[str, Mapping[str, Cell]], before: Row | None) -> Row:
    """Return an entry with its cells in the order of the targets; the earlier row where it says the same."""
    own = {name: of_target[entry.slug] for name, of_target in cells.items() if entry.slug in of_target}
    if before is not None and before.stamp == entry.stamp and _are_same(before.cells, own):
        return before
    return Row(entry.slug, entry.submission, own, entry.details, entry.stamp)


def _are_same(one: Mapping[str, Cell], other: Mapping[str, Cell]) -> bool:
    return len(one) == len(other) and all(one.get(key) is cell for key, cell in other.items())


# ---- one target ----------------------------------------------------------------------------------


def _rank(target: Target, entries: Iterable[Entry], before: Standing | None) -> Mapping[str, Cell]:
    """Return the cells of a target by slug: placed by score, with the range of ranks left when only real differences count.

    Scores that print alike share a place: a reader must not see an order that two decimals do not show.
    """
    contenders = {
        entry.slug: entry.contenders[target.name] for entry in entries if target.name in entry.contenders
    }
    earlier = before.cells if before is not None and before.target == target else {}
    if earlier.keys() == contenders.keys() and all(
        cell.contender == contenders[slug] for slug, cell in earlier.items()
    ):
        return earlier
    missing = {slug: _missing(target, contender.result) for slug, contender in contenders.items()}
    shared = _shared_text(contender.result for slug, contender in contenders.items() if not missing[slug])
    reasons = {
        slug: _why_unranked(target, contender.result, missing[slug], shared)
        for slug, contender in contenders.items()
    }
    ranked = {slug: contender for slug, contender in contenders.items() if not reasons[slug]}
    scores = {slug: round(contender.result.score or 0.0, 2) for slug, contender in ranked.items()}
    places = _places(scores.values())
    ranges = dict(zip(ranked, placings([_entrant(contender) for contender in ranked.values()]), strict=True))
    cells = {}
    for slug, contender in contenders.items():
        measured = len(target.languages) - len(missing[slug])
        if slug in ranked:
            cell = Cell(
                target, contender, measured, places[scores[slug]], "", ranges[slug].ranks, ranges[slug].group
            )
        else:
            cell = Cell(target, contender, measured, reason=reasons[slug])
        cells[slug] = earlier[slug] if earlier.get(slug) == cell else cell
    return cells


def _entrant(contender: Contender) -> Entrant:
    assert contender.entrant is not None  # a whole result has one
    return contender.entrant


def _places(scores: Iterable[float]) -> Mapping[float, int]:
    """Return the place of each score: one more than those above it."""
    above = 0
    places = {}
    for score, many in sorted(Counter(scores).items(), reverse=True):
        places[score] = above + 1
        above += many
    return places


def _missing(target: Target, result: CompactResult) -> list[str]:
    if result.has(target.languages):
        return []
    return [language for language in target.languages if result.language_score(language) is None]


def _shared_text(complete: Iterable[CompactResult]) -> Mapping[str, str]:
    """Return the fingerprints of text that most complete results share; on a tie those that sort first."""
    texts = [result.texts for result in complete]
    same = {
        id(fingerprints): fingerprints for fingerprints in texts
    }  # results that are read back share theirs
    counts: Counter[tuple[tuple[str, str], ...]] = Counter()
    for which, many in Counter(map(id, texts)).items():
        counts[tuple(sorted(same[which].items()))] += many
    return dict(min(counts.items(), key=lambda item: (-item[1], item[0]))[0]) if counts else {}


def _why_unranked(
    target: Target, result: CompactResult, missing: Sequence[str], shared: Mapping[str, str]
) -> str:
    """Say why a result has no rank; empty when it has one."""
    if missing:
        return f"no score for {_some(missing)}"
    if result.signature.protocol != target.signature:
        return f"measured as {result.signature.protocol}, not as {target.signature}"
    for checkpoint in () if result.rests_on(target.sizes) else result.checkpoints:
        for language, size in target.sizes.items():
            if checkpoint.scores[language].n != size:
                return f"only {checkpoint.scores[language].n:,} of {size:,} {target.unit} in {language_name(language)}"
    return _why_other(target, result, shared)


def _why_other(target: Target, result: CompactResult, shared: Mapping[str, str]) -> str:
    """Say in what a result rests on other text than most; empty when it does not."""
    if result.data == shared and result.texts == shared:
        return ""
    if other := [
        language for language in target.languages if result.data.get(language) != shared.get(language)
    ]:
        return f"measured on other data than most rows in {_some(other)}"
    if any(name not in result.data and text != shared.get(name, text) for name, text in result.texts.items()):
        return "fine-tuned on other English text than most rows"
    return ""


def _some(languages: Sequence[str]) -> str:
    names = [language_name(language) for language in languages]
    return listed(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more languages"


# ---- the rows of a target ------------------------------------------------------------------------


def _standing(
    target: Target,
    cells: Mapping[str, Cell],
    rows: Mapping[str, Row],
    reported: Iterable[ReportedRow],
    before: Standing | None,
) -> Standing:
    """Line up the rows of a target; return the earlier standing where it says the same of them.

    What its rows have on other targets may then be older than the board: a standing speaks of its own target
    alone.
    """
    others = tuple(row for row in reported if target.name in row.cells)
    if (
        before is not None
        and before.target == target
        and before.reported == others
        and _holds(before, cells, rows)
    ):
        return before

    def place(slug: str) -> tuple[float, int, str]:
        cell = cells[slug]
        return (cell.rank if cell.rank is not None else float("inf"), -cell.measured, slug)

    return Standing(target, tuple(rows[slug] for slug in sorted(cells, key=place)), others)


def _holds(standing: Standing, cells: Mapping[str, Cell], rows: Mapping[str, Row]) -> bool:
    """Tell whether a standing has these cells, of submissions that declare the same."""
    return _are_same(standing.cells, cells) and all(
        _declares_the_same(row, rows[row.slug]) for row in standing.rows
    )


def _declares_the_same(one: Row, other: Row) -> bool:
    return one is other or (one.submission == other.submission and one.parameters == other.parameters)
