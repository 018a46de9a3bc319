"""Check that outcomes are what the harness writes, and that the scores of their result follow from them.

The digest in a result shows that its outcomes were not changed by accident. Both files come from one hand, so that it does not
show more: what is compared, ranked and resampled is the outcomes, while the scores stand on the pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.characters import shown
from harness.outcomes import COUNTS, Floats, cells, columns_of, scored_split, units, values_of
from harness.records import Result, Target

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
    found = cells(outcomes)
    scores = {(checkpoint.seed, language): score for checkpoint in result.checkpoints for language, score in checkpoint.scores.items()}
    for seed, language in sorted(found.keys() - scores.keys()):
        yield f"has rows of seed {seed} in {shown(language)}, of which the result has no score"
    for (seed, language), score in scores.items():
        name = f"seed {seed} in {language!r}"
        if (seed, language) not in found:
            yield f"has no rows of {name}, of which the result has a score"
            continue
        rows = found[seed, language]
        if reason := _disorder(target, rows):
            yield f"{name}: {reason}"
            continue
        counted = recount(target, rows)
        if counted.n != score.n:
            yield f"{name}: the result counts {score.n} {target.unit}, the outcomes hold {counted.n}"
        elif abs(counted.score - score.score) > TOLERANCE:
            yield f"{name}: the result's score is {score.score:.4f}, the outcomes give {counted.score:.4f}"


def _disorder(target: Target, rows: pa.Table) -> str:
    """Say where examples do not stand in their order, by which two submissions are paired; mined pairs have names instead."""
    if target.kind == "mining":
        return ""
    index = values_of(rows["index"])
    # Only a collection's queries may leave numbers out: those that nothing is judged for.
    wrong = np.diff(index, prepend=-1) < 1 if target.kind == "clir" else index != np.arange(len(index))
    if not wrong.any():
        return ""
    row = int(wrong.argmax())
    return f"column 'index' holds {index[row]} at its row {row + 1}, so that the examples are not in their order"


def recount(target: Target, rows: pa.Table) -> Cell:
    """Return what the outcomes of one seed and language come to."""
    if target.kind == "mining":
        gold, accepted = (values_of(scored_split(rows)[name]).astype(bool) for name in ("gold", "accepted"))
        return Cell(_f1(np.array([np.sum(gold & accepted), accepted.sum(), gold.sum()], dtype=np.float64)), int(gold.sum()))
    (values,) = units(target, [rows])
    return Cell(_f1(values.sum(axis=0)) if values.ndim == 2 else 100 * float(values.mean()), len(values))


def _f1(counts: Floats) -> float:
    found, size = 2 * counts[0], counts[1] + counts[2]
    return 100 * float(found / size) if size else 0.0
