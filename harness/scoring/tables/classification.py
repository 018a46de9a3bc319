"""Outcomes of sentence-pair classification: a row is a pair with its predicted label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from harness.records import Score, Target
from harness.scoring.metrics.accuracy import accuracy
from harness.scoring.statistics.intervals import wilson
from harness.scoring.tables.outcome_table import Answer, MeanTable, Schema, points


class ClassificationTable(MeanTable):
    """`predicted` is the predicted label, `correct` whether it is the gold label."""

    title = "classification"
    schemas: tuple[Schema, ...] = ({"index": pa.int32(), "predicted": pa.string(), "correct": pa.bool_()},)
    columns: tuple[str, ...] = ("index", "correct")
    mean = "correct"
    resamples = False

    def answer(self, row: Mapping[str, Any]) -> Answer:
        """Return the predicted label; the right one is in the data only, unless they are the same."""
        return Answer(row["predicted"], row["predicted"] if row["correct"] else "")

    def score(self, target: Target, outcomes: pa.Table) -> Score:
        """Return accuracy with Wilson's interval."""
        correct = outcomes["correct"].to_numpy(zero_copy_only=False)
        low, high = wilson(int(correct.sum()), len(correct))
        share = accuracy(correct, np.ones(len(correct), dtype=bool))
        return Score(score=points(share), n=len(correct), interval=(points(low), points(high)))
