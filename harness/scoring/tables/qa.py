"""Outcomes of question answering: a row is a question with its predicted span of the passage."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from harness.records import Score, Target
from harness.scoring.statistics.intervals import bootstrap_mean
from harness.scoring.tables.outcome_table import ColumnType, MeanTable, points


class QaTable(MeanTable):
    """`start` and `end` are in characters of the passage; `score` is the mean of `exact` and `f1`."""

    title = "question answering"
    columns: Mapping[str, ColumnType] = {"index": "number", "score": "share"}
    mean = "score"

    def score(self, target: Target, outcomes: pa.Table) -> Score:
        """Return the mean of exact match and F1, with its interval over questions.

        Both are also secondary scores.
        """
        values = outcomes["score"].to_numpy()
        low, high = bootstrap_mean(values)
        secondary = {
            "exact_match": float(outcomes["exact"].to_numpy(zero_copy_only=False).mean()),
            "f1": float(outcomes["f1"].to_numpy().mean()),
        }
        return Score(
            score=points(values.mean()),
            n=len(values),
            interval=(points(low), points(high)),
            secondary={name: points(value) for name, value in secondary.items()},
        )
