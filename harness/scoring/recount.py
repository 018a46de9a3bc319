"""Check that outcomes are what the harness writes, and that the scores of their result follow from them.

The digest in a result shows that its outcomes were not changed by accident. Both files come from one hand, so
that it does not show more: what is compared, ranked and resampled is the outcomes, while the scores stand on
the pages.
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
    """Say what in the outcomes the harness would not have written, or which scores do not follow from them; rows count from 1."""
    if not outcomes.num_rows and not any(checkpoint.scores for checkpoint in result.checkpoints):
        return  # everything failed
    table = TABLES[target.kind]
    columns: dict[str, ColumnType] = {"seed": "number", "language": "text", **table.columns}
    found = [reason for name, holds in columns.items() for reason in _column(outcomes, name, holds)]
    if not found and outcomes.num_rows:
        found = [
            f"column {fault.column!r}, row {fault.row + 1}: expected {fault.expected}, found {shown(fault.found)}"
            for fault in table.faults(outcomes)
        ]
    yield from found or _cells(target, result, outcomes)


def _column(outcomes: pa.Table, name: str, holds: ColumnType) -> Iterator[str]:
    if name not in outcomes.column_names:
        yield f"has no column {name!r}"
        return
    column = outcomes[name]
    words, fits = _TYPES[holds]
    if not fits(column.type):
        yield f"column {name!r} holds {column.type}, not {words}"
    elif column.null_count:
        row = next(number for number, there in enumerate(column.is_valid().to_pylist(), start=1) if not there)
        yield f"column {name!r}, row {row}: nothing stands there"
    elif holds == "share" and outcomes.num_rows:
        values = values_of(column)
        wrong = ~((values >= 0) & (values <= 1))
        if wrong.any():
            row = int(wrong.argmax())
            yield f"column {name!r}, row {row + 1}: expected a fraction from 0 to 1, found {shown(values[row])}"


def _cells(target: Target, result: Result, outcomes: pa.Table) -> Iterator[str]:
    found = runs(outcomes)
    scores = {
        (checkpoint.seed, language): score
        for checkpoint in result.checkpoints
        for language, score in checkpoint.scores.items()
    }
    scattered = [cell for cell, times in Counter(run[:2] for run in found).items() if times > 1]
    yield from (f"the rows of {_named(*cell)} do not stand together" for cell in scattered)
    yield from (
        f"has rows of {_named(*run[:2])}, of which the result has no score"
        for run in found
        if run[:2] not in scores
    )
    missing = scores.keys() - {run[:2] for run in found}
    yield from (
        f"has no rows of {_named(*cell)}, of which the result has a score"
        for cell in scores
        if cell in missing
    )
    if scattered:
        return
    yield from _disorder(target, outcomes, found)
    for run, counted in zip(found, _recounted(target, outcomes, found), strict=True):
        score = scores.get(run[:2])
        if score is not None and counted.n != score.n:
            yield f"{_named(*run[:2])}: the result counts {score.n} {target.unit}, the outcomes hold {counted.n}"
        elif score is not None and abs(counted.score - score.score) > TOLERANCE:
            yield f"{_named(*run[:2])}: the result's score is {score.score:.4f}, the outcomes give {counted.score:.4f}"


def _named(seed: int, language: str) -> str:
    return f"seed {seed} in {shown(language)}"


def _disorder(target: Target, outcomes: pa.Table, found: Sequence[RowRange]) -> Iterator[str]:
    """Name runs whose examples do not stand in their order, by which two submissions are paired."""
    wrong = TABLES[target.kind].out_of_order(outcomes, found)
    for run in found if wrong.any() else ():
        if wrong[run.begin : run.end].any():
            row = int(wrong[run.begin : run.end].argmax())
            holds = (
                f"column 'index' holds {values_of(outcomes['index'])[run.begin + row]} at its row {row + 1}"
            )
            yield f"{_named(*run[:2])}: {holds}, so that the examples are not in their order"


def recount(target: Target, rows: pa.Table) -> Recounted:
    """Return what the outcomes of one seed and language come to."""
    (cell,) = _recounted(target, rows, [RowRange(0, "", 0, rows.num_rows)])
    return cell


def _recounted(target: Target, outcomes: pa.Table, found: Sequence[RowRange]) -> list[Recounted]:
    return TABLES[target.kind].recount(outcomes, found) if found else []
