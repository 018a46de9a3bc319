"""Score documents by a query's terms: BM25, and the query likelihood of a unigram language model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import bm25s
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harness.kinds.search.terms import Terms


@dataclass(frozen=True)
class TermIndex:
    """The terms of all documents, as numbers of a vocabulary."""

    vocabulary: Mapping[str, int]
    documents: Sequence[list[int]]

    @classmethod
    def of(cls, texts: Iterable[str], terms: Terms) -> TermIndex:
        """Cut the texts of documents into terms."""
        vocabulary: dict[str, int] = {}
        documents = [[vocabulary.setdefault(term, len(vocabulary)) for term in terms(text)] for text in texts]
        return cls(vocabulary, documents)

    def numbers(self, query: Iterable[str]) -> list[int]:
        """Return the numbers of a query's terms, as often as they occur, without unknown ones."""
        return [self.vocabulary[term] for term in query if term in self.vocabulary]


class TermScorer(Protocol):
    """Scores all documents for one query; a document without any of its terms has 0."""

    @property
    def words(self) -> tuple[str, ...]:
        """Return the parts of a signature."""

    def scores(self, query: Sequence[int]) -> NDArray[np.floating]:
        """Return the scores (documents,) for the numbers of a query's terms."""


class BM25:
    """BM25 as in Lucene, computed by bm25s; the defaults are Anserini's.

    Σ over the query's terms of log(1 + (N − df + 0.5) / (df + 0.5)) · tf / (tf + k1 (1 − b + b l / m)), with
    the length l of the document and the mean length m. Source: S. Robertson and H. Zaragoza. 2009. The
    probabilistic relevance framework: BM25 and beyond. Foundations and Trends in IR 3(4).
    """

    def __init__(self, index: TermIndex, k1: float = 0.9, b: float = 0.4) -> None:
        self.words = (f"bm25.k1={k1:g}.b={b:g}",)
        self._count = len(index.documents)
        self._bm25 = bm25s.BM25(k1=k1, b=b, method="lucene") if index.vocabulary else None
        if self._bm25 is not None:
            documents = (list(index.documents), dict(index.vocabulary))
            self._bm25.index(documents, show_progress=False)

    def scores(self, query: Sequence[int]) -> NDArray[np.floating]:
        """Return the scores (documents,) for the numbers of a query's terms."""
        if self._bm25 is None or not query:
            return np.zeros(self._count, np.float32)
        return np.asarray(self._bm25.get_scores_from_ids(list(query)))


class QueryLikelihood:
    """The probability of the query in a document's unigram model, smoothed as by Jelinek and Mercer.

    Σ over the query's terms of log(1 + (1 − λ) P(t | document) / (λ P(t | collection))), which is the
    logarithm of the query's probability without a part that all documents share. λ is the weight of the
    collection; 0.1 is for short queries. Source: C. Zhai and J. Lafferty. 2004. A study of smoothing methods
    for language models applied to information retrieval. ACM TOIS 22(2).
    """

    def __init__(self, index: TermIndex, weight: float = 0.1) -> None:
        self.words = (f"ql.jm={weight:g}",)
        lengths = np.array([len(terms) for terms in index.documents], np.float64)
        rows = np.repeat(np.arange(len(lengths)), lengths.astype(np.int64))
        columns = np.fromiter((term for terms in index.documents for term in terms), np.int64, len(rows))
        shape = len(lengths), len(index.vocabulary)
        # Entries of one document and term are added up.
        counts = sparse.csc_matrix((np.ones(len(rows)), (rows, columns)), shape)
        in_collection = np.asarray(counts.sum(axis=0)).ravel() / max(1.0, lengths.sum())
        term = np.repeat(np.arange(shape[1]), np.diff(counts.indptr))
        in_document = counts.data / lengths[counts.indices]
        counts.data = np.log1p((1 - weight) / weight * in_document / in_collection[term])
        self._gains = counts

    def scores(self, query: Sequence[int]) -> NDArray[np.floating]:
        """Return the scores (documents,) for the numbers of a query's terms."""
        total = np.zeros(self._gains.shape[0])
        for term, count in Counter(query).items():
            column = slice(self._gains.indptr[term], self._gains.indptr[term + 1])
            total[self._gains.indices[column]] += count * self._gains.data[column]
        return total
