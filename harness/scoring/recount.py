"""Check that outcomes are what the harness writes, and that the scores of their result follow from them.

The digest in a result shows that its outcomes were not changed by accident. Both files come from one hand, so that it does not
show more: what is compared, ranked and resampled is the outcomes, while the scores stand on the pages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.characters import shown
from harness.records import Result, Target
from harness.scoring.outcomes import COUNTS, Run, codes_of, columns_of, runs, values_of
from harness.scoring.statistics.resampling import f1

# Points. Scores are written with four decimals.
TOLERANCE = 1e-3

_TYPES: Mapping[str, tuple[str, Callable[[pa.DataType], bool]]] = {
    "number": ("whole numbers", pa.types.is_integer),
    "share": ("fractions", pa.types.is_floating),
    "truth": ("true and false", pa.types.is_boolean),
    "text": ("text", pa.types.is_string),
}
_COLUMNS = {
    **dict.fromkeys(("seed", "index", *COUNTS), "number"),
    **dict.fromkeys(("average_precision", "score"), "share"),
    **dict.fromkeys(("correct", "gold", "accepted"), "truth"),
    **dict.fromkeys(("language", "split", "foreign"), "text"),
}


class Cell(NamedTuple):
    """What the rows of one seed and language come to: the score in points, and how many examples it is of."""

    score: float
    n: int


def disagreements(target: Target, result: Result, outcomes: pa.Table) -> Iterator[str]:
    """Say what in the outcomes the harness would not have written, or which scores do not follow from them; rows count from 1."""
    if not outcomes.num_rows and not any(checkpoint.scores for checkpoint in result.checkpoints):
        return  # everything failed
    names = ("seed", "language", *columns_of(target))
    found = [reason for name in names for reason in _column(target, outcomes, name)]
    found = found or list(_counts(target, outcomes)) or list(_cells(target, result, outcomes))
    yield from found


def _column(target: Target, outcomes: pa.Table, name: str) -> Iterator[str]:
    if name not in outcomes.column_names:
        yield f"has no column {name!r}"
        return
    column = outcomes[name]
    # The gold of a tagger is a number of chunks, of mined pairs it is true or false.
    kind = "number" if target.kind == "tagging" and name == "gold" else _COLUMNS[name]
    words, fits = _TYPES[kind]
    if not fits(column.type):
        yield f"column {name!r} holds {column.type}, not {words}"
    elif column.null_count:
        row = next(number for number, there in enumerate(column.is_valid().to_pylist(), start=1) if not there)
        yield f"column {name!r}, row {row}: nothing stands there"
    elif kind == "share" and outcomes.num_rows:
        values = values_of(column)
        yield from _first(~((values >= 0) & (values <= 1)), values, f"column {name!r}", "a fraction from 0 to 1")


def _counts(target: Target, outcomes: pa.Table) -> Iterator[str]:
    """Check that no more was found than was proposed, or is gold."""
    if target.kind == "tagging" and outcomes.num_rows:
        found, proposed, gold = (values_of(outcomes[name]) for name in COUNTS)
        for name, least, values in (("proposed", found, proposed), ("gold", found, gold), ("true_positives", 0, found)):
            words = "at least 0" if name == "true_positives" else "at least the true positives"
            yield from _first(values < least, values, f"column {name!r}", words)


def _first(wrong: NDArray[np.bool_], values: NDArray[Any], where: str, expected: str) -> Iterator[str]:
    """Name the first of the wrong values."""
    if wrong.any():
        row = int(wrong.argmax())
        yield f"{where}, row {row + 1}: expected {expected}, found {shown(values[row])}"


def _cells(target: Target, result: Result, outcomes: pa.Table) -> Iterator[str]:
    found = runs(outcomes)
    scores = {(checkpoint.seed, language): score for checkpoint in result.checkpoints for language, score in checkpoint.scores.items()}
    scattered = [cell for cell, times in Counter(run[:2] for run in found).items() if times > 1]
    yield from (f"the rows of {_named(*cell)} do not stand together" for cell in scattered)
    yield from (f"has rows of {_named(*run[:2])}, of which the result has no score" for run in found if run[:2] not in scores)
    missing = scores.keys() - {run[:2] for run in found}
    yield from (f"has no rows of {_named(*cell)}, of which the result has a score" for cell in scores if cell in missing)
    if scattered:
        return
    if target.kind != "mining":
        yield from _disorder(target, values_of(outcomes["index"]), found)
    for run, counted in zip(found, _counted(target, outcomes, found), strict=True):
        score = scores.get(run[:2])
        if score is not None and counted.n != score.n:
            yield f"{_named(*run[:2])}: the result counts {score.n} {target.unit}, the outcomes hold {counted.n}"
        elif score is not None and abs(counted.score - score.score) > TOLERANCE:
            yield f"{_named(*run[:2])}: the result's score is {score.score:.4f}, the outcomes give {counted.score:.4f}"


def _named(seed: int, language: str) -> str:
    return f"seed {seed} in {shown(language)}"


def _disorder(target: Target, index: NDArray[Any], found: Sequence[Run]) -> Iterator[str]:
    """Name runs whose examples do not stand in their order, by which two submissions are paired; mined pairs have names instead."""
    begins = [run.begin for run in found]
    if target.kind == "clir":  # a collection's queries may leave numbers out: those that nothing is judged for
        wrong = np.diff(index, prepend=-1) < 1
        wrong[begins] = index[begins] < 0
    else:
        wrong = index != np.arange(len(index)) - np.repeat(begins, [run.end - run.begin for run in found])
    if wrong.any():
        for run in found:
            if wrong[run.begin : run.end].any():
                row = int(wrong[run.begin : run.end].argmax())
                holds = f"column 'index' holds {index[run.begin + row]} at its row {row + 1}"
                yield f"{_named(*run[:2])}: {holds}, so that the examples are not in their order"


def _counted(target: Target, outcomes: pa.Table, found: Sequence[Run]) -> list[Cell]:
    """Return what each run of rows comes to."""
    begins = [run.begin for run in found]
    sizes = [run.end - run.begin for run in found]
    if not found:
        return []
    if target.kind not in ("mining", "tagging"):
        sums = np.add.reduceat(values_of(outcomes[columns_of(target)[-1]]), begins, dtype=np.float64)
        return [Cell(100 * float(total) / n, n) for total, n in zip(sums, sizes, strict=True)]
    if target.kind == "tagging":
        columns = [values_of(outcomes[name]) for name in COUNTS]
    else:
        gold, accepted = (values_of(outcomes[name]).astype(bool) for name in ("gold", "accepted"))
        splits = codes_of(outcomes["split"])
        scored = splits == np.repeat(splits[[run.end - 1 for run in found]], sizes)  # the last split, in which the rows end
        columns = [gold & accepted & scored, accepted & scored, gold & scored]
    counts = np.stack([np.add.reduceat(column, begins, dtype=np.float64) for column in columns], axis=1)
    counted = sizes if target.kind == "tagging" else [int(each) for each in counts[:, 2]]
    return [Cell(100 * float(each), n) for each, n in zip(f1(counts), counted, strict=True)]


def recount(target: Target, rows: pa.Table) -> Cell:
    """Return what the outcomes of one seed and language come to."""
    (cell,) = _counted(target, rows, [Run(0, "", 0, rows.num_rows)])
    return cell
