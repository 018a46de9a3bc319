"""Outcomes of document retrieval: a row is a query with grades and ranks of its relevant documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harness.records import Score, Target
from harness.scoring.metrics.average_precision import average_precision
from harness.scoring.metrics.ndcg import ndcg
from harness.scoring.metrics.recall import recall
from harness.scoring.metrics.reciprocal_rank import reciprocal_rank
from harness.scoring.outcomes import RowRange, values_of
from harness.scoring.statistics.intervals import bootstrap_mean
from harness.scoring.statistics.resampling import Floats
from harness.scoring.tables.outcome_table import (
    NUMBERS,
    Answer,
    Contradiction,
    MeanTable,
    Schema,
    contradictions,
    first_wrong,
    padded,
    points,
    selected,
    wrong_ranks,
)

TO_ENGLISH = "_to_english"
_VARIANTS = ("average", "best", "top3")
_COLLECTION: Schema = {
    "index": pa.int32(),
    "query": pa.string(),
    "gains": NUMBERS,
    **{f"ranks_{variant}": NUMBERS for variant in ("whole", *_VARIANTS)},
    "average_precision": pa.float64(),
}
_PARALLEL: Schema = {
    "index": pa.int32(),
    "gains": NUMBERS,
    **{f"ranks_{variant}{direction}": NUMBERS for direction in ("", TO_ENGLISH) for variant in _VARIANTS},
    "average_precision": pa.float64(),
}


class ClirTable(MeanTable):
    """`gains` and `ranks_<variant>` are parallel lists with an entry per relevant document.

    `average_precision` is that of the variant that ranks documents by their best chunk, `main_ranks`.
    """

    title = "document retrieval"
    schemas: tuple[Schema, ...] = (_COLLECTION, _PARALLEL)
    columns: tuple[str, ...] = ("index", "ranks_best", "average_precision")
    shares: tuple[str, ...] = ("average_precision",)
    mean = "average_precision"
    main_ranks = "ranks_best"

    def derived(self, outcomes: pa.Table, runs: Sequence[RowRange]) -> Mapping[str, NDArray[Any]]:
        """Return the average precision by the best chunk, without a cut-off rank."""
        return {"average_precision": average_precision(padded(outcomes["ranks_best"]))}

    def faults(self, target: Target, outcomes: pa.Table, runs: Sequence[RowRange]) -> Iterator[Contradiction]:
        """Yield ranks that no list has, lists of other lengths, and an average precision of other ranks."""
        documents = pc.list_value_length(outcomes[self.main_ranks]).to_numpy()
        for name in outcomes.column_names:
            if name == "gains" or name.startswith("ranks"):
                other = pc.list_value_length(outcomes[name]).to_numpy() != documents
                yield from first_wrong(name, other, f"as many values as {self.main_ranks}", outcomes)
            if name == "gains":
                negative = np.asarray((padded(outcomes[name]) < 0).any(axis=1))
                yield from first_wrong(name, negative, "no negative grade", outcomes)
            elif name.startswith("ranks"):
                yield from wrong_ranks(name, outcomes)
        yield from contradictions(outcomes, self.derived(outcomes, runs))

    def out_of_order(self, outcomes: pa.Table, runs: Sequence[RowRange]) -> NDArray[np.bool_]:
        """Return the rows whose `index` does not increase; queries without judgements leave gaps."""
        index, begins = values_of(outcomes["index"]), [run.begin for run in runs]
        wrong = np.diff(index, prepend=-1) < 1
        wrong[begins] = index[begins] < 0
        return wrong

    def ids(self, outcomes: Sequence[pa.Table]) -> list[str]:
        """Return the ids of the queries, of a parallel collection their numbers."""
        rows = outcomes[0]
        return rows["query"].to_pylist() if "query" in rows.column_names else super().ids(outcomes)

    def answers(self, outcomes: pa.Table, ids: Sequence[str]) -> list[Answer]:
        """Return the ranks of the relevant documents by their best chunk."""
        rows = {name: row for row, name in enumerate(self.ids([outcomes]))}
        ranks = outcomes["ranks_best"]
        return [Answer(ranks=tuple(ranks[rows[name]].as_py())) for name in ids]

    def units(self, outcomes: Sequence[pa.Table]) -> Floats:
        """Return average precision by query (tables, n); raises ValueError if the queries differ."""
        first, *rest = (values_of(rows["index"]) for rows in outcomes)
        if not all(np.array_equal(first, index) for index in rest):
            raise ValueError("the column 'index' names different queries")
        return super().units(outcomes)

    def score(self, target: Target, outcomes: pa.Table) -> Score:
        """Return mean average precision by the best chunk, with its interval over queries.

        The other variants and measures are secondary scores.
        """
        gains = padded(outcomes["gains"])
        values: dict[str, NDArray[np.float64]] = {}
        variants = [
            name.removeprefix("ranks_") for name in outcomes.column_names if name.startswith("ranks_")
        ]
        for variant in variants:
            ranks = padded(outcomes[f"ranks_{variant}"])
            values[f"map_{variant}"] = average_precision(ranks)
            if not variant.endswith(TO_ENGLISH):
                values[f"ndcg_10_{variant}"] = ndcg(ranks, gains, 10)
                values[f"recall_100_{variant}"] = recall(ranks, 100)
                values[f"mrr_{variant}"] = reciprocal_rank(ranks)
        headline = values["map_best"]
        low, high = bootstrap_mean(headline)
        return Score(
            score=points(headline.mean()),
            n=len(headline),
            interval=(points(low), points(high)),
            secondary=selected(
                target.secondary, {name: points(value.mean()) for name, value in values.items()}
            ),
        )
