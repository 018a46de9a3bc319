"""The rankings of all targets in one language; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.records import Target
from site_gen.board.board import Board, Cell, Row, Standing
from site_gen.board.compact_result import CompactResult
from site_gen.board.language_names import Language, find_language, has_page
from site_gen.board.language_scores import LanguageLine, language_line
from site_gen.board.reported import ReportedRow
from site_gen.once import once

# A page lists at most this many rows of a target; the target's CSV has all of them.
LISTED = 200


@dataclass(frozen=True)
class LanguageRow:
    """One submission in one language: `place` is its position by score, else `reason` explains why not."""

    row: Row
    cell: Cell
    language: str
    place: int | None
    reason: str

    @cached_property
    def line(self) -> LanguageLine:
        """Return the scores in this language; computed only for a page that is rendered."""
        return language_line(self.cell.target, self.cell.result, self.language)


@dataclass(frozen=True)
class ReportedLanguageRow:
    """A score in one language that others published, in points."""

    row: ReportedRow
    score: float
    differs: str | None


@dataclass(frozen=True)
class LanguageStanding:
    """One target in one language, best first; `placed` are the listed ones of `of` rows."""

    target: Target
    placed: tuple[LanguageRow, ...]
    of: int
    reported: tuple[ReportedLanguageRow, ...]


@dataclass(frozen=True)
class LanguageBoard:
    """One language with the targets that have a result in it, in the order of the catalog."""

    language: Language
    standings: tuple[Standing, ...]

    def tables(self) -> Iterator[LanguageStanding]:
        """Yield the ranking of each target."""
        return (language_standing(standing, self.language.code) for standing in self.standings)


@once
def language_boards(board: Board) -> tuple[LanguageBoard, ...]:
    """Return every language that has a result, by its English name."""
    by_code: dict[str, tuple[str, list[Standing]]] = {}
    for standing in board.standings:
        measured = _measured_languages(standing)
        for code in (code for code in standing.target.languages if code in measured and has_page(code)):
            # Codes that differ only in case would share a file on some disks: the first one gets the page.
            first, standings = by_code.setdefault(code.lower(), (code, []))
            if code == first:
                standings.append(standing)
    boards = [LanguageBoard(find_language(code), tuple(standings)) for code, standings in by_code.values()]
    return tuple(sorted(boards, key=lambda board: (board.language.name.casefold(), board.language.code)))


def language_paths(boards: Iterable[LanguageBoard]) -> Mapping[str, str]:
    """Return the page of each language that has one, by its code."""
    return {board.language.code: board.language.path for board in boards}


def _measured_languages(standing: Standing) -> set[str]:
    measured = np.any(_scores(standing).measured, axis=0).tolist()
    languages = {
        language
        for language, is_measured in zip(standing.target.languages, measured, strict=True)
        if is_measured
    }
    return languages.union(
        *(row.cells[standing.target.name].published.languages for row in standing.reported)
    )


# ---- the scores of a target, by row and language -------------------------------------------------


@dataclass(frozen=True)
class _Text:
    """The fingerprints of the text behind a score: each language's, and the English that trained a head."""

    all: Mapping[str, str]
    by_language: Mapping[str, str]

    def of(self, language: str) -> str:
        """Return the fingerprints of the text behind a score in one language, as one string."""
        return " ".join(
            self.all[name] for name in sorted(self.all) if name == language or name not in self.by_language
        )


@dataclass(frozen=True)
class _Scores:
    """A target's scores: arrays (rows, languages) in the order of the standing and of the target.

    `measured` marks what any seed measured, `sound` what every seed measured on all of the target's examples
    by the protocol, and to which no notice objects; `mean` is the mean over seeds in points. `text` (rows,)
    is the index into `texts` of the text that each row was measured on.
    """

    measured: NDArray[np.bool_]
    sound: NDArray[np.bool_]
    mean: NDArray[np.float64]
    texts: tuple[_Text, ...]
    text: NDArray[np.int64]


@once
def _scores(standing: Standing) -> _Scores:
    target = standing.target
    results = [standing.cell(row).result for row in standing.rows]
    shape = (len(results), len(target.languages))
    measured, sound, mean = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool), np.full(shape, np.nan)
    sizes = np.array([target.sizes.get(language, np.nan) for language in target.languages])
    for layout, rows in _same_layout(results).items():
        columns = [column for column, language in enumerate(target.languages) if language in layout.languages]
        positions = [layout.languages.index(target.languages[column]) for column in columns]
        tables = np.stack([results[row].table for row in rows])[
            :, :, positions
        ]  # (rows, seeds, languages, 4)
        scores, counts = tables[..., 0], tables[..., 3]
        block = np.ix_(rows, columns)
        measured[block] = ~np.isnan(scores).all(axis=1)
        sound[block] = (np.isnan(sizes[columns]) | (counts == sizes[columns])).all(axis=1)
        # Added in the order of the seeds, as for a cell's score.
        mean[block] = sum(scores[:, seed] for seed in range(layout.seeds)) / layout.seeds
    fit = np.array(
        [
            cell.result.signature.protocol == target.signature and not cell.trust.notices
            for cell in map(standing.cell, standing.rows)
        ],
        dtype=bool,
    )
    texts, text = _distinct_texts(results)
    return _Scores(measured, sound & fit[:, None], mean, texts, text)


