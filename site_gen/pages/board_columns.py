"""The columns of the leaderboard: the one place that says which there are and what their cells hold; pure.

The template `board.html` and the script `board.js` draw a cell by the kind of its column, and know no column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, NamedTuple

from harness.catalog import BY_NAME
from harness.characters import shown
from site_gen import paths
from site_gen.board.averages import XTREME_GROUPS
from site_gen.board.board import Board, Cell, Row, Standing
from site_gen.board.model_size import size_words
from site_gen.board.recipe import recipe_title
from site_gen.board.regimes import regime_word
from site_gen.board.unpublished import weights_links
from site_gen.formatting import (
    capital,
    compact,
    count,
    group_name,
    metric_name,
    points,
    rank_range,
    score_range,
    share,
)
from site_gen.once import once

# What a cell shows where its row has no value.
NOTHING = "–"
NOT_SEPARABLE = "not separable"
NOT_TESTED = "not tested"
ONE_TRAINING = "trained once: its range is over examples alone, and another training may score differently"
Kind = Literal["title", "regime", "text", "number", "score", "links"]


class CellNote(NamedTuple):
    """A warning at a score: in a word or two, and in full."""

    short: str
    full: str


class BoardCell(NamedTuple):
    """A cell: its text, its value for sorting (None sorts last), and what is shown with it.

    `detail` follows the text in a softer colour; `hover` is the text of the tooltip; `bar` is the position of
    an interval and its score on a line of 0 to 100; `links` are (words, address), relative to the site's root
    where they have no scheme.
    """

    text: str
    value: float | str | None = None
    detail: str = ""
    hover: str = ""
    bar: tuple[float, float, float] | None = None
    notes: tuple[CellNote, ...] = ()
    links: tuple[tuple[str, str], ...] = ()


EMPTY = BoardCell(NOTHING)


@dataclass(frozen=True)
class BoardColumn:
    """A column: its key in addresses, title, unit below the title, kind, and the cell of a row.

    A column is `shown` at first if it says something of most rows; a reader can show the others. `target` is
    the name of the target whose score it holds, empty for others.
    """

    key: str
    title: str
    unit: str
    kind: Kind
    cell: Callable[[Row], BoardCell]
    target: str = ""
    shown: bool = True

    @property
    def is_number(self) -> bool:
        """Tell whether the column is aligned to the right and sorted largest first."""
        return self.kind in ("number", "score")


@once
def benchmark_rows(board: Board) -> tuple[Row, ...]:
    """Return the leaderboard's rows in the order of the main target, then rows without a result on it."""
    if not board.has_main:
        return ()
    rows = {row.slug: row for row in board.rows}
    first = [rows.pop(row.slug) for row in board.main.rows]
    return (*first, *(row for row in rows.values() if board.counts(row)))


@once
def board_columns(board: Board) -> tuple[BoardColumn, ...]:
    """Return the columns of a board in their order, those first that name and describe a row."""
    rows, chosen = benchmark_rows(board), board.settings.columns
    if chosen:
        return tuple(replace(column, shown=column.key in chosen) for column in _columns(board))
    varied = {"mark"} if board.settings.asks_regimes else {"mark", "regime"}
    return tuple(_with_default(column, rows, column.key in varied) for column in _columns(board))


def unknown_columns(board: Board) -> Iterator[tuple[str, str]]:
    """Yield a message and a cure for each column of the board's settings that its table cannot have."""
    known = dict.fromkeys(column.key for column in _columns(board))
    targets = dict.fromkeys((*BY_NAME, *(standing.target.name for standing in board.benchmark)))
    for key in board.settings.columns:
        if key not in known and key not in targets and key not in _MEANS:
            yield f"columns: there is no column {shown(key)}", f"one of: {', '.join(known)}"


def target_columns(standing: Standing) -> tuple[BoardColumn, ...]:
    """Return the columns of one target's ranking."""
    return (*_description(), *_ranking(standing), BoardColumn("seeds", "Seeds", "", "number", _seeds))


