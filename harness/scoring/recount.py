"""Check that outcomes are what the harness writes, and that the scores of their result follow from them.

The digest in a result only detects accidental changes of its outcomes, since one person submits both files.
Comparisons, ranks and intervals use the outcomes, while pages show the scores of the result: the two must
agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import pyarrow as pa

from harness.characters import shown
from harness.records import Result, Target
from harness.scoring.outcomes import RowRange, runs, values_of
from harness.scoring.tables import TABLES, ColumnType, Recounted

# Points. Scores are written with four decimals.
TOLERANCE = 1e-3

_TYPES: Mapping[ColumnType, tuple[str, Callable[[pa.DataType], bool]]] = {
    "number": ("whole numbers", pa.types.is_integer),
    "share": ("fractions", pa.types.is_floating),
    "truth": ("true and false", pa.types.is_boolean),
    "text": ("text", pa.types.is_string),
}


def disagreements(target: Target, result: Result, outcomes: pa.Table) -> Iterator[str]:
    """Yield what is invalid in the outcomes, or which scores do not follow from them; rows count from 1."""
    if not outcomes.num_rows and not any(checkpoint.scores for checkpoint in result.checkpoints):
        return  # everything failed
    table = TABLES[target.kind]
    columns: dict[str, ColumnType] = {"seed": "number", "language": "text", **table.columns}
    reasons = [
        reason for name, content in columns.items() for reason in _column_faults(outcomes, name, content)
    ]
    if not reasons and outcomes.num_rows:
        reasons = [
            f"column {fault.column!r}, row {fault.row + 1}: "
            f"expected {fault.expected}, found {shown(fault.value)}"
            for fault in table.faults(outcomes)
        ]
    yield from reasons or _cell_faults(target, result, outcomes)


def _column_faults(outcomes: pa.Table, name: str, content: ColumnType) -> Iterator[str]:
    if name not in outcomes.column_names:
        yield f"has no column {name!r}"
        return
    column = outcomes[name]
    type_name, is_type = _TYPES[content]
    if not is_type(column.type):
        yield f"column {name!r} holds {column.type}, not {type_name}"
    elif column.null_count:
        row = next(number for number, valid in enumerate(column.is_valid().to_pylist(), start=1) if not valid)
        yield f"column {name!r}, row {row}: the value is missing"
    elif content == "share" and outcomes.num_rows:
        values = values_of(column)
        wrong = ~((values >= 0) & (values <= 1))
        if wrong.any():
            row = int(wrong.argmax())
            yield (
                f"column {name!r}, row {row + 1}: expected a fraction from 0 to 1, found {shown(values[row])}"
            )


def _cell_faults(target: Target, result: Result, outcomes: pa.Table) -> Iterator[str]:
    row_ranges = runs(outcomes)
    scores = {
        (checkpoint.seed, language): score
        for checkpoint in result.checkpoints
        for language, score in checkpoint.scores.items()
    }
    scattered = [cell for cell, times in Counter(run[:2] for run in row_ranges).items() if times > 1]
    yield from (f"the rows of {_named(*cell)} are not contiguous" for cell in scattered)
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
    if scattered:
        return
    yield from _disorder(target, outcomes, row_ranges)
    for run, counted in zip(row_ranges, _recounted(target, outcomes, row_ranges), strict=True):
        score = scores.get(run[:2])
        if score is not None and counted.n != score.n:
            yield (
                f"{_named(*run[:2])}: "
                f"the result counts {score.n} {target.unit}, the outcomes hold {counted.n}"
            )
        elif score is not None and abs(counted.score - score.score) > TOLERANCE:
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
