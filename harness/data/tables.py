"""Read named columns of a table, whichever of three formats it has: .tsv, .csv or .jsonl."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.data.delimited import Columns, Row, comma_separated, named_columns, tab_separated
from harness.data.json_files import json_lines, named_members
from harness.data.text_encoding import CORRECT

TABLE = r"(?:tsv|csv|jsonl)"


def is_json_lines(path: Path) -> bool:
    """Tell whether a table has an object on each line."""
    return path.name.removesuffix(".gz").endswith(".jsonl")


def table_rows(
    path: Path, columns: Columns, *, order: Sequence[str] = (), cure: str = CORRECT
) -> Iterator[Row]:
    """Yield the texts of `columns`, in their order, with the number of the line.

    In .tsv and .csv columns are named by a header, or else are in `order`; in .jsonl by the keys of each
    object. Raises BadInput for rows without them.
    """
    if is_json_lines(path):
        return named_members(path, json_lines(path), columns)
    return named_columns(path, raw_rows(path), columns, order=order, cure=cure)


def raw_rows(path: Path) -> Iterator[Row]:
    """Yield the cells of every row of a .tsv or .csv file, a header among them."""
    is_csv = path.name.removesuffix(".gz").endswith(".csv")
    return comma_separated(path) if is_csv else tab_separated(path)
