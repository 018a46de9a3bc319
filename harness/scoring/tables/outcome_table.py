"""What the outcomes of a kind hold and how scores follow from them: the parts that several kinds share."""

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
    """What the rows of one seed and language come to: the score in points, and how many examples it is of."""

    score: float
    n: int


class Contradiction(NamedTuple):
    """The first value of a column that no run of the harness writes: the row counts from 0."""

    column: str
    row: int
    expected: str
    found: object


class OutcomeTable(Protocol):
    """The outcomes of one kind, one row per example beside `seed` and `language`.

    `title` names the kind for readers. `columns` are those that the score, its interval and every comparison
    are computed from, each with what it holds; a kind may have more, for its secondary scores and for people.
    """

    title: str
    columns: Mapping[str, ColumnType]

    def faults(self, outcomes: pa.Table) -> Iterator[Contradiction]:
        """Yield values that contradict each other."""

    def out_of_order(self, outcomes: pa.Table, runs: Sequence[RowRange]) -> NDArray[np.bool_]:
        """Return the rows (rows,) that do not stand where the harness writes them; examples are paired by their place."""

    def units(self, outcomes: Sequence[pa.Table]) -> Floats:
        """Return what each example brought in one language, one table a seed, in a common order.

        (tables, n) where the score is a mean over examples; (tables, n, 3) with true positives, proposed and
        gold where it is an F1. Raises ValueError where the tables do not hold the same examples.
        """

    def recount(self, outcomes: pa.Table, runs: Sequence[RowRange]) -> list[Recounted]:
        """Return what each run of rows comes to."""

    def score(self, target: Target, outcomes: pa.Table) -> Score:
        """Return the scores of one seed and language in points, with the headline's 95 % interval."""


class Numbered:
    """Examples that are numbered from 0, all of them in every cell."""

    def faults(self, outcomes: pa.Table) -> Iterator[Contradiction]:
        """Yield nothing: a column of means cannot contradict itself."""
        yield from ()

    def out_of_order(self, outcomes: pa.Table, runs: Sequence[RowRange]) -> NDArray[np.bool_]:
        """Return the rows whose `index` is not their place in the cell."""
        index = values_of(outcomes["index"])
        begins, sizes = [run.begin for run in runs], [run.end - run.begin for run in runs]
        return np.asarray(index != np.arange(len(index)) - np.repeat(begins, sizes))


class MeanTable(Numbered):
    """A score that is the mean of one column over the examples."""

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
    """Return F1 in points (runs,) and the counts (runs, 3) of true positives, proposed and gold, out of columns by row."""
    begins = [run.begin for run in runs]
    counts = np.stack([np.add.reduceat(column, begins, dtype=np.float64) for column in columns], axis=1)
    return 100 * np.asarray(f1(counts)), counts


def numbers_of(rows: pa.Table, name: str) -> Floats:
    """Return a column as float64 (rows,)."""
    return np.asarray(values_of(rows[name]), dtype=np.float64)


def points(fraction: float) -> float:
    """Return a fraction in points, with the four decimals that files hold."""
    return round(100 * float(fraction), 4)
