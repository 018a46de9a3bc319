"""Outcomes of question answering: a row is a question with its predicted span of the passage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.records import Score, Target
from harness.scoring.outcomes import RowRange, values_of
from harness.scoring.statistics.intervals import bootstrap_mean
from harness.scoring.tables.outcome_table import (
    Answer,
    Contradiction,
    MeanTable,
    Schema,
    contradiction,
    contradictions,
    points,
    selected,
)


class QaTable(MeanTable):
    """`start` and `end` are in characters of the passage; `score` is the mean of `exact` and `f1`."""

    title = "question answering"
    schemas: tuple[Schema, ...] = (
        {
            "index": pa.int32(),
            "start": pa.int32(),
            "end": pa.int32(),
            "exact": pa.bool_(),
            "f1": pa.float64(),
            "score": pa.float64(),
        },
    )
    columns: tuple[str, ...] = ("index", "exact", "f1", "score")
    shares: tuple[str, ...] = ("f1", "score")
    mean = "score"

    def derived(self, outcomes: pa.Table, runs: Sequence[RowRange]) -> Mapping[str, NDArray[Any]]:
        """Return the mean of exact match and F1."""
        exact, f1 = (values_of(outcomes[name]) for name in ("exact", "f1"))
        return {"score": (exact + f1) / 2}

    def faults(self, target: Target, outcomes: pa.Table, runs: Sequence[RowRange]) -> Iterator[Contradiction]:
        """Yield a score that is not the mean of exact match and F1, and an exact match with F1 below 1."""
        exact, f1 = (values_of(outcomes[name]) for name in ("exact", "f1"))
        yield from contradictions(outcomes, self.derived(outcomes, runs))
        yield from contradiction("f1", np.where(exact, f1, 1.0), np.ones(len(f1)))

    def answer(self, row: Mapping[str, Any]) -> Answer:
        """Return the predicted span; the right ones are in the data only."""
        return Answer(f"characters {row['start']} to {row['end']}")

    def score(self, target: Target, outcomes: pa.Table) -> Score:
        """Return the mean of exact match and F1, with its interval over questions.

        Both are also secondary scores.
        """
        values = outcomes["score"].to_numpy()
        low, high = bootstrap_mean(values)
        secondary = {
            "exact_match": points(outcomes["exact"].to_numpy(zero_copy_only=False).mean()),
            "f1": points(outcomes["f1"].to_numpy().mean()),
        }
        return Score(
            score=points(values.mean()),
            n=len(values),
            interval=(points(low), points(high)),
            secondary=selected(target.secondary, secondary),
        )
