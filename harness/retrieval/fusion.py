"""Fuse runs by the ranks that they give to a document."""

from __future__ import annotations

from collections.abc import Sequence

from harness.retrieval.ranked_run import RankedRun, Ranking

K = 60


def reciprocal_rank_fusion(runs: Sequence[RankedRun], name: str, depth: int, k: int = K) -> RankedRun:
    """Return a run in which a document's score is Σ 1 / (k + rank) over the runs that have it.

    Source: G. V. Cormack, C. L. A. Clarke and S. Büttcher. 2009. Reciprocal rank fusion outperforms Condorcet
    and individual rank learning methods. SIGIR.
    """
    fused: dict[str, dict[str, float]] = {}
    for run in runs:
        for query, ranking in run.rankings.items():
            scores = fused.setdefault(query, {})
            for rank, document in enumerate(ranking.documents, start=1):
                scores[document] = scores.get(document, 0.0) + 1 / (k + rank)
    words = (f"rrf.k={k}", f"of={'+'.join(run.name for run in runs)}")
    rankings = {
        query: Ranking.of(tuple(scores), list(scores.values())).first(depth)
        for query, scores in fused.items()
    }
    return RankedRun(name, words, rankings)
