"""All targets in one language: who scores what there, in order; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from harness.records import Target
from site_gen.autonyms import Language, find_language, has_page
from site_gen.languages import LanguageLine, language_line
from site_gen.leaderboard import Board, Cell, Row, Standing
from site_gen.reported import ReportedRow

# A page lists so many rows of a target; all of them stand in the target's CSV.
LISTED = 200


@dataclass(frozen=True)
class Placed:
    """One submission in one language: `place` counts by score, or `reason` says why it has none."""

    row: Row
    cell: Cell
    line: LanguageLine
    place: int | None
    reason: str


@dataclass(frozen=True)
class ReportedPlaced:
    """What others published of one language, in points."""

    row: ReportedRow
    score: float
    differs: str | None


@dataclass(frozen=True)
class LanguageStanding:
    """One target in one language, best first; `of` counts what `placed` is a part of."""

    target: Target
    placed: tuple[Placed, ...]
    of: int
    reported: tuple[ReportedPlaced, ...]


@dataclass(frozen=True)
class LanguageBoard:
    """One language with the targets that have a result in it, in the order of the catalog."""

    language: Language
    standings: tuple[Standing, ...]

    def tables(self) -> Iterator[LanguageStanding]:
        """Yield the ranking of each target."""
        return (stand(standing, self.language.code) for standing in self.standings)


def language_boards(board: Board) -> tuple[LanguageBoard, ...]:
    """Return every language that has a result, by its English name."""
    found: dict[str, tuple[str, list[Standing]]] = {}
    for standing in board.standings:
        measured = _measured(standing)
        for code in (code for code in standing.target.languages if code in measured and has_page(code)):
            # Codes that differ in case alone would share a file on some disks: the first one found has the page.
            first, standings = found.setdefault(code.lower(), (code, []))
            if code == first:
                standings.append(standing)
    boards = [LanguageBoard(find_language(code), tuple(standings)) for code, standings in found.values()]
    return tuple(sorted(boards, key=lambda each: (each.language.name.casefold(), each.language.code)))


def language_paths(boards: Iterable[LanguageBoard]) -> Mapping[str, str]:
    """Return the page of each language that has one, by its code."""
    return {each.language.code: each.language.path for each in boards}


def _measured(standing: Standing) -> set[str]:
    found = {language for row in standing.rows for checkpoint in standing.cell(row).result.checkpoints for language in checkpoint.scores}
    return found.union(*(row.cells[standing.target.name].found.languages for row in standing.reported))


def stand(standing: Standing, language: str) -> LanguageStanding:
    """Order a target's rows by their score in one language; what was measured on other text has no place among them."""
    target = standing.target
    rows = [(row, standing.cell(row)) for row in standing.rows if _has(standing.cell(row), language)]
    texts = Counter(_text(cell, language) for _, cell in rows)
    shared = min(texts, key=lambda text: (-texts[text], text)) if texts else ""
    lines = {row.slug: language_line(cell, language) for row, cell in rows}
    reasons = {row.slug: _why_unplaced(cell, lines[row.slug], shared) for row, cell in rows}
    scores = {slug: round(line.score, 2) for slug, line in lines.items() if line.score is not None and not reasons[slug]}
    above = Counter(scores.values())
    places: dict[float, int] = {}
    before = 0
    for score in sorted(above, reverse=True):
        places[score] = before + 1
        before += above[score]
    placed = [
        Placed(row, cell, lines[row.slug], places[scores[row.slug]] if row.slug in scores else None, reasons[row.slug])
        for row, cell in rows
    ]
    placed.sort(key=lambda each: (each.place is None, each.place, each.row.slug))
    return LanguageStanding(target, tuple(placed[:LISTED]), len(placed), tuple(_reported(standing, language)))


def _has(cell: Cell, language: str) -> bool:
    return any(language in checkpoint.scores for checkpoint in cell.result.checkpoints)


def _text(cell: Cell, language: str) -> str:
    """Return the fingerprints of what a score in a language rests on: its text, and the English that trained a head."""
    texts = {name: digest for name, digest in cell.result.texts.items() if name == language or name not in cell.result.data}
    return " ".join(texts[name] for name in sorted(texts))


def _why_unplaced(cell: Cell, line: LanguageLine, shared: str) -> str:
    target = cell.target
    if line.score is None:
        return "not measured on every seed"
    if cell.result.protocol != target.signature:
        return f"measured as {'|'.join(cell.result.protocol)}, not as {'|'.join(target.signature)}"
    if (size := target.sizes.get(line.code)) is not None and any(
        checkpoint.scores[line.code].n != size for checkpoint in cell.result.checkpoints
    ):
        return f"not on all {size:,} {target.unit}"
    return "" if _text(cell, line.code) == shared else "measured on other text than most rows"


def _reported(standing: Standing, language: str) -> Iterator[ReportedPlaced]:
    for row in standing.reported:
        found = row.cells[standing.target.name].found
        if language in found.languages:
            yield ReportedPlaced(row, found.languages[language], found.differs)
