"""Read named columns of a table, whichever of three formats it has: .tsv, .csv or .jsonl."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path

from harness.data.delimited import Columns, Row, comma_separated, named_columns, tab_separated
from harness.data.json_files import json_lines, named_members
from harness.data.text_encoding import CORRECT

TABLE = r"(?:tsv|csv|jsonl)"


def _is_json_lines(path: Path) -> bool:
    """Tell whether a table has an object on each line."""
    return path.name.removesuffix(".gz").endswith(".jsonl")


def table_rows(
    path: Path,
    columns: Columns,
    *,
    order: Sequence[str] = (),
    numbers: Collection[str] = (),
    headed: bool | None = False,
    cure: str = CORRECT,
) -> Iterator[Row]:
    """Yield the texts of `columns`, in their order, with the number of the line.

    In .tsv and .csv columns are named by a header, or else are in `order`, and `headed` is as for
    `named_columns`; in .jsonl by the keys of each object, where those of `numbers` may have whole numbers.
    Raises BadInput for rows without them.
    """
    if _is_json_lines(path):
        return named_members(path, json_lines(path), columns, numbers=numbers)
    return named_columns(path, _raw_rows(path), columns, order=order, headed=headed, cure=cure)


def _raw_rows(path: Path) -> Iterator[Row]:
    """Yield the cells of every row of a .tsv or .csv file, a header among them."""
    is_csv = path.name.removesuffix(".gz").endswith(".csv")
    return comma_separated(path) if is_csv else tab_separated(path)


def first_names(path: Path) -> list[str]:
    """Return the cells of the first row, which may be a header, or the keys of the first object."""
    if _is_json_lines(path):
        return [key for _, item in islice(json_lines(path), 1) for key in item]
    return [cell for _, cells in islice(_raw_rows(path), 1) for cell in cells]
