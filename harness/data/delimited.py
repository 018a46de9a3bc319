"""Read tables as text: cells separated by tabs or commas, with or without quoting and a header."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from harness.data.reading_notes import note
from harness.data.text_encoding import CORRECT
from harness.data.text_files import numbered_lines
from harness.errors import BadInput, Where

Row = tuple[int, list[str]]  # number of the line, cells
# Column → the names that it has in headers, in any case; the first one is used in messages.
Columns = Mapping[str, Sequence[str]]

_MARK = '"'  # the quotation mark
# A header has at least two known names: one cell may have a name's text by chance.
_HEADER_NAMES = 2
_NUMBERING = ("id", "index", "idx", "pair_id", "pairid")


def tab_separated(path: Path) -> Iterator[Row]:
    """Yield the cells of every line, separated by tabs.

    Python's csv module encloses every cell with a quotation mark in quotation marks and doubles those inside;
    other writers enclose all cells of a column. Official sets have no quoting, and a text may begin with a
    quotation mark without ending in one. So quoting is undone, and noted, only if the whole file follows it.
    """
    undo = _unquoting(path)
    for number, line in numbered_lines(path):
        yield number, undo(line.split("\t"))


def comma_separated(path: Path) -> Iterator[Row]:
    """Yield the cells of every record of a CSV file (RFC 4180), with the number of its last line.

    A cell in quotation marks may contain line ends. Raises BadInput for other quoting.
    """
    reader = csv.reader((f"{line}\n" for _, line in numbered_lines(path)), strict=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as reason:
        message = f"not CSV: {reason}"
        cure = 'write "" for a quotation mark within a quoted text'
        raise BadInput(message, where=Where(str(path), reader.line_num), cure=cure) from None


def named_columns(
    path: Path,
    rows: Iterable[Row],
    columns: Columns,
    *,
    order: Sequence[str] = (),
    headed: bool | None = False,
    cure: str = CORRECT,
) -> Iterator[Row]:
    """Yield the cells of `columns`, in their order.

    A first row with at least two known names is a header, and columns are found by it. Without one they are
    in `order`, where names that are not in `columns` are skipped; without `order` a header is required.
    `headed` tells whether the official files have one: a deviation is noted, unless it is None. Raises
    BadInput for a column that a header does not name, and for rows of another length.
    """
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return
    names = [cell.strip().casefold() for cell in first[1]]
    known = {*(alias.casefold() for aliases in columns.values() for alias in aliases), *_NUMBERING}
    if sum(name in known for name in names) >= _HEADER_NAMES or not order:
        positions = _positions(path, first, columns)
        width, expected = len(names), ""
        if headed is False:
            note(path, "line 1 is read as a header, which names the columns")
    else:
        positions = [order.index(name) for name in columns]
        width = len(order)
        expected = ": " + ", ".join(columns[name][0] if name in columns else name for name in order)
        rows = chain([first], rows)
        if headed:
            note(path, f"there is no header, so the columns are read as {expected.removeprefix(': ')}")
    for number, cells in rows:
        if len(cells) != width:
            message = f"found {len(cells)} columns, expected {width}{expected}"
            raise BadInput(message, where=Where(str(path), number), cure=cure)
        yield number, [cells[position] for position in positions]


def _positions(path: Path, header: Row, columns: Columns) -> list[int]:
    """Return the position of every column in a header; of several names for one, the first of its list."""
    number, cells = header
    names = [cell.strip().casefold() for cell in cells]
    positions = []
    for aliases in columns.values():
        present = [alias.casefold() for alias in aliases if alias.casefold() in names]
        if not present:
            raise BadInput(
                f"the header names no column {aliases[0]}, only {', '.join(cells)}",
                where=Where(str(path), number),
                cure=f"name the column in line {number}: {' or '.join(aliases)}",
            )
        positions.append(names.index(present[0]))
    return positions


# ---- quoting -----------------------------------------------------------------------------------


class _QuotationMarks:
    """Counts of the cells with a quotation mark, and the columns that are quoted as a whole."""

    def __init__(self) -> None:
        """Start without a row."""
        self.rows = self.marked = self.by_csv = self.exception = 0
        self.columns: set[int] = set()  # columns with a quotation mark
        self.enclosed: set[int] | None = None  # columns whose cells are all in quotation marks

    def add(self, number: int, cells: Sequence[str]) -> None:
        """Count a row; empty lines separate sentences in some formats, and are no rows."""
        self.rows += 1
        enclosed = {column for column, cell in enumerate(cells) if _is_enclosed(cell)}
        self.enclosed = enclosed if self.enclosed is None else self.enclosed & enclosed
        for column, cell in enumerate(cells):
            if _MARK in cell:
                self.columns.add(column)
                self.marked += 1
                if _quoted(_unquoted(cell)) == cell:
                    self.by_csv += 1
                else:
                    self.exception = self.exception or number


def _unquoting(path: Path) -> Callable[[list[str]], list[str]]:
    """Return the function that undoes a row's quoting; it changes nothing unless the whole file is quoted."""
    marks = _QuotationMarks()
    for number, line in numbered_lines(path):
        if _MARK in line or (line and marks.enclosed != set()):
            marks.add(number, line.split("\t"))
    if marks.marked and marks.by_csv == marks.marked:
        note(path, "quotation marks around and doubled within texts are read as quoting")
        return lambda cells: [_unquoted(cell) if _MARK in cell else cell for cell in cells]
    # A single row with direct speech is not quoted.
    if marks.rows > 1 and marks.columns and marks.columns <= (marks.enclosed or set()):
        note(path, "the quotation marks around every text are read as quoting")
        columns = frozenset(marks.columns)
        return lambda cells: [_unquoted(cell) if i in columns else cell for i, cell in enumerate(cells)]
    if marks.by_csv > marks.marked / 2:
        odd = f"line {marks.exception} is not quoted like the others"
        note(path, f"quotation marks are read as text, since {odd}")
    return lambda cells: cells


def _is_enclosed(cell: str) -> bool:
    return len(cell) > 1 and cell[0] == cell[-1] == _MARK and _MARK not in cell[1:-1].replace(_MARK * 2, "")


def _quoted(text: str) -> str:
    """Return a cell as Python's csv module writes it."""
    return _MARK + text.replace(_MARK, _MARK * 2) + _MARK if _MARK in text else text


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace(_MARK * 2, _MARK)
