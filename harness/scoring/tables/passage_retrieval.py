"""Outcomes of passage retrieval: a row is a query with grades and ranks of its relevant passages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from numpy.typing import NDArray

from harness.records import Score, Target
from harness.scoring.metrics.average_precision import average_precision
from harness.scoring.metrics.ndcg import ndcg
from harness.scoring.metrics.recall import recall
from harness.scoring.metrics.reciprocal_rank import reciprocal_rank
from harness.scoring.outcomes import RowRange
from harness.scoring.statistics.intervals import bootstrap_mean
from harness.scoring.tables.clir import ClirTable
from harness.scoring.tables.outcome_table import NUMBERS, Schema, padded, points, selected

_SCHEMA: Schema = {
    "index": pa.int32(),
    "query": pa.string(),
    "gains": NUMBERS,
    "ranks": NUMBERS,
    "ndcg_10": pa.float64(),
}


class PassageTable(ClirTable):
    """`gains` and `ranks` are parallel lists with an entry per relevant passage."""

    title = "passage retrieval"
    schemas: tuple[Schema, ...] = (_SCHEMA,)
    columns: tuple[str, ...] = ("index", "gains", "ranks", "ndcg_10")
    shares: tuple[str, ...] = ("ndcg_10",)
    mean = "ndcg_10"
    main_ranks = "ranks"

    def derived(self, outcomes: pa.Table, runs: Sequence[RowRange]) -> Mapping[str, NDArray[Any]]:
        """Return nDCG@10."""
        return {"ndcg_10": ndcg(padded(outcomes["ranks"]), padded(outcomes["gains"]), 10)}

    def score(self, target: Target, outcomes: pa.Table) -> Score:
        """Return mean nDCG@10, with its interval over queries; other measures are secondary scores."""
        ranks, gains = padded(outcomes["ranks"]), padded(outcomes["gains"])
        values = ndcg(ranks, gains, 10)
        secondary = {
            "map": average_precision(ranks),
            "recall_100": recall(ranks, 100),
            "mrr": reciprocal_rank(ranks),
        }
        low, high = bootstrap_mean(values)
        return Score(
            score=points(values.mean()),
            n=len(values),
            interval=(points(low), points(high)),
            secondary=selected(
                target.secondary, {name: points(value.mean()) for name, value in secondary.items()}
            ),
        )