@dataclass(frozen=True)
class _Layout:
    """The number of seeds and the languages of a result's table."""

    seeds: int
    languages: tuple[str, ...]


def _same_layout(results: Sequence[CompactResult]) -> dict[_Layout, list[int]]:
    """Group the indices of results whose tables can be stacked; results without a seed are left out."""
    layouts: dict[_Layout, list[int]] = {}
    for number, result in enumerate(results):
        if len(result.table):
            layouts.setdefault(_Layout(len(result.table), tuple(result.language_index)), []).append(number)
    return layouts


def _distinct_texts(results: Sequence[CompactResult]) -> tuple[tuple[_Text, ...], NDArray[np.int64]]:
    """Return the distinct texts and, for each result, the index of its text (results,).

    Results read from the build cache share equal objects, so that identity suffices.
    """
    numbers: dict[tuple[int, int], int] = {}
    texts: list[_Text] = []
    text = np.zeros(len(results), dtype=np.int64)
    for row, result in enumerate(results):
        key = (id(result.texts), id(result.data))
        if key not in numbers:
            numbers[key] = len(texts)
            texts.append(_Text(result.texts, result.data))
        text[row] = numbers[key]
    return tuple(texts), text


# ---- one language --------------------------------------------------------------------------------


@once
def language_standing(standing: Standing, language: str) -> LanguageStanding:
    """Order a target's rows by score in one language; rows measured on other text get no place."""
    scores, column = _scores(standing), standing.target.languages.index(language)
    measured, mean = scores.measured[:, column], scores.mean[:, column]
    ranked = (
        measured & scores.sound[:, column] & ~np.isnan(mean) & _on_the_shared_text(scores, measured, language)
    )
    placed = list(_best(standing, language, np.flatnonzero(ranked), mean))
    others = sorted(np.flatnonzero(measured & ~ranked).tolist(), key=lambda row: standing.rows[row].slug)
    for number in others[: max(0, LISTED - len(placed))]:
        row = standing.rows[number]
        placed.append(
            LanguageRow(row, standing.cell(row), language, None, _why_unplaced(standing.cell(row), language))
        )
    return LanguageStanding(
        standing.target, tuple(placed), int(measured.sum()), tuple(_reported(standing, language))
    )


def _on_the_shared_text(scores: _Scores, measured: NDArray[np.bool_], language: str) -> NDArray[np.bool_]:
    """Return which rows (rows,) were measured on the most common text; ties go to the first by name."""
    texts = [text.of(language) for text in scores.texts]
    counts = Counter[str]()
    for text, count in zip(
        texts, np.bincount(scores.text[measured], minlength=len(texts)).tolist(), strict=True
    ):
        counts[text] += count
    shared = min(counts, key=lambda text: (-counts[text], text), default="")
    return np.array([text == shared for text in texts], dtype=bool)[scores.text]


def _best(
    standing: Standing, language: str, rows: NDArray[np.int64], means: NDArray[np.float64]
) -> Iterator[LanguageRow]:
    """Yield the rows that a page lists; equal rounded scores share a place and are ordered by slug."""
    shown: list[tuple[int, str, int]] = []
    last = None
    for above, number in enumerate(rows[np.argsort(-means[rows], kind="stable")].tolist()):
        score = round(float(means[number]), 2)
        if score != last:
            if above >= LISTED:
                break
            last, place = score, above + 1
        shown.append((place, standing.rows[number].slug, number))
    for place, _, number in sorted(shown)[:LISTED]:
        row = standing.rows[number]
        yield LanguageRow(row, standing.cell(row), language, place, "")


def _why_unplaced(cell: Cell, language: str) -> str:
    target, result = cell.target, cell.result
    if cell.trust.notices:
        return cell.trust.objection
    if result.language_score(language) is None:
        return "not measured on every seed"
    if result.signature.protocol != target.signature:
        return f"measured as {result.signature.protocol}, not as {target.signature}"
    size = target.sizes.get(language)
    if size is not None and any(checkpoint.scores[language].n != size for checkpoint in result.checkpoints):
        return f"not measured on all {size:,} {target.unit}"
    return "measured on other text than most rows"


def _reported(standing: Standing, language: str) -> Iterator[ReportedLanguageRow]:
    for row in standing.reported:
        published = row.cells[standing.target.name].published
        if language in published.languages:
            yield ReportedLanguageRow(row, published.languages[language], published.differs)
