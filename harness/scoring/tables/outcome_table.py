"""The interface of outcome tables, and the parts that several kinds share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.records import Score, Target
from harness.scoring.outcomes import RowRange, values_of
from harness.scoring.statistics.resampling import Floats, f1

ColumnType = Literal["number", "share", "truth", "text"]


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


class OutcomeTable(Protocol):
    """The outcomes of one kind: a row per example, with columns in addition to `seed` and `language`.

    `title` names the kind for readers. `columns` are those from which the score, its interval and every
    comparison are computed, with their types; a kind may have more, for secondary scores and for readers.
    """

    title: str
    columns: Mapping[str, ColumnType]

    def faults(self, outcomes: pa.Table) -> Iterator[Contradiction]:
        """Yield the first value of each column that contradicts another column."""

    def out_of_order(self, outcomes: pa.Table, runs: Sequence[RowRange]) -> NDArray[np.bool_]:
        """Return the rows (rows,) that are not where the harness writes them; pairing is by position."""

    def units(self, outcomes: Sequence[pa.Table]) -> Floats:
        """Return what each example contributes in one language, one table per seed, in a common order.

        (tables, n) if the score is a mean over examples; (tables, n, 3) with true positives, proposed and
        gold if it is an F1. Raises ValueError if the tables do not have the same examples.
        """

    def recount(self, outcomes: pa.Table, runs: Sequence[RowRange]) -> list[Recounted]:
        """Return the score and the number of examples of each run of rows."""

    def score(self, target: Target, outcomes: pa.Table) -> Score:
        """Return the scores of one seed and language in points, with the headline's 95 % interval."""


class Numbered:
    """Tables whose examples are numbered from 0, with all examples for every seed and language."""

    def faults(self, outcomes: pa.Table) -> Iterator[Contradiction]:
        """Yield nothing: a column of means cannot contradict itself."""
        yield from ()

    def out_of_order(self, outcomes: pa.Table, runs: Sequence[RowRange]) -> NDArray[np.bool_]:
        """Return the rows whose `index` is not their position in the run."""
        index = values_of(outcomes["index"])
        begins, sizes = [run.begin for run in runs], [run.end - run.begin for run in runs]
        return np.asarray(index != np.arange(len(index)) - np.repeat(begins, sizes))


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


def f1_of_runs(columns: Sequence[NDArray[Any]], runs: Sequence[RowRange]) -> tuple[Floats, Floats]:
    """Return F1 in points (runs,) and the counts (runs, 3): true positives, proposed and gold.

    `columns` are these three counts by row.
    """
    begins = [run.begin for run in runs]
    counts = np.stack([np.add.reduceat(column, begins, dtype=np.float64) for column in columns], axis=1)
    return 100 * np.asarray(f1(counts)), counts


def numbers_of(rows: pa.Table, name: str) -> Floats:
    """Return a column as float64 (rows,)."""
    return np.asarray(values_of(rows[name]), dtype=np.float64)


def points(fraction: float) -> float:
    """Return a fraction in points, rounded to four decimals as in result files."""
    return round(100 * float(fraction), 4)
