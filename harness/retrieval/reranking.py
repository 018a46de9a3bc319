"""Re-rank the first documents of a run with a model that reads query and document together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.data.ir_collection import Collection
from harness.errors import BadInput
from harness.models.checkpoint import CheckpointFiles
from harness.models.predictor import Predictor, open_pair_scorer
from harness.models.tokenization import pair_inputs
from harness.reporter import Reporter
from harness.retrieval.ranked_run import RankedRun, Ranking

# Pairs whose tokens are in memory at once, sorted by length, so that batches need no padding.
_PAIRS = 1 << 14


@dataclass(frozen=True)
class RerankingCost:
    """What re-ranking took."""

    pairs: int
    tokens: int


def rerank(
    run: RankedRun,
    collection: Collection,
    files: CheckpointFiles,
    *,
    depth: int,
    max_length: int,
    device: str,
    dtype: str,
    reporter: Reporter,
) -> tuple[RankedRun, RerankingCost]:
    """Return the run with the first `depth` documents of each query in the order of a cross-encoder.

    The rest stays in place below them. A pair that is longer than `max_length` tokens loses the end of its
    document. Of a model with two outputs the score is the second minus the first, which is the log-odds of
    relevance.
    """
    model, tokenizer = open_pair_scorer(files, device=device, dtype=dtype)
    predictor = Predictor(
        model,
        tokenizer,
        None,
        max_length=max_length,
        stride=0,
        source=files.source,
        progress=reporter.encoded,
    )
    _refuse_unknown(run, collection, depth)
    pairs = [
        (query, document)
        for query, ranking in run.rankings.items()
        if query in collection.queries
        for document in ranking.documents[:depth]
    ]
    scores: list[float] = []
    for start in range(0, len(pairs), _PAIRS):
        part = pairs[start : start + _PAIRS]
        inputs = pair_inputs(
            tokenizer,
            [collection.queries[query] for query, _ in part],
            [collection.documents[document].whole for _, document in part],
            max_length,
        )
        scores += [_score(logits) for logits in predictor.logits(inputs)]
    by_query: dict[str, list[float]] = {}
    for (query, _), score in zip(pairs, scores, strict=True):
        by_query.setdefault(query, []).append(score)
    rankings = {
        query: _reordered(ranking, by_query.get(query, [])) for query, ranking in run.rankings.items()
    }
    words = (
        f"rerank.k={depth}.len={max_length}",
        f"by={files.digest.removeprefix('sha256:')[:12]}",
        f"of={run.name}",
    )
    return RankedRun(f"{run.name}-reranked", words, rankings), RerankingCost(len(pairs), predictor.tokens)


def _refuse_unknown(run: RankedRun, collection: Collection, depth: int) -> None:
    """Raise BadInput for a document to be re-ranked whose text is not in the collection."""
    for query, ranking in run.rankings.items():
        for document in ranking.documents[:depth] if query in collection.queries else ():
            if document not in collection.documents:
                raise BadInput(
                    f"{run.name} ranks document {document!r} for query {query!r}, whose text is not in "
                    f"{collection.path}",
                    cure="take a run over this collection, with its ids",
                )


def _score(logits: NDArray[np.float32]) -> float:
    return float(logits[0] if len(logits) == 1 else logits[1] - logits[0])


def _reordered(ranking: Ranking, scores: list[float]) -> Ranking:
    """Return the first documents by new scores, and the others after them, a whole number below each."""
    if not scores:
        return ranking
    head, rest = ranking.documents[: len(scores)], ranking.documents[len(scores) :]
    reordered = Ranking.of(head, scores)
    below = np.floor(reordered.scores[-1]) - 1 - np.arange(len(rest), dtype=np.float32)
    return Ranking((*reordered.documents, *rest), np.concatenate([reordered.scores, below]))
