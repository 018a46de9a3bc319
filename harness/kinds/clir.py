"""Search documents across languages: whole, as the average of their chunks, or by the chunks that fit best."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from harness.data.ir_collection import Collection
from harness.data.ntrex import ParallelDocuments
from harness.kinds.protocols import Encode
from harness.kinds.search.panels import TIE, Indices, Wide
from harness.records import Target
from harness.scoring.metrics.average_precision import average_precision
from harness.scoring.tables.clir import TO_ENGLISH, padded

# Variant → how well each document fits each query (documents, queries).
Fits = Mapping[str, Wide]

# The products of one block of documents, and the fits that are kept between two looks at them.
_BLOCK_BYTES = 1 << 26
_KEPT_BYTES = 1 << 28


class Pairs(NamedTuple):
    """Each query with each of its relevant documents, by index, query by query."""

    query: Indices
    document: Indices


class Block(NamedTuple):
    """Some documents, by rising index, and how well they fit."""

    documents: Indices
    fits: Fits


def run(target: Target, examples: Collection | ParallelDocuments, encode: Encode) -> pa.Table:
    """Rank all documents for every query; `encode` gives unit vectors (n, d).

    A row is a query: `gains`, the grades of its relevant documents, `ranks_<variant>`, their 1-based ranks in
    the same order, and `average_precision` by the best chunk. A document fits by inner product, in float64,
    and the lower index wins a tie:

    - whole: of its text, embedded at once;
    - average: of the normalised mean of its chunks (SEMB);
    - best, top3: the best of its chunks, the mean of the three best (localized relevance matching).
    Source: R. Litschko et al. 2022. arXiv 2112.11031.
    """
    if isinstance(examples, ParallelDocuments):
        return _parallel(examples, encode)
    return _collection(examples, encode)


def similarities(examples: Collection | ParallelDocuments) -> int:
    """Count the similarities of queries with chunks and with whole documents; both directions of parallel text share theirs."""
    if isinstance(examples, ParallelDocuments):
        return len(examples.foreign) * len(examples.english)
    return len(examples) * (len(examples.documents) + sum(map(len, examples.chunks)))


def headline(target: Target, examples: Collection | ParallelDocuments, encode: Encode) -> float:
    """Return mean average precision by the best chunk, a fraction."""
    return float(run(target, examples, encode)["average_precision"].to_numpy().mean())


# ---- collections -------------------------------------------------------------------------------


def _collection(examples: Collection, encode: Encode) -> pa.Table:
    queries = _vectors(encode, list(examples.queries.values()))
    lengths = np.array([len(chunks) for chunks in examples.chunks])
    texts = list(examples.documents.values())
    place = {name: number for number, name in enumerate(examples.documents)}
    judged = [
        (query, place[name], gain)
        for query, found in enumerate(examples.judgements.values())
        for name, gain in found.items()
    ]
    query, document, gains = np.array(judged, dtype=np.int64).T
    rows = max(1, _BLOCK_BYTES // (8 * sum(queries.shape)))

    def blocks(documents: Indices) -> Iterator[Block]:
        for part in _parts(lengths[documents], rows):
            some = documents[part]
            vectors = _vectors(encode, [chunk for number in some for chunk in examples.chunks[number]])
            starts = np.cumsum(lengths[some]) - lengths[some]
            whole = _vectors(encode, [texts[number].whole for number in some])
            yield Block(
                some,
                {"whole": whole @ queries.T, **_chunk_fits(vectors, starts, vectors @ queries.T, queries)},
            )

    everything = np.arange(len(texts))
    if 4 * 8 * len(texts) * len(queries) <= _KEPT_BYTES:
        kept = list(blocks(everything))
        ranks = _ranks(Pairs(query, document), kept, kept)
    else:
        ranks = _ranks(Pairs(query, document), blocks(np.unique(document)), blocks(everything))
    return _table(ranks, query, gains, {"query": pa.array(list(examples.queries))})


def _parts(lengths: Indices, rows: int) -> Iterator[slice]:
    """Yield runs of documents of at most so many chunks together, or of a single one that has more."""
    ends = np.cumsum(lengths)
    start = 0
    while start < len(lengths):
        before = ends[start] - lengths[start]
        end = max(start + 1, int(np.searchsorted(ends, before + rows, side="right")))
        yield slice(start, end)
        start = end


# ---- parallel documents ------------------------------------------------------------------------


def _parallel(examples: ParallelDocuments, encode: Encode) -> pa.Table:
    """Search both ways; what a sentence leaves out is its own counterpart, so that no text has to be embedded for one query.

    That is why there is no `whole` here. The matrix of products is the same in both directions, once read by
    its columns.
    """
    foreign, english = _vectors(encode, examples.foreign), _vectors(encode, examples.english)
    number = {name: index for index, name in enumerate(dict.fromkeys(examples.documents))}
    document = np.array([number[name] for name in examples.documents])
    asked = np.array(examples.queries, dtype=np.int64)
    pairs = Pairs(asked, document[asked])
    products = foreign @ english.T
    np.fill_diagonal(products, -np.inf)

    def search(chunks: Wide, queries: Wide, products: Wide) -> dict[str, Indices]:
        block = [
            Block(
                np.arange(len(number)),
                _fits_without_counterpart(chunks, document, np.ascontiguousarray(products), queries),
            )
        ]
        return _ranks(pairs, block, block)

    with ThreadPoolExecutor(max_workers=2) as pool:
        there = pool.submit(search, foreign, english, products)
        back = pool.submit(search, english, foreign, products.T)
    ranks = there.result() | {f"{variant}{TO_ENGLISH}": each for variant, each in back.result().items()}
    return _table(ranks, pairs.query, np.ones(len(asked), dtype=np.int64), {})


def _fits_without_counterpart(chunks: Wide, document: Indices, products: Wide, queries: Wide) -> Fits:
    """Return the fits where no document has chunk i for query i; `products` has −∞ there."""
    starts = np.searchsorted(document, np.arange(document[-1] + 1))
    fits = _chunk_fits(chunks, starts, products, queries)
    rest = np.add.reduceat(chunks, starts, axis=0)[document] - chunks
    fits["average"][document, np.arange(len(chunks))] = np.einsum("qd,qd->q", _unit(rest), queries)
    return fits


# ---- how well a document fits ------------------------------------------------------------------


def _chunk_fits(chunks: Wide, starts: Indices, products: Wide, queries: Wide) -> Fits:
    """Return the fits by chunks (c, d) whose documents begin at `starts`, from their products (c, queries) with the queries.

    A product of −∞ takes a chunk out for one query. Costs 2 · c · d per query before, and about five passes
    over the products here.
    """
    best, second, third = _three_best(products, starts)
    top3 = (best + second + third) / 3
    fewer = np.isneginf(third)
    if fewer.any():  # rare, and then −∞ stands for what a document lacks
        found = np.stack([best[fewer], second[fewer]])
        top3[fewer] = np.where(np.isneginf(found[1]), found[0], found.mean(axis=0))
    return {"best": best, "average": _unit(np.add.reduceat(chunks, starts, axis=0)) @ queries.T, "top3": top3}


def _three_best(products: Wide, starts: Indices) -> tuple[Wide, Wide, Wide]:
    """Return the three largest products (documents, queries) of each document, best first, −∞ where it has fewer chunks.

    Goes through the j-th chunks of all documents together, longest documents first, so that each step takes a
    prefix.
    """
    lengths = np.diff(starts, append=len(products))
    order = np.argsort(-lengths, kind="stable")
    shape = len(starts), products.shape[1]
    first, second, third = (np.full(shape, -np.inf) for _ in range(3))
    for j in range(int(lengths.max())):
        n = int(np.count_nonzero(lengths > j))
        chunk = products[starts[order[:n]] + j]
        a, b, c = first[:n], second[:n], third[:n]
        low = np.minimum(a, chunk)
        np.maximum(a, chunk, out=a)
        np.maximum(c, np.minimum(b, low), out=c)
        np.maximum(b, low, out=b)
    back = np.argsort(order)
    return first[back], second[back], third[back]


def _unit(vectors: Wide) -> Wide:
    """Return vectors (n, d) of length 1; one of length 0 has no direction and stays."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, 1.0))