def _description() -> tuple[BoardColumn, ...]:
    return (
        BoardColumn("title", "Model", "", "title", _title),
        BoardColumn("regime", "Regime", "", "regime", _regime),
        BoardColumn("task", "Trained on", "", "text", _task),
        BoardColumn("size", "Size", "without embeddings", "number", _size),
    )


def _ranking(standing: Standing) -> tuple[BoardColumn, ...]:
    return (
        _target_column(standing, "score"),
        BoardColumn("rank", "Rank", f"on {standing.target.title}", "text", partial(_rank, standing)),
    )


def _columns(board: Board) -> Iterator[BoardColumn]:
    targets = [standing for standing in board.benchmark if standing.rows]
    main = board.main
    yield from _description()
    if main in targets:
        yield from _ranking(main)
    yield from (_target_column(standing, "number") for standing in targets if standing is not main)
    yield BoardColumn("seeds", "Seeds", "", "number", _seeds)
    yield BoardColumn("mark", "Checked", "", "text", _mark)
    yield BoardColumn("total", "Size in total", "parameters", "number", _total)
    yield BoardColumn("family", "Family", "", "text", _family)
    yield BoardColumn("submitter", "Submitted by", "", "text", _submitter)
    groups = {standing.target.group for standing in targets if standing.target.in_xtreme}
    for group in (group for group in XTREME_GROUPS if group in groups):
        yield BoardColumn(f"mean-{group}", group_name(group), "mean", "number", partial(_mean, group))
    if groups or not board.settings.targets:
        yield BoardColumn("xtreme", "XTREME average", "", "number", partial(_mean, ""))
    yield BoardColumn("links", "Links", "", "links", _links)


_ON_REQUEST = frozenset({"total", "family", "submitter"})
# Columns of averages, which a board has once their targets have results.
_MEANS = frozenset({"xtreme", *(f"mean-{group}" for group in XTREME_GROUPS)})


def _with_default(column: BoardColumn, rows: Sequence[Row], if_varied: bool) -> BoardColumn:
    """Return a column, shown at first if most rows have a value, and with `if_varied` if these differ."""
    cells = [column.cell(row) for row in rows]
    filled = sum(
        bool(cell.links) if column.kind == "links" else cell.value is not None and cell.text != NOT_SEPARABLE
        for cell in cells
    )
    is_varied = not if_varied or len({cell.text for cell in cells}) > 1
    is_shown = column.key not in _ON_REQUEST and 2 * filled >= len(cells) and is_varied
    return replace(column, shown=is_shown or not cells)


# ---- the cells ---------------------------------------------------------------------------------------


def _title(row: Row) -> BoardCell:
    own_code = CellNote("own code", "measured by its submitters’ own code")
    by_target = CellNote("layer by target", "layer and pooling were chosen for each target")
    submission = row.submission
    marks = ((own_code, submission.checkpoints[0].own_code), (by_target, submission.encoding_by_target))
    return BoardCell(
        row.submission.title,
        row.submission.title,
        hover=f"{row.submission.title} ({row.slug})",
        notes=tuple(note for note, applies in marks if applies),
        links=((row.submission.title, paths.page(row.slug)),),
    )


def _regime(row: Row) -> BoardCell:
    word = regime_word(row.regime)
    return BoardCell(word, word)


def _task(row: Row) -> BoardCell:
    title = recipe_title(row.submission)
    return BoardCell(title, title, hover=title) if title else EMPTY


def _size(row: Row) -> BoardCell:
    size = row.parameters
    if size is None:
        return EMPTY
    words = size_words(row, next(iter(row.cells.values())))
    hover = f"{count(size.body)} parameters outside the embeddings, {count(size.total)} in total"
    return BoardCell(words, size.body, hover=hover)


def _total(row: Row) -> BoardCell:
    return BoardCell(compact(row.parameters.total), row.parameters.total) if row.parameters else EMPTY


def _seeds(row: Row) -> BoardCell:
    number = len(row.submission.checkpoints)
    return BoardCell(str(number), number)


