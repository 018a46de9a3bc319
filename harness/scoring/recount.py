"""Check that outcomes are what the harness writes, and that the scores of their result follow from them.

The digest in a result only detects accidental changes of its outcomes, since one person submits both files.
Comparisons, ranks and intervals use the outcomes, while pages show the scores of the result: the two must
agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harness.characters import shown
from harness.records import Result, Target
from harness.scoring.outcomes import RowRange, runs, values_of
from harness.scoring.tables import TABLES, OutcomeTable, Recounted

# Points. Scores are written with four decimals.
TOLERANCE = 1e-3

# The longest text of a row: an identifier, a label.
_LONGEST_TEXT = 1000


def schema_faults(target: Target, schema: pa.Schema) -> Iterator[str]:
    """Yield how the columns of a file differ from those that the harness writes for a target."""
    expected = [
        {"seed": pa.int32(), "language": pa.string(), **columns} for columns in TABLES[target.kind].schemas
    ]
    # A kind with several schemas is held to the one that is nearest.
    nearest = min(expected, key=lambda columns: len(columns.keys() ^ {*schema.names}))
    yield from (
        f"column {name!r} is there twice" for name, times in Counter(schema.names).items() if times > 1
    )
    yield from (f"has no column {name!r}" for name in nearest if name not in schema.names)
    yield from (
        f"has a column {shown(name)}, which the harness does not write"
        for name in dict.fromkeys(schema.names)
        if name not in nearest
    )
    for name, expected_type in nearest.items():
        for index in schema.get_all_field_indices(name):
            if schema.field(index).type != expected_type:
                yield f"column {name!r} holds {schema.field(index).type}, not {expected_type}"


def disagreements(target: Target, result: Result, outcomes: pa.Table) -> Iterator[str]:
    """Yield what is invalid in the outcomes, or which scores do not follow from them; rows count from 1.

    `outcomes` has at least the columns that scores and comparisons are computed from. What follows from
    what is not checked for a result by an earlier version of the protocol, only counts and order.
    """
    if not outcomes.num_rows and not any(checkpoint.scores for checkpoint in result.checkpoints):
        return  # everything failed
    table = TABLES[target.kind]
    required = ("seed", "language", *table.columns)
    reasons = [f"has no column {name!r}" for name in required if name not in outcomes.column_names]
    reasons += [reason for name in outcomes.column_names for reason in _column_faults(table, outcomes, name)]
    row_ranges = [] if reasons else runs(outcomes)
    former = target.is_former(result.signature)
    if row_ranges and not (reasons := list(_scattered(row_ranges))) and not former:
        reasons = [
            f"column {fault.column!r}, row {fault.row + 1}: "
            f"expected {fault.expected}, found {shown(fault.value)}"
            for fault in table.faults(target, outcomes, row_ranges)
        ]
    yield from reasons or _cell_faults(target, result, outcomes, row_ranges)


def _column_faults(table: OutcomeTable, outcomes: pa.Table, name: str) -> Iterator[str]:
    """Report the first value of a column that is missing, too long, not finite, or no fraction."""
    column = outcomes[name].combine_chunks()
    if name not in table.nullable and column.null_count:
        yield f"column {name!r}, row {_first(pc.is_null(column)) + 1}: the value is missing"
        return
    if pa.types.is_list(column.type):
        parents, column = pc.list_parent_indices(column).to_numpy(), pc.list_flatten(column)
        if column.null_count:
            yield f"column {name!r}, row {parents[_first(pc.is_null(column))] + 1}: a value is missing in it"
            return
    else:
        parents = np.arange(len(column))
    if pa.types.is_string(column.type):
        wrong, expected = (
            pc.greater(pc.binary_length(column), _LONGEST_TEXT),
            f"at most {_LONGEST_TEXT} bytes",
        )
    elif name in table.shares:
        inside = pc.and_(pc.greater_equal(column, 0), pc.less_equal(column, 1))
        wrong, expected = pc.invert(inside), "a fraction from 0 to 1"
    elif pa.types.is_floating(column.type):
        wrong, expected = pc.invert(pc.is_finite(column)), "a finite number"
    else:
        return
    if pc.any(wrong).as_py():
        row = _first(wrong)
        value = shown(column[row].as_py())
        yield f"column {name!r}, row {parents[row] + 1}: expected {expected}, found {value}"


def _first(flags: pa.Array) -> int:
    return int(pc.index(flags, True).as_py())


def _scattered(row_ranges: Sequence[RowRange]) -> Iterator[str]:
    times = Counter(run[:2] for run in row_ranges)
    yield from (f"the rows of {_named(*cell)} are not contiguous" for cell in times if times[cell] > 1)


def _cell_faults(
    target: Target, result: Result, outcomes: pa.Table, row_ranges: Sequence[RowRange]
) -> Iterator[str]:
    scores = {
        (checkpoint.seed, language): score
        for checkpoint in result.checkpoints
        for language, score in checkpoint.scores.items()
    }
    yield from (
        f"has rows of {_named(*run[:2])}, for which the result has no score"
        for run in row_ranges
        if run[:2] not in scores
    )
    missing = scores.keys() - {run[:2] for run in row_ranges}
    yield from (
        f"has no rows of {_named(*cell)}, for which the result has a score"
        for cell in scores
        if cell in missing
    )
    yield from _disorder(target, outcomes, row_ranges)
    former = target.is_former(result.signature)
    for run, counted in zip(row_ranges, _recounted(target, outcomes, row_ranges), strict=True):
        score = scores.get(run[:2])
        if score is not None and counted.n != score.n:
            yield (
                f"{_named(*run[:2])}: "
                f"the result counts {score.n} {target.unit}, the outcomes hold {counted.n}"
            )
        elif score is not None and not former and abs(counted.score - score.score) > TOLERANCE:
            yield (
                f"{_named(*run[:2])}: "
                f"the result's score is {score.score:.4f}, the outcomes give {counted.score:.4f}"
            )


def _named(seed: int, language: str) -> str:
    return f"seed {seed} in {shown(language)}"


def _disorder(target: Target, outcomes: pa.Table, row_ranges: Sequence[RowRange]) -> Iterator[str]:
    """Report runs whose examples are out of order; two submissions are paired by that order."""
    wrong = TABLES[target.kind].out_of_order(outcomes, row_ranges)
    for run in row_ranges if wrong.any() else ():
        if wrong[run.begin : run.end].any():
            row = int(wrong[run.begin : run.end].argmax())
            position = (
                f"column 'index' holds {values_of(outcomes['index'])[run.begin + row]} at its row {row + 1}"
            )
            yield f"{_named(*run[:2])}: {position}, so the examples are out of order"


def recount(target: Target, rows: pa.Table) -> Recounted:
    """Return the score and the number of examples of the outcomes of one seed and language."""
    (cell,) = _recounted(target, rows, [RowRange(0, "", 0, rows.num_rows)])
    return cell


def _recounted(target: Target, outcomes: pa.Table, row_ranges: Sequence[RowRange]) -> list[Recounted]:
    return TABLES[target.kind].recount(outcomes, row_ranges) if row_ranges else []
