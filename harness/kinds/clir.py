"""Search documents across languages: whole, by the average of their chunks, or by their best chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from harness.data.ir_collection import Collection
from harness.data.ntrex import ParallelDocuments
from harness.kinds.protocols import EncodeByRole
from harness.kinds.search.panels import TIE, Float64Array, Indices
from harness.records import Target, TextRole
from harness.scoring.metrics.average_precision import average_precision
from harness.scoring.tables.clir import TO_ENGLISH
from harness.scoring.tables.outcome_table import padded

# Variant → the score of each document for each query (documents, queries).
Scores = Mapping[str, Float64Array]

# The products of one block of documents, and the scores that are kept for a second pass over them.
_BLOCK_BYTES = 1 << 26
_IN_MEMORY_BYTES = 1 << 28


class Pairs(NamedTuple):
    """Queries with documents, by index: all relevant ones, query by query, or those that are not ranked."""

    query: Indices
    document: Indices


class Block(NamedTuple):
    """Some documents, by rising index, and their scores."""

    documents: Indices
    scores: Scores


def run(target: Target, examples: Collection | ParallelDocuments, encode: EncodeByRole) -> pa.Table:
    """Rank all documents for every query; `encode` returns unit vectors (n, d).

    A row is a query: `gains`, the grades of its relevant documents, `ranks_<variant>`, their 1-based ranks in
    the same order, and `average_precision` by the best chunk. A document's score is an inner product, in
    float64, and the lower index wins a tie:

    - whole: of its text, embedded at once;
    - average: of the normalised mean of its chunks (SEMB);
    - best, top3: of its best chunk, the mean of its three best (localized relevance matching).
    Source: R. Litschko et al. 2022. arXiv 2112.11031.
    """
    if isinstance(examples, ParallelDocuments):
        return _parallel(examples, encode)
    return _collection(examples, encode)


def similarities(examples: Collection | ParallelDocuments) -> int:
    """Count the similarities of queries with chunks and documents; directions of parallel text share them."""
    if isinstance(examples, ParallelDocuments):
        return len(examples.foreign) * len(examples.english)
    return len(examples) * (len(examples.documents) + sum(map(len, examples.chunks)))


def headline(target: Target, examples: Collection | ParallelDocuments, encode: EncodeByRole) -> float:
    """Return mean average precision by the best chunk, a fraction."""
    return float(run(target, examples, encode)["average_precision"].to_numpy().mean())


# ---- collections -------------------------------------------------------------------------------


class DocumentScores:
    """Scores a collection's documents for its queries, block by block, so that memory is bounded."""

    def __init__(self, examples: Collection, encode: EncodeByRole, top: int = 3) -> None:
        """Encode the queries; `top` is how many of a document's chunks the variant `top<n>` averages."""
        self.queries = _vectors(encode, list(examples.queries.values()), TextRole.QUERY)
        self._encode, self._top, self._examples = encode, top, examples
        self._documents = list(examples.documents.values())
        self._ignored = Pairs(*np.array(examples.ignored, dtype=np.int64).reshape(-1, 2).T)

    @property
    def documents(self) -> Indices:
        """Return the indices of all documents."""
        return np.arange(len(self._documents))

    @cached_property
    def _lengths(self) -> Indices:
        """Return the number of chunks of each document."""
        return np.array([len(chunks) for chunks in self._examples.chunks])

    def blocks(self, documents: Indices, only: str | None = None) -> Iterator[Block]:
        """Yield the scores of these documents (rising), of all variants or of one.

        They are −∞ for a document that is not ranked for a query.
        """
        rows = max(1, _BLOCK_BYTES // (8 * sum(self.queries.shape)))
        lengths = np.ones(len(documents), np.int64) if only == "whole" else self._lengths[documents]
        for part in _parts(lengths, rows):
            batch = documents[part]
            scores: dict[str, Float64Array] = {}
            if only in (None, "whole"):
                whole = [self._documents[number].whole for number in batch]
                scores["whole"] = _vectors(self._encode, whole, TextRole.PASSAGE) @ self.queries.T
            if only != "whole":
                scores |= self._by_chunks(batch)
            _put_last(self._ignored, batch, scores)
            yield Block(batch, scores)

    def _by_chunks(self, batch: Indices) -> Scores:
        chunks = [chunk for number in batch for chunk in self._examples.chunks[number]]
        vectors = _vectors(self._encode, chunks, TextRole.PASSAGE)
        starts = np.cumsum(self._lengths[batch]) - self._lengths[batch]
        return _chunk_scores(vectors, starts, vectors @ self.queries.T, self.queries, self._top)


def _collection(examples: Collection, encode: EncodeByRole) -> pa.Table:
    pairs, gains = judged_pairs(examples)
    ranks = ranks_of_pairs(examples, DocumentScores(examples, encode), pairs)
    names = list(examples.queries)
    return _table(ranks, pairs.query, gains, np.arange(len(names)), {"query": pa.array(names)})


def judged_pairs(examples: Collection) -> tuple[Pairs, Indices]:
    """Return the indices of each query and its relevant documents, query by query, and their grades."""
    numbers = {name: number for number, name in enumerate(examples.documents)}
    judged = [
        (query, numbers[name], gain)
        for query, grades in enumerate(examples.judgements.values())
        for name, gain in grades.items()
    ]
    query, document, gains = np.array(judged, dtype=np.int64).reshape(-1, 3).T
    return Pairs(query, document), gains


def ranks_of_pairs(
    examples: Collection, scores: DocumentScores, pairs: Pairs, only: str | None = None
) -> dict[str, Indices]:
    """Return per variant, or of one, the 1-based rank of each pair's document for its query."""
    if 4 * 8 * len(examples.documents) * len(examples) <= _IN_MEMORY_BYTES:
        blocks = list(scores.blocks(scores.documents, only))
        return _ranks(pairs, blocks, blocks)
    judged = np.unique(pairs.document)
    return _ranks(pairs, scores.blocks(judged, only), scores.blocks(scores.documents, only))


def _put_last(pairs: Pairs, documents: Indices, scores: Scores) -> None:
    """Give the documents of a block that are in a pair the score −∞ for its query."""
    in_block = np.flatnonzero(np.isin(pairs.document, documents))
    rows = np.searchsorted(documents, pairs.document[in_block])
    for variant in scores.values():
        variant[rows, pairs.query[in_block]] = -np.inf


def _parts(lengths: Indices, rows: int) -> Iterator[slice]:
    """Yield runs of documents with at most `rows` chunks together, or a single document that has more."""
    ends = np.cumsum(lengths)
    start = 0
    while start < len(lengths):
        before = ends[start] - lengths[start]
        end = max(start + 1, int(np.searchsorted(ends, before + rows, side="right")))
        yield slice(start, end)
        start = end


# ---- parallel documents ------------------------------------------------------------------------


def _parallel(examples: ParallelDocuments, encode: EncodeByRole) -> pa.Table:
    """Search in both directions; for each query its counterpart is left out of its document.

    There is no `whole` variant, which would have to embed a text for every query. Where a sentence has one
    vector as a query and as a chunk, both directions use the same matrix of products, one of them by its
    columns.
    """
    foreign, english = (
        {role: _vectors(encode, texts, role) for role in (TextRole.QUERY, TextRole.PASSAGE)}
        for texts in (examples.foreign, examples.english)
    )
    alike = all(np.array_equal(side[TextRole.QUERY], side[TextRole.PASSAGE]) for side in (foreign, english))
    number = {name: index for index, name in enumerate(dict.fromkeys(examples.documents))}
    document = np.array([number[name] for name in examples.documents])
    query_lines = np.array(examples.queries, dtype=np.int64)
    pairs = Pairs(query_lines, document[query_lines])
    products = foreign[TextRole.PASSAGE] @ english[TextRole.QUERY].T
    to_english_products = products.T if alike else english[TextRole.PASSAGE] @ foreign[TextRole.QUERY].T
    np.fill_diagonal(products, -np.inf)
    np.fill_diagonal(to_english_products, -np.inf)

    def search(
        side: Mapping[TextRole, Float64Array], other: Mapping[TextRole, Float64Array], products: Float64Array
    ) -> dict[str, Indices]:
        chunks, queries = side[TextRole.PASSAGE], other[TextRole.QUERY]
        block = [
            Block(
                np.arange(len(number)),
                _scores_without_counterpart(chunks, document, np.ascontiguousarray(products), queries),
            )
        ]
        return _ranks(pairs, block, block)

    with ThreadPoolExecutor(max_workers=2) as pool:
        to_foreign = pool.submit(search, foreign, english, products)
        to_english = pool.submit(search, english, foreign, to_english_products)
    ranks = to_foreign.result() | {
        f"{variant}{TO_ENGLISH}": variant_ranks for variant, variant_ranks in to_english.result().items()
    }
    return _table(ranks, pairs.query, np.ones(len(query_lines), dtype=np.int64), query_lines, {})


def _scores_without_counterpart(
    chunks: Float64Array, document: Indices, products: Float64Array, queries: Float64Array
) -> Scores:
    """Return the scores where no document has chunk i for query i; `products` has −∞ there."""
    starts = np.searchsorted(document, np.arange(document[-1] + 1))
    scores = _chunk_scores(chunks, starts, products, queries)
    rest = np.add.reduceat(chunks, starts, axis=0)[document] - chunks
    scores["average"][document, np.arange(len(chunks))] = np.einsum("qd,qd->q", _unit(rest), queries)
    return scores


# ---- scores of documents -----------------------------------------------------------------------


def _chunk_scores(
    chunks: Float64Array, starts: Indices, products: Float64Array, queries: Float64Array, top: int = 3
) -> Scores:
    """Return the scores by chunks (c, d) whose documents begin at `starts`; `products` are (c, queries).

    A product of −∞ excludes a chunk for one query. The products cost 2 · c · d operations per query, this
    function about five passes over them where `top` is 3.
    """
    best = _best(products, starts, top)
    total, count = best[0].copy(), np.ones(best[0].shape)
    for products_of_next in best[1:]:  # −∞ in place of missing chunks
        there = ~np.isneginf(products_of_next)
        np.add(total, products_of_next, out=total, where=there)
        count += there
    average = _unit(np.add.reduceat(chunks, starts, axis=0)) @ queries.T
    return {"best": best[0], "average": average, f"top{top}": total / count}


def _best(products: Float64Array, starts: Indices, top: int) -> list[Float64Array]:
    """Return the `top` largest products (documents, queries) of each document, falling.

    There is −∞ where a document has fewer chunks. Goes through the j-th chunks of all documents together,
    longest documents first, so that each step takes a prefix.
    """
    lengths = np.diff(starts, append=len(products))
    order = np.argsort(-lengths, kind="stable")
    largest = [np.full((len(starts), products.shape[1]), -np.inf) for _ in range(top)]
    for j in range(int(lengths.max())):
        n = int(np.count_nonzero(lengths > j))
        chunk = products[starts[order[:n]] + j]
        for kept in largest:
            lower = np.minimum(kept[:n], chunk)
            np.maximum(kept[:n], chunk, out=kept[:n])
            chunk = lower
    back = np.argsort(order)
    return [kept[back] for kept in largest]


def _unit(vectors: Float64Array) -> Float64Array:
    """Return vectors (n, d) of length 1; those of length 0 are unchanged."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, 1.0))


def _vectors(encode: EncodeByRole, texts: Sequence[str], role: TextRole) -> Float64Array:
    vectors = encode(texts, role).astype(np.float64)
    if not np.isfinite(vectors).all():
        raise ValueError("a vector is not finite")
    return vectors


# ---- ranks -------------------------------------------------------------------------------------


def _ranks(pairs: Pairs, judged: Iterable[Block], ranked: Iterable[Block]) -> dict[str, Indices]:
    """Return per variant the 1-based rank of each pair's document for its query, among those of `ranked`.

    Ranks are counted, not sorted: one more than the documents with a higher score, or an equal one at a lower
    index. So neither all scores nor their order are held, and the division into blocks cannot change a rank.
    `judged` holds at least the documents of the pairs.
    """
    pair_scores: dict[str, Float64Array] = {}
    for block in judged:
        in_block = np.flatnonzero(np.isin(pairs.document, block.documents))
        rows = np.searchsorted(block.documents, pairs.document[in_block])
        for variant, scores in block.scores.items():
            pair_scores.setdefault(variant, np.empty(len(pairs.query)))[in_block] = scores[
                rows, pairs.query[in_block]
            ]
    ranks = {variant: np.ones(len(pairs.query), dtype=np.int64) for variant in pair_scores}
    for block in ranked:
        step = max(1, _BLOCK_BYTES // (8 * len(block.documents)))
        for start in range(0, len(pairs.query), step):
            batch = slice(start, start + step)
            lower = block.documents[:, None] < pairs.document[batch]
            for variant, scores in block.scores.items():
                ahead = scores[:, pairs.query[batch]] - pair_scores[variant][batch]
                ranks[variant][batch] += np.count_nonzero((ahead > TIE) | (lower & (ahead >= -TIE)), axis=0)
    return ranks


# ---- outcomes ----------------------------------------------------------------------------------


def _table(
    ranks: Mapping[str, Indices],
    query: Indices,
    gains: Indices,
    index: Indices,
    names: Mapping[str, pa.Array],
) -> pa.Table:
    """Return a row for each query of `index`, which rises, from values per pair in order of queries."""

    def lists(values: Indices) -> pa.Array:
        return _lists(query, values, index)

    columns = {"gains": lists(gains)} | {
        f"ranks_{variant}": lists(values) for variant, values in ranks.items()
    }
    table = pa.table({"index": pa.array(index, pa.int32()), **names, **columns})
    return table.append_column("average_precision", pa.array(average_precision(padded(table["ranks_best"]))))


def relevant_lists(query: Indices, values: Indices, n: int) -> pa.Array:
    """Return a list for each of n queries, of the values of its pairs, which are in order of queries."""
    return _lists(query, values, np.arange(n))


def _lists(query: Indices, values: Indices, index: Indices) -> pa.Array:
    offsets = pa.array(np.append(np.searchsorted(query, index), len(query)), pa.int32())
    # The element name of tables read from parquet, so that writing them again gives the same bytes.
    element = pa.list_(pa.field("element", pa.int32()))
    return pa.ListArray.from_arrays(offsets, pa.array(values, pa.int32()), element)