def _vectors(encode: Encode, texts: Sequence[str]) -> Wide:
    vectors = encode(texts).astype(np.float64)
    if not np.isfinite(vectors).all():
        raise ValueError("a vector is not finite")
    return vectors


# ---- ranks -------------------------------------------------------------------------------------


def _ranks(pairs: Pairs, judging: Iterable[Block], ranking: Iterable[Block]) -> dict[str, Indices]:
    """Return per variant the 1-based rank of each pair's document among all documents of `ranking` for its query.

    A rank is counted, not sorted: it is one more than the documents that fit better, or as well at a lower
    index. So neither all fits nor their order are ever held, and how documents are cut into blocks cannot
    change a rank. `judging` holds at least the documents of the pairs.
    """
    own: dict[str, Wide] = {}
    for block in judging:
        here = np.flatnonzero(np.isin(pairs.document, block.documents))
        rows = np.searchsorted(block.documents, pairs.document[here])
        for variant, fits in block.fits.items():
            own.setdefault(variant, np.empty(len(pairs.query)))[here] = fits[rows, pairs.query[here]]
    ranks = {variant: np.ones(len(pairs.query), dtype=np.int64) for variant in own}
    for block in ranking:
        step = max(1, _BLOCK_BYTES // (8 * len(block.documents)))
        for start in range(0, len(pairs.query), step):
            some = slice(start, start + step)
            lower = block.documents[:, None] < pairs.document[some]
            for variant, fits in block.fits.items():
                ahead = fits[:, pairs.query[some]] - own[variant][some]
                ranks[variant][some] += np.count_nonzero((ahead > TIE) | (lower & (ahead >= -TIE)), axis=0)
    return ranks


# ---- outcomes ----------------------------------------------------------------------------------


def _table(
    ranks: Mapping[str, Indices], query: Indices, gains: Indices, names: Mapping[str, pa.Array]
) -> pa.Table:
    """Return one row per query of what is given per pair, query by query."""
    index, sizes = np.unique(query, return_counts=True)
    offsets = pa.array(np.append(0, np.cumsum(sizes)), pa.int32())

    def lists(values: Indices) -> pa.Array:
        # The name that parquet gives back, so that what is read and written again has the same bytes.
        return pa.ListArray.from_arrays(
            offsets, pa.array(values, pa.int32()), pa.list_(pa.field("element", pa.int32()))
        )

    columns = {"gains": lists(gains)} | {f"ranks_{variant}": lists(each) for variant, each in ranks.items()}
    table = pa.table({"index": pa.array(index, pa.int32()), **names, **columns})
    return table.append_column("average_precision", pa.array(average_precision(padded(table["ranks_best"]))))
