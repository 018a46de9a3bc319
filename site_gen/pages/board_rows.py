"""The leaderboard's rows as columns, for the script that sorts and filters them; pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from site_gen.board.board import Board, Row
from site_gen.board.glossary import meaning
from site_gen.figures.style import REGIME_MARKS
from site_gen.formatting import language_name
from site_gen.pages.board_columns import BoardColumn, benchmark_rows, board_columns

_Value = TypeVar("_Value")


def rows_js(board: Board) -> bytes:
    """Return a script with all rows, by column.

    It is a script because a page opened from disk may load nothing else.
    """
    rows, columns = benchmark_rows(board), board_columns(board)
    families = {name: number for number, name in enumerate(sorted({row.submission.family for row in rows}))}
    regimes = {regime: number for number, regime in enumerate(REGIME_MARKS)}
    document = {
        "columns": [
            {
                "key": column.key,
                "title": column.title,
                "unit": column.unit,
                "kind": column.kind,
                "target": column.target,
                "shown": column.shown,
                "meaning": meaning(column.title),
            }
            for column in columns
        ],
        "regimes": [regime.value for regime in regimes],
        "families": list(families),
        "slug": [row.slug for row in rows],
        "words": [_words(row) for row in rows],
        "regime": [regimes[row.regime] for row in rows],
        "family": [families[row.submission.family] for row in rows],
        "batches": _sparse(
            batches.value if (batches := row.submission.intermediate.batches) else None for row in rows
        ),
        "cells": {column.key: _cells(column, rows) for column in columns},
    }
    return f"stiltboardRows({json.dumps(document, ensure_ascii=False, separators=(',', ':'))});\n".encode()


def _words(row: Row) -> str:
    """Return what a search finds a row by, besides the cells that are always shown."""
    submission = row.submission
    names = [submitter.name for submitter in submission.submitters]
    languages = [language_name(code) for code in submission.intermediate.languages]
    return " ".join(
        [row.slug, *submission.aliases, submission.family, submission.base.id, *names, *languages]
    )


def _cells(column: BoardColumn, rows: Sequence[Row]) -> Mapping[str, object]:
    """Return the cells of a column: texts, values where they are no texts, and the sparse rest by row."""
    cells = [column.cell(row) for row in rows]
    rest = {
        name: _sparse(getattr(cell, name) for cell in cells)
        for name in ("detail", "hover", "bar", "notes", "links")
    }
    values = {"value": [cell.value for cell in cells]} if column.is_number or column.key == "rank" else {}
    return {
        "text": [cell.text for cell in cells],
        **values,
        **{name: held for name, held in rest.items() if held},
    }


def _sparse(values: Iterable[_Value | None]) -> dict[int, _Value]:
    """Return the non-empty values by their row's number."""
    return {number: value for number, value in enumerate(values) if value}
