"""The interface of outcome tables, and the parts that several kinds share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harness.characters import shown
from harness.records import Score, Target
from harness.scoring.outcomes import RowRange, values_of
from harness.scoring.statistics.resampling import Floats, f1

# Names of columns after `seed` and `language` → their types in a file.
Schema = Mapping[str, pa.DataType]
NUMBERS = pa.list_(pa.field("element", pa.int32()))
TEXTS = pa.list_(pa.field("element", pa.string()))
# Fractions are computed in double precision, everywhere in the same order.
_ROUNDING = 1e-9


class Recounted(NamedTuple):
    """The score of one seed and language in points, and its number of examples."""

    score: float
    n: int


class Contradiction(NamedTuple):
    """The first value of a column that the harness cannot have written; `row` counts from 0."""

    column: str
    row: int
    expected: str
    value: object


class Answer(NamedTuple):
    """What outcomes hold of one example, for readers: ids and numbers, never text.

    `given` and `right` are the answer that was given and the right one, empty where the file lacks them;
    `ranks` are those of the right answers, 0 for one that was not found; `margin` is that of the given one.
    """

    given: str = ""
    right: str = ""
    ranks: tuple[int, ...] = ()
    margin: float | None = None


class OutcomeTable(Protocol):
    """The outcomes of one kind: a row per example, with columns in addition to `seed` and `language`.

    `title` names the kind for readers. A file has exactly the columns of one of the `schemas`. `columns` are
    those from which the score, its interval and every comparison are computed, and those from which these
    columns follow; the others are for secondary scores and for readers. `shares` hold fractions, `nullable`
    columns may lack values. The interval of a score is drawn at random if the kind `resamples`.
    """

    title: str
    schemas: tuple[Schema, ...]
    columns: tuple[str, ...]
    shares: tuple[str, ...]
    nullable: tuple[str, ...]
    resamples: bool

    def derived(self, outcomes: pa.Table, runs: Sequence[RowRange]) -> Mapping[str, NDArray[Any]]:
        """Return the columns (rows,) that follow from the others, as this version computes them.

        `outcomes` has `columns`, and some or all of the others.
        """

    def faults(self, target: Target, outcomes: pa.Table, runs: Sequence[RowRange]) -> Iterator[Contradiction]:
        """Yield the first value of each column that contradicts the others, or that no score can use.

        `outcomes` has `columns`, and some or all of the others.
        """

    def out_of_order(self, outcomes: pa.Table, runs: Sequence[RowRange]) -> NDArray[np.bool_]:
        """Return the rows (rows,) that are not where the harness writes them; pairing is by position."""

    def keys(self, outcomes: Sequence[pa.Table]) -> Floats | None:
        """Return a number below 2⁴⁸ for each of the units, equal for the same example of any submission.

        None where all submissions have the same units in the same order.
        """

    def units(self, outcomes: Sequence[pa.Table]) -> Floats:
        """Return what each example contributes in one language, one table per seed, in a common order.

        (tables, n) if the score is a mean over examples; (tables, n, 3) with true positives, proposed and
        gold if it is an F1. Raises ValueError if the tables do not have the same examples.
        """

    def ids(self, outcomes: Sequence[pa.Table]) -> list[str]:
        """Return the name of each of the units, in their order."""

    def answers(self, outcomes: pa.Table, ids: Sequence[str]) -> list[Answer]:
        """Return what one seed brought for the examples of these ids; `outcomes` has all columns."""

    def recount(self, outcomes: pa.Table, runs: Sequence[RowRange]) -> list[Recounted]:
        """Return the score and the number of examples of each run of rows."""

    def score(self, target: Target, outcomes: pa.Table) -> Score:
        """Return the scores of one seed and language in points, with the headline's 95 % interval.

        Of secondary scores and quantities it has those that the target names and the outcomes give, in the
        target's order.
        """


class Numbered:
    """Tables whose examples are numbered from 0, with all examples for every seed and language."""

    shares: tuple[str, ...] = ()
    nullable: tuple[str, ...] = ()
    resamples: bool = True

    def derived(self, outcomes: pa.Table, runs: Sequence[RowRange]) -> Mapping[str, NDArray[Any]]:
        """Return nothing: no column follows from others."""
        return {}

    def faults(self, target: Target, outcomes: pa.Table, runs: Sequence[RowRange]) -> Iterator[Contradiction]:
        """Yield nothing: what was predicted is stored once."""
        yield from ()

    def out_of_order(self, outcomes: pa.Table, runs: Sequence[RowRange]) -> NDArray[np.bool_]:
        """Return the rows whose `index` is not their position in the run."""
        index = values_of(outcomes["index"])
        begins, sizes = [run.begin for run in runs], [run.end - run.begin for run in runs]
        return np.asarray(index != np.arange(len(index)) - np.repeat(begins, sizes))

    def keys(self, outcomes: Sequence[pa.Table]) -> Floats | None:
        """Return None: all submissions have the same examples, in the same order."""
        return None

    def ids(self, outcomes: Sequence[pa.Table]) -> list[str]:
        """Return the numbers of the examples in the data's order, from 0."""
        return [str(index) for index in values_of(outcomes[0]["index"]).tolist()]

    def answers(self, outcomes: pa.Table, ids: Sequence[str]) -> list[Answer]:
        """Return the answer of each row, as `answer` of the kind reads it."""
        rows = {str(index): row for row, index in enumerate(values_of(outcomes["index"]).tolist())}
        return [self.answer(outcomes.slice(rows[name], 1).to_pylist()[0]) for name in ids]

    def answer(self, row: Mapping[str, Any]) -> Answer:
        """Return what one row holds, by the names of its columns."""
        raise NotImplementedError


