"""Search by terms: rank the documents that share a term with a query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.kinds.search.term_scores import TermIndex, TermScorer
from harness.retrieval.ranked_run import Ranking
from harness.retrieval.top_documents import TopDocuments


def search(
    scorer: TermScorer,
    index: TermIndex,
    names: Sequence[str],
    queries: Mapping[str, Sequence[str]],
    depth: int,
    ignored: Mapping[str, set[str]],
) -> dict[str, Ranking]:
    """Rank the documents that share a term with each query; `ignored` ones are left out of its ranking."""
    number = {name: i for i, name in enumerate(names)}
    top = TopDocuments(names, len(queries), depth)
    for query, (name, terms) in enumerate(queries.items()):
        scores = scorer.scores(index.numbers(terms)).astype(np.float64)
        scores[scores <= 0] = -np.inf
        scores[[number[document] for document in ignored.get(name, ())]] = -np.inf
        matched = np.flatnonzero(~np.isneginf(scores))
        top.add(matched, scores[matched, None], query)
    return {name: top.ranking(query) for query, name in enumerate(queries)}
