"""All targets in one language: who scores what there, in order; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.records import Target
from site_gen.board.board import Board, Cell, Row, Standing
from site_gen.board.compact_result import in_brief
from site_gen.board.language_names import Language, find_language, has_page
from site_gen.board.language_scores import LanguageLine, language_line
from site_gen.board.reported import ReportedRow
from site_gen.once import once

# A page lists so many rows of a target; all of them stand in the target's CSV.
LISTED = 200


@dataclass(frozen=True)
class Placed:
    """One submission in one language: `place` counts by score, or `reason` says why it has none."""

    row: Row
    cell: Cell
    language: str
    place: int | None
    reason: str

    @cached_property
    def line(self) -> LanguageLine:
        """Return what the result says of the language; a page that need not be made again never asks."""
        return language_line(self.cell, self.language)


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


@once
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
    has = _lineup(standing).has
    found = {code for column, code in enumerate(standing.target.languages) if has[:, column].any()}
    return found.union(*(row.cells[standing.target.name].found.languages for row in standing.reported))


@dataclass(frozen=True)
class _Lineup:
    """A target's rows by language, all at once: arrays are (rows, languages) in the order of the standing and of the target.

    `has` tells what any seed measured, `whole` what every seed measured on all of the target's examples in the protocol's way,
    and `mean` is the mean over seeds in points. `texts` holds what each row rests on, and `text` which of them is a row's.
    """

    has: NDArray[np.bool_]
    whole: NDArray[np.bool_]
    mean: NDArray[np.float64]
    texts: tuple[tuple[Mapping[str, str], Mapping[str, str]], ...]
    text: NDArray[np.int64]


@once
def _lineup(standing: Standing) -> _Lineup:
    target = standing.target
    briefs = [in_brief(standing.cell(row).result) for row in standing.rows]
    sizes = np.array([target.sizes.get(language, np.nan) for language in target.languages])
    shape = (len(briefs), len(target.languages))
    has, whole, mean = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool), np.full(shape, np.nan)
    alike: dict[tuple[int, tuple[str, ...]], list[int]] = {}
    for i, each in enumerate(briefs):
        alike.setdefault((len(each.table), tuple(each.places)), []).append(i)
    for (seeds, languages), rows in alike.items():
        if not seeds:
            continue
        tables = np.stack([briefs[i].table for i in rows])  # (rows, seeds, languages, 4)
        at = [(place, languages.index(language)) for place, language in enumerate(target.languages) if language in languages]
        to, of = ([pair[side] for pair in at] for side in (0, 1))
        scores, counts = tables[:, :, of, 0], tables[:, :, of, 3]
        has[np.ix_(rows, to)] = ~np.isnan(scores).all(axis=1)
        whole[np.ix_(rows, to)] = (np.isnan(sizes[to]) | (counts == sizes[to])).all(axis=1)
        mean[np.ix_(rows, to)] = sum(scores[:, seed] for seed in range(seeds)) / seeds  # in the order of the seeds, as a cell adds
    whole &= np.array([each.signature.protocol == target.signature for each in briefs], dtype=bool)[:, None]
    numbers: dict[tuple[int, int], int] = {}
    kinds: list[tuple[Mapping[str, str], Mapping[str, str]]] = []
    text = np.zeros(len(briefs), dtype=np.int64)
    for i, each in enumerate(briefs):
        key = (id(each.texts), id(each.data))
        if key not in numbers:
            numbers[key] = len(kinds)
            kinds.append((each.texts, each.data))
        text[i] = numbers[key]
    return _Lineup(has, whole, mean, tuple(kinds), text)


@once
def stand(standing: Standing, language: str) -> LanguageStanding:
    """Order a target's rows by their score in one language; what was measured on other text has no place among them."""
    target, lineup = standing.target, _lineup(standing)
    column = target.languages.index(language)
    has = lineup.has[:, column]
    texts = [_text(texts, data, language) for texts, data in lineup.texts]
    counts = Counter[str]()
    for text, count in zip(texts, np.bincount(lineup.text[has], minlength=len(texts)).tolist(), strict=True):
        counts[text] += count
    shared = min(counts, key=lambda text: (-counts[text], text)) if counts else ""
    same = np.array([text == shared for text in texts], dtype=bool)
    fits = has & lineup.whole[:, column] & ~np.isnan(lineup.mean[:, column])
    fits &= same[lineup.text] if texts else False
    placed = list(_best(standing, language, np.flatnonzero(fits), lineup.mean[:, column]))
    for i in sorted(np.flatnonzero(has & ~fits).tolist(), key=lambda i: standing.rows[i].slug)[: max(0, LISTED - len(placed))]:
        row, cell = standing.rows[i], standing.cell(standing.rows[i])
        placed.append(Placed(row, cell, language, None, _why_unplaced(cell, language_line(cell, language))))
    return LanguageStanding(target, tuple(placed), int(has.sum()), tuple(_reported(standing, language)))


def _best(standing: Standing, language: str, rows: NDArray[np.int64], means: NDArray[np.float64]) -> Iterator[Placed]:
    """Yield the rows that a page lists; scores that print alike share a place, and stand by their slugs."""
    order = rows[np.argsort(-means[rows], kind="stable")].tolist()
    shown: list[tuple[int, str, int]] = []
    last = None
    for above, i in enumerate(order):
        score = round(float(means[i]), 2)
        if score != last:
            if above >= LISTED:
                break
            last, place = score, above + 1
        shown.append((place, standing.rows[i].slug, i))
    for place, _, i in sorted(shown)[:LISTED]:
        row = standing.rows[i]
        yield Placed(row, standing.cell(row), language, place, "")


def _text(texts: Mapping[str, str], data: Mapping[str, str], language: str) -> str:
    """Return the fingerprints of what a score in a language rests on: its text, and the English that trained a head."""
    return " ".join(texts[name] for name in sorted(texts) if name == language or name not in data)


def _why_unplaced(cell: Cell, line: LanguageLine) -> str:
    target = cell.target
    if line.score is None:
        return "not measured on every seed"
    if cell.result.signature.protocol != target.signature:
        return f"measured as {cell.result.signature.protocol}, not as {target.signature}"
    if (size := target.sizes.get(line.code)) is not None and any(
        checkpoint.scores[line.code].n != size for checkpoint in cell.result.checkpoints
    ):
        return f"not on all {size:,} {target.unit}"
    return "measured on other text than most rows"


def _reported(standing: Standing, language: str) -> Iterator[ReportedPlaced]:
    for row in standing.reported:
        found = row.cells[standing.target.name].found
        if language in found.languages:
            yield ReportedPlaced(row, found.languages[language], found.differs)
