"""Outcomes as a table: its cells, and its columns as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


class RowRange(NamedTuple):
    """The rows [begin, end) of one seed and language."""

    seed: int
    language: str
    begin: int
    end: int


def runs(outcomes: pa.Table) -> list[RowRange]:
    """Return the runs of consecutive rows with one seed and language, in order.

    In files of the harness each seed and language has exactly one run.
    """
    if not outcomes.num_rows:
        return []
    seeds = values_of(outcomes["seed"])
    codes = outcomes["language"].combine_chunks().dictionary_encode()
    languages, names = values_of(codes.indices), codes.dictionary.to_pylist()
    changes = np.flatnonzero((seeds[1:] != seeds[:-1]) | (languages[1:] != languages[:-1])) + 1
    bounds = pairwise([0, *changes.tolist(), len(seeds)])
    return [RowRange(int(seeds[begin]), names[languages[begin]], begin, end) for begin, end in bounds]


def cells(outcomes: pa.Table) -> Mapping[tuple[int, str], pa.Table]:
    """Return the rows of each (seed, language), as slices or concatenations that copy nothing."""
    parts_by_cell: dict[tuple[int, str], list[pa.Table]] = {}
    for run in runs(outcomes):
        parts_by_cell.setdefault((run.seed, run.language), []).append(
            outcomes.slice(run.begin, run.end - run.begin)
        )
    return {cell: pa.concat_tables(parts) for cell, parts in parts_by_cell.items()}


def codes_of(column: pa.ChunkedArray) -> NDArray[Any]:
    """Return a code for each text of a column (rows,); equal texts have equal codes."""
    return values_of(column.combine_chunks().dictionary_encode().indices)


def values_of(column: pa.ChunkedArray | pa.Array) -> NDArray[Any]:
    """Return the values of a column (rows,), booleans as 1 and 0.

    pyarrow's `to_numpy` imports pandas where it is installed, which takes longer than all uses of the values.
    """
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_string(whole.type):
        return np.array(whole.to_pylist())
    return np.from_dlpack(whole.cast(pa.uint8()) if pa.types.is_boolean(whole.type) else whole)
