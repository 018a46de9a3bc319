"""Rows of the leaderboard as Markdown, LaTeX (booktabs) or CSV; pure.

`templates/static/export.js` writes the same from what a reader sees, and a test compares the two.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence

from site_gen.board.board import Row
from site_gen.pages.board_columns import NOTHING, BoardCell, BoardColumn

_LATEX = {
    "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "–": "--",
    "\N{MINUS SIGN}": "$-$", "→": "$\\rightarrow$",
}  # fmt: skip
_FORMULA = tuple("=+-@\t\r")


def table_text(columns: Sequence[BoardColumn], rows: Sequence[Row], form: str) -> str:
    """Return the table in one of `FORMS`, with one line for each row; links are left out."""
    kept = [column for column in columns if column.kind != "links"]
    return FORMS[form](kept, [[column.cell(row) for column in kept] for row in rows])


_Cells = Sequence[Sequence[BoardCell]]


def _markdown(columns: Sequence[BoardColumn], lines: _Cells) -> str:
    def entry(cell: BoardCell) -> str:
        return _markdown_text(cell.text) + (f" ({cell.detail})" if cell.detail else "")

    head = [
        [_markdown_text(column.title) for column in columns],
        ["--:" if column.is_number else ":--" for column in columns],
    ]
    body = [[entry(cell) for cell in line] for line in lines]
    return "".join(f"| {' | '.join(words)} |\n" for words in [*head, *body])


def _markdown_text(text: str) -> str:
    return re.sub(r"[|\\*_`<>[\]]", r"\\\g<0>", text)


def _latex(columns: Sequence[BoardColumn], lines: _Cells) -> str:
    def entry(cell: BoardCell) -> str:
        if not cell.detail:
            return _latex_text(cell.text)
        interval = cell.detail.replace("–", ",\\,", 1)
        return f"${cell.text}_{{[{interval}]}}$"

    layout = "".join("r" if column.is_number else "l" for column in columns)
    body = [
        [_latex_text(column.title) for column in columns],
        *([entry(cell) for cell in line] for line in lines),
    ]
    head, *rest = (f"{' & '.join(words)} \\\\" for words in body)
    parts = ["% \\usepackage{booktabs}", f"\\begin{{tabular}}{{{layout}}}", "\\toprule", head, "\\midrule"]
    return "\n".join([*parts, *rest, "\\bottomrule", "\\end{tabular}", ""])


def _latex_text(text: str) -> str:
    return re.sub(r"[\\~^–\u2212→&%$#_{}]", lambda sign: _LATEX.get(sign[0], f"\\{sign[0]}"), text)


def _csv(columns: Sequence[BoardColumn], lines: _Cells) -> str:
    names = [
        name
        for column in columns
        for name in (column.title, *([f"{column.title} low", f"{column.title} high"] * has_bounds(column)))
    ]
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(names)
    for line in lines:
        writer.writerow(
            [
                value
                for column, cell in zip(columns, line, strict=True)
                for value in (_value(column, cell), *(_bounds(cell) if has_bounds(column) else ()))
            ]
        )
    return file.getvalue()


def has_bounds(column: BoardColumn) -> bool:
    """Tell whether a column's cells have an interval."""
    return column.kind == "score"


def _value(column: BoardColumn, cell: BoardCell) -> str:
    if column.is_number:
        return "" if cell.value is None else _plain(cell.value)
    text = "" if cell.text == NOTHING else cell.text
    return f"'{text}" if text.startswith(_FORMULA) else text


def _bounds(cell: BoardCell) -> tuple[str, str]:
    return ("", "") if cell.bar is None else (_plain(cell.bar[0]), _plain(cell.bar[2]))


def _plain(number: float | str) -> str:
    """Write a number as scripts do: without a decimal point where it is whole."""
    return f"{number:g}" if isinstance(number, float) and number.is_integer() else str(number)


FORMS: Mapping[str, Callable[[Sequence[BoardColumn], _Cells], str]] = {
    "markdown": _markdown,
    "latex": _latex,
    "csv": _csv,
}
