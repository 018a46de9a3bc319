"""Search by vectors of words: a text is the sum of those of its words, in documents weighted by IDF."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harness.data.ir_collection import Collection
from harness.data.vec_files import read_word_vectors
from harness.errors import BadInput
from harness.kinds.search.term_scores import TermIndex
from harness.retrieval.ranked_run import RankedRun, Ranking, file_digest
from harness.retrieval.sources import Searched
from harness.retrieval.top_documents import TopDocuments

WordVectors = Mapping[str, NDArray[np.float32]]
_BLOCK = 4096


def rank_by_words(
    collection: Collection,
    index: TermIndex,
    queries: Sequence[Sequence[str]],
    query_vectors: WordVectors,
    document_vectors: WordVectors,
    depth: int,
) -> dict[str, Ranking]:
    """Rank documents by the cosine of text vectors; those without a word that has a vector are not ranked.

    `index` has the words of the documents, `queries` those of each query. A document's vector is the sum of
    log(N / df) · vector over its words, as often as they occur; a query's is the plain sum, since it need not
    be in the language in which IDF is counted. Raises BadInput for vectors of different widths. Source: R.
    Litschko et al. 2022. arXiv 2112.11031 (CLWE and ISO).
    """
    width = _common_width(query_vectors, document_vectors)
    weights = _idf_weights(index)
    known = [term for term in index.vocabulary if term in document_vectors]
    columns = np.array([index.vocabulary[term] for term in known], dtype=np.int64)
    matrix = np.array([document_vectors[term] for term in known], dtype=np.float64).reshape(-1, width)
    sums = np.zeros((len(queries), width))
    for row, terms in enumerate(queries):
        for term in terms:
            if term in query_vectors:
                sums[row] += query_vectors[term]
    parts = (slice(start, start + _BLOCK) for start in range(0, len(collection.documents), _BLOCK))
    return rank_by_vectors(collection, sums, (weights[part][:, columns] @ matrix for part in parts), depth)


def rank_by_vectors(
    collection: Collection,
    queries: NDArray[np.float64],
    blocks: Iterable[NDArray[np.float64]],
    depth: int,
) -> dict[str, Ranking]:
    """Rank documents by cosine with each query; `blocks` are their vectors (documents, d), in order.

    A vector of zeros ranks nothing, and is not ranked.
    """
    asked, has_query_vector = _unit(queries)
    top = TopDocuments(list(collection.documents), len(queries), depth)
    query, left_out = np.array(collection.ignored, dtype=np.int64).reshape(-1, 2).T
    start = 0
    for block in blocks:
        documents = np.arange(start, start + len(block))
        vectors, has_vector = _unit(block)
        scores = vectors @ asked.T
        scores[~has_vector] = -np.inf
        scores[:, ~has_query_vector] = -np.inf
        here = (left_out >= start) & (left_out < start + len(documents))
        scores[left_out[here] - start, query[here]] = -np.inf
        top.add(documents, scores)
        start += len(block)
    return {query: top.ranking(row) for row, query in enumerate(collection.queries)}


def vec_files_run(query_file: Path, document_file: Path, searched: Searched, depth: int) -> RankedRun:
    """Return the run of aligned word vectors in two files, that of the queries' language first."""
    collection, index = searched.collection, searched.index
    queries = [searched.query_terms(text) for text in collection.queries.values()]
    query_vectors = read_word_vectors(query_file, {term for terms in queries for term in terms})
    document_vectors = read_word_vectors(document_file, index.vocabulary.keys())
    rankings = rank_by_words(collection, index, queries, query_vectors, document_vectors, depth)
    digests = "+".join(map(file_digest, (query_file, document_file)))
    return RankedRun("clwe", ("clwe.idf", f"vectors={digests}", searched.document_terms[1]), rankings)


def inverse_frequencies(index: TermIndex) -> dict[str, float]:
    """Return log(N / df) of every term."""
    counts = Counter(term for terms in index.documents for term in set(terms))
    return {
        term: math.log(len(index.documents) / counts[number]) for term, number in index.vocabulary.items()
    }


def _idf_weights(index: TermIndex) -> sparse.csr_matrix:
    """Return tf · log(N / df), (documents, terms)."""
    lengths = [len(terms) for terms in index.documents]
    rows = np.repeat(np.arange(len(lengths)), lengths)
    columns = np.fromiter((term for terms in index.documents for term in terms), np.int64, len(rows))
    shape = len(lengths), len(index.vocabulary)
    counts = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape)
    counts.sum_duplicates()
    frequency = np.bincount(counts.indices, minlength=shape[1])
    counts.data *= np.log(len(lengths) / np.maximum(1, frequency))[counts.indices]
    return counts


def _common_width(*vectors: WordVectors) -> int:
    widths = {len(vector) for of_language in vectors for vector in of_language.values()}
    if len(widths) > 1:
        raise BadInput(
            f"the word vectors have {' and '.join(map(str, sorted(widths)))} dimensions",
            cure="take vectors that are aligned into one space",
        )
    return widths.pop() if widths else 0


def _unit(vectors: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return vectors of length 1, and which of them have a length at all."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1.0), lengths[:, 0] > 0
