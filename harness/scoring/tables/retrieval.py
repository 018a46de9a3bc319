"""Outcomes of sentence retrieval: a row is a sentence pair with the retrieved index in each direction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.records import Score, Target
from harness.scoring.metrics.accuracy import accuracy
from harness.scoring.metrics.weighted_f1 import weighted_f1
from harness.scoring.outcomes import RowRange, values_of
from harness.scoring.statistics.intervals import wilson
from harness.scoring.tables.outcome_table import (
    Answer,
    Contradiction,
    MeanTable,
    Schema,
    below_size,
    contradictions,
    points,
    selected,
)


class RetrievalTable(MeanTable):
    """`answer` is the index of the foreign sentence retrieved for the English one.

    `correct` is whether the two are a pair.
    """

    title = "sentence retrieval"
    schemas: tuple[Schema, ...] = (
        {"index": pa.int32(), "answer": pa.int32(), "answer_to_english": pa.int32(), "correct": pa.bool_()},
    )
    columns: tuple[str, ...] = ("index", "answer", "correct")
    mean = "correct"
    resamples = False

    def derived(self, outcomes: pa.Table, runs: Sequence[RowRange]) -> Mapping[str, NDArray[Any]]:
        """Return which answers have the index of their query."""
        return {"correct": values_of(outcomes["answer"]) == values_of(outcomes["index"])}

    def faults(self, target: Target, outcomes: pa.Table, runs: Sequence[RowRange]) -> Iterator[Contradiction]:
        """Yield an answer that is no sentence, and a flag that does not follow from the answer."""
        yield from below_size("answer", values_of(outcomes["answer"]), runs)
        if "answer_to_english" in outcomes.column_names:  # comparisons do not read it
            yield from below_size("answer_to_english", values_of(outcomes["answer_to_english"]), runs)
        yield from contradictions(outcomes, self.derived(outcomes, runs))

    def answer(self, row: Mapping[str, Any]) -> Answer:
        """Return the number of the retrieved foreign sentence, and that of the right one."""
        return Answer(str(row["answer"]), str(row["index"]))

    def score(self, target: Target, outcomes: pa.Table) -> Score:
        """Return accuracy English → foreign with Wilson's interval.

        The other direction and mteb's F1 are secondary scores.
        """
        answer, to_english = (outcomes[column].to_numpy() for column in ("answer", "answer_to_english"))
        gold = np.arange(len(answer))
        low, high = wilson(int(np.sum(answer == gold)), len(gold))
        secondary = {
            "accuracy_to_english": points(accuracy(to_english, gold)),
            "f1": points(weighted_f1(answer)),
            "f1_to_english": points(weighted_f1(to_english)),
        }
        return Score(
            score=points(accuracy(answer, gold)),
            n=len(gold),
            interval=(points(low), points(high)),
            secondary=selected(target.secondary, secondary),
        )