def _mark(row: Row) -> BoardCell:
    return BoardCell(row.mark, row.mark) if row.mark else EMPTY


def _family(row: Row) -> BoardCell:
    return BoardCell(row.submission.family, row.submission.family)


def _submitter(row: Row) -> BoardCell:
    names = ", ".join(submitter.name for submitter in row.submission.submitters)
    return BoardCell(names, names, hover=names)


def _mean(group: str, row: Row) -> BoardCell:
    average = row.groups[group] if group else row.average
    if average.mean is None:
        return BoardCell(share(average.covered, average.of, "targets"))
    return BoardCell(points(average.mean), round(average.mean, 4))


def _links(row: Row) -> BoardCell:
    links = [("weights", address) for address in weights_links(row)[:1]]
    links.append(("recipe", f"{paths.page(row.slug)}#card"))
    links += list(row.submission.links.items())
    return BoardCell(", ".join(words for words, _ in links), links=tuple(links))


def _target_column(standing: Standing, kind: Literal["number", "score"]) -> BoardColumn:
    target = standing.target
    cell = partial(_score, target.name, kind == "score")
    return BoardColumn(
        target.name, target.title, capital(metric_name(target.metric)), kind, cell, target=target.name
    )


def _score(target: str, is_main: bool, row: Row) -> BoardCell:
    cell = row.cells.get(target)
    if cell is None:
        return EMPTY
    notes = tuple(_score_notes(cell))
    if cell.score is None:
        missing = "failed" if cell.failed else share(cell.measured, cell.of, "languages")
        return BoardCell(missing, notes=notes)
    bounds = cell.result.interval
    value = round(cell.score, 4)
    if bounds is None:
        return BoardCell(points(cell.score), value, notes=notes)
    interval = score_range(bounds)
    if not is_main:
        return BoardCell(points(cell.score), value, hover=f"{interval} at 95\u00a0%", notes=notes)
    bar = (round(bounds[0], 1), round(cell.score, 1), round(bounds[1], 1))
    return BoardCell(points(cell.score), value, interval, bar=bar, notes=notes)


def _score_notes(cell: Cell) -> Iterator[CellNote]:
    """Yield what readers must know of a score: test data that was seen, and what maintainers object to."""
    if cell.trust.seen.said:
        yield CellNote("test data seen", cell.trust.seen.said)
    if cell.trust.notices:
        yield CellNote(cell.trust.flag, cell.trust.objection)
    if cell.one_training:
        yield CellNote("one training", ONE_TRAINING)


def _rank(standing: Standing, row: Row) -> BoardCell:
    cell = row.cells.get(standing.target.name)
    if cell is None or cell.ranks is None:
        return BoardCell("not ranked", hover=cell.reason if cell else "")
    words = rank_words(cell.ranks, len(standing.ranked), once=cell.one_training)
    best, worst = cell.ranks
    hover = ONE_TRAINING if words == NOT_TESTED else rank_hover(cell.ranks, len(standing.ranked))
    return BoardCell(words, best + worst / 10_000, hover=hover)


def rank_words(ranks: tuple[int, int], of: int, *, once: bool = False) -> str:
    """Return the range of a rank, or “not separable” of a row that is separated from no other.

    Of any other row that would be said of pairs that are separated. A row that was trained `once` is “not
    tested”: its difference to any other may be that of its seed.
    """
    if ranks != (1, of) or of == 1:
        return rank_range(*ranks)
    return NOT_TESTED if once else NOT_SEPARABLE


def rank_hover(ranks: tuple[int, int], of: int) -> str:
    """Return what a rank means, in a sentence."""
    best, worst = ranks
    surely = f"{count(best - 1)} surely better" if best > 1 else "none surely better"
    return (
        f"of {count(of)} ranked models {surely}, {count(of - worst)} surely worse, "
        f"{count(worst - best)} cannot be told apart from it"
    )


def shown_columns(columns: Iterable[BoardColumn]) -> list[BoardColumn]:
    """Return the columns that are shown at first."""
    return [column for column in columns if column.shown]
