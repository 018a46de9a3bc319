"""Outcomes as the harness writes them, from the columns that a test is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from harness.records import Target
from harness.scoring.outcomes import runs
from harness.scoring.tables import TABLES


def as_written(target: Target, columns: pa.Table | Mapping[str, Any]) -> pa.Table:
    """Return a table with the columns and types of a file: whole numbers are narrowed, missing columns added.

    A column that is None is left out; a value that the harness would not write stays what it is.
    """
    given = (
        columns
        if isinstance(columns, pa.Table)
        else pa.table({k: v for k, v in columns.items() if v is not None})
    )
    dropped = (
        [name for name, values in columns.items() if values is None] if isinstance(columns, Mapping) else []
    )
    schemas = TABLES[target.kind].schemas
    nearest = min(schemas, key=lambda schema: len(schema.keys() ^ set(given.column_names)))
    expected = {"seed": pa.int32(), "language": pa.string(), **nearest}
    arrays: dict[str, Any] = {}
    for name, kind in expected.items():
        if name in dropped:
            continue
        column = given[name] if name in given.column_names else _default(target, name, kind, given)
        is_wider = pa.types.is_integer(column.type) and pa.types.is_integer(kind)
        is_wider = is_wider or (pa.types.is_list(column.type) and pa.types.is_list(kind))
        arrays[name] = column.cast(kind) if is_wider or pa.types.is_null(column.type) else column
    return pa.table(arrays | {name: given[name] for name in given.column_names if name not in arrays})


def _default(target: Target, name: str, kind: pa.DataType, given: pa.Table) -> pa.ChunkedArray:
    """Return values of a column that agree with the columns that are given."""
    rows = given.num_rows
    values: list[Any]
    if name == "seed":
        values = [0] * rows
    elif name == "answer":
        sizes = [run.end - run.begin for run in runs(given) for _ in range(run.begin, run.end)]
        flags = zip(given["index"].to_pylist(), given["correct"].to_pylist(), sizes, strict=True)
        values = [index if correct else (index + 1) % size for index, correct, size in flags]
    elif name == "exact":
        values = [score == 1 for score in given["score"].to_pylist()]
    elif name == "f1":
        scores = given["score"].to_pylist()
        values = [2 * score if 0 <= score <= 0.5 else float(score == 1) for score in scores]
    elif name in ("rank_in_union", "rank_in_language"):
        values = _ranks_by_language(target, given)
    elif name == "question_language":
        values = given["language"].to_pylist()
    elif name == "gains" or name.startswith("ranks_"):
        shares = given["average_precision"].to_pylist()
        values = [[1] if name == "gains" else [round(1 / share) if share else 0] for share in shares]
    elif pa.types.is_list(kind):
        values = [[]] * rows
    elif pa.types.is_string(kind):
        values = ["x"] * rows
    else:
        values = [0] * rows
    return pa.chunked_array([pa.array(values, kind)])


def _ranks_by_language(target: Target, given: pa.Table) -> list[list[int]]:
    """Return ranks of one answer, in the question's own language; beyond rank 20 where nothing is right."""
    rows = zip(given["language"].to_pylist(), given["average_precision"].to_pylist(), strict=True)
    ranks = [(language, round(1 / share) if share else 21) for language, share in rows]
    return [[rank if other == language else 0 for other in target.languages] for language, rank in ranks]
