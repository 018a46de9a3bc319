"""Search passages that are encoded whole, as mteb's retrieval tasks do."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from harness.data.ir_collection import Collection
from harness.kinds.clir import DocumentScores, judged_pairs, ranks_of_pairs, relevant_lists
from harness.kinds.protocols import EncodeByRole
from harness.records import Target
from harness.scoring.metrics.ndcg import ndcg
from harness.scoring.tables.outcome_table import padded

_VARIANT = "whole"


def run(target: Target, examples: Collection, encode: EncodeByRole) -> pa.Table:
    """Rank all passages for every query by the cosine of their vectors; the lower index wins a tie.

    A row is a query: `gains`, the grades of its relevant passages, `ranks`, their 1-based ranks in the same
    order, and `ndcg_10`.
    """
    scores = DocumentScores(examples, encode)
    pairs, gains = judged_pairs(examples)
    ranks = ranks_of_pairs(examples, scores, pairs, _VARIANT)[_VARIANT]
    names = list(examples.queries)
    lists = {
        "gains": relevant_lists(pairs.query, gains, len(names)),
        "ranks": relevant_lists(pairs.query, ranks, len(names)),
    }
    table = pa.table(
        {"index": pa.array(np.arange(len(names)), pa.int32()), "query": pa.array(names), **lists}
    )
    value = ndcg(padded(table["ranks"]), padded(table["gains"]), 10)
    return table.append_column("ndcg_10", pa.array(value))


def similarities(examples: Collection) -> int:
    """Count the similarities of queries with passages."""
    return len(examples) * len(examples.documents)


def headline(target: Target, examples: Collection, encode: EncodeByRole) -> float:
    """Return mean nDCG@10, a fraction."""
    return float(run(target, examples, encode)["ndcg_10"].to_numpy().mean())