class MeanTable(Numbered):
    """Tables whose score is the mean of one column, `mean`, over the examples."""

    mean: ClassVar[str]

    def units(self, outcomes: Sequence[pa.Table]) -> Floats:
        """Return the column of each table (tables, n)."""
        return np.stack([numbers_of(rows, self.mean) for rows in outcomes])

    def recount(self, outcomes: pa.Table, runs: Sequence[RowRange]) -> list[Recounted]:
        """Return the mean of each run."""
        sums = np.add.reduceat(values_of(outcomes[self.mean]), [run.begin for run in runs], dtype=np.float64)
        return [
            Recounted(100 * float(total) / (run.end - run.begin), run.end - run.begin)
            for total, run in zip(sums, runs, strict=True)
        ]


def contradictions(outcomes: pa.Table, derived: Mapping[str, NDArray[Any]]) -> Iterator[Contradiction]:
    """Yield the first row of each derived column whose value is not the one that other columns give."""
    for name, expected in derived.items():
        yield from contradiction(name, values_of(outcomes[name]).astype(expected.dtype), expected)


def contradiction(name: str, stated: NDArray[Any], expected: NDArray[Any]) -> Iterator[Contradiction]:
    """Yield the first row of a column (rows,) whose value is not the one that other columns give."""
    is_share = stated.dtype.kind == "f"
    wrong = ~(np.abs(stated - expected) <= _ROUNDING) if is_share else stated != expected
    if wrong.any():
        row = int(wrong.argmax())
        value = expected[row].item()
        shown_value = shown(value) if isinstance(value, str) else value
        yield Contradiction(name, row, f"{shown_value} by the other columns", stated[row].item())


def first_wrong(
    name: str, wrong: NDArray[np.bool_], expected: str, outcomes: pa.Table
) -> Iterator[Contradiction]:
    """Yield the first row of a column that is flagged in `wrong` (rows,)."""
    if wrong.any():
        row = int(wrong.argmax())
        yield Contradiction(name, row, expected, outcomes[name][row].as_py())


def wrong_ranks(name: str, outcomes: pa.Table) -> Iterator[Contradiction]:
    """Yield the first row of a column of ranks in one list that has a negative rank, or one twice.

    Rank 0 stands for an item that is not there.
    """
    ranks = np.sort(padded(outcomes[name]), axis=1)
    repeated = (ranks[:, 1:] == ranks[:, :-1]) & (ranks[:, 1:] > 0)
    wrong = (ranks < 0).any(axis=1) | repeated.any(axis=1)
    yield from first_wrong(name, wrong, "different ranks from 1", outcomes)


def below_size(name: str, values: NDArray[Any], runs: Sequence[RowRange]) -> Iterator[Contradiction]:
    """Yield the first row of a column (rows,) that is no index of an example of its run."""
    sizes = np.repeat([run.end - run.begin for run in runs], [run.end - run.begin for run in runs])
    wrong = (values < 0) | (values >= sizes)
    if wrong.any():
        row = int(wrong.argmax())
        yield Contradiction(name, row, f"an index from 0 to {sizes[row] - 1}", values[row].item())


def f1_of_runs(columns: Sequence[NDArray[Any]], runs: Sequence[RowRange]) -> tuple[Floats, Floats]:
    """Return F1 in points (runs,) and the counts (runs, 3): true positives, proposed and gold.

    `columns` are these three counts by row.
    """
    begins = [run.begin for run in runs]
    counts = np.stack([np.add.reduceat(column, begins, dtype=np.float64) for column in columns], axis=1)
    return 100 * np.asarray(f1(counts)), counts


def padded(lists: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return lists of different lengths as rows (queries, longest), padded with 0."""
    lengths = pc.list_value_length(lists).to_numpy()
    inside = np.arange(lengths.max(initial=0)) < lengths[:, None]
    rows = np.zeros(inside.shape, dtype=np.int64)
    rows[inside] = pc.list_flatten(lists).to_numpy()
    return rows


def numbers_of(rows: pa.Table, name: str) -> Floats:
    """Return a column as float64 (rows,)."""
    return np.asarray(values_of(rows[name]), dtype=np.float64)


def selected(names: Sequence[str], values: Mapping[str, float]) -> dict[str, float]:
    """Return the values that a target names, in its order; the catalog decides which are reported."""
    return {name: values[name] for name in names if name in values}


def points(fraction: float) -> float:
    """Return a fraction in points, rounded to four decimals as in result files."""
    return round(100 * float(fraction), 4)
