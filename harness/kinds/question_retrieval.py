"""Retrieve answers to questions from a pool of sentences in many languages: per language and from all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.data.lareqa import NO_ANSWER, Questions
from harness.kinds.protocols import EncodeByRole
from harness.kinds.search.panels import TIE
from harness.records import Target, TextRole
from harness.scoring.metrics.average_precision import average_precision

CUTOFF = 20
# The element name of tables read from parquet, so that writing them again gives the same bytes.
_RANKS = pa.list_(pa.field("element", pa.int32()))
# The products at once (64 MiB), and the questions and candidates of a block of them: two blocks of 0.5 MiB
# fit into a core's cache. Columns stay below 8 · 256, because products above a threshold are counted in the 8
# bytes of a word, 255 times each.
_PRODUCTS, _ROWS, _COLUMNS = 2**24, 64, 2040


def run(target: Target, examples: Questions, encode: EncodeByRole) -> pa.Table:
    """Rank every question's answers, one a language, by inner product; `encode` returns unit vectors (n, d).

    A row is a question: `rank_in_language` holds for each of the target's languages the rank of its answer
    among that language's sentences, `rank_in_union` the rank among the sentences of all, 0 where the language
    has no answer.
    """
    pool = examples.pool
    relevant = np.array(examples.relevant, np.int64).reshape(len(examples), len(pool.languages))
    questions = encode(examples.questions, TextRole.QUERY)
    candidates = encode(pool.sentences, TextRole.PASSAGE)
    in_language, in_union = rank_answers(questions, candidates, pool.starts, relevant)
    order = [pool.languages.index(language) for language in target.languages]
    return pa.table(
        {
            "index": np.arange(len(examples), dtype=np.int32),
            "question_language": pa.array([examples.language] * len(examples), pa.string()),
            "rank_in_language": pa.array(list(in_language[:, order]), _RANKS),
            "rank_in_union": pa.array(list(in_union[:, order]), _RANKS),
            "average_precision": average_precision(in_union, CUTOFF),
        }
    )


def similarities(examples: Questions) -> int:
    """Count the similarities."""
    return len(examples) * len(examples.pool.sentences)


def headline(target: Target, examples: Questions, encode: EncodeByRole) -> float:
    """Return mAP@20 in the union, a fraction."""
    return float(run(target, examples, encode)["average_precision"].to_numpy().mean())


# ---- ranks ------------------------------------------------------------------------------------


def rank_answers(
    questions: NDArray[np.float32],
    candidates: NDArray[np.float32],
    starts: Sequence[int],
    relevant: NDArray[np.int64],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the ranks (questions, languages) of relevant candidates in their language and in the union.

    Vectors are (questions, d) and (candidates, d); those of language j begin at starts[j] and include
    relevant[:, j]. A rank is 1 + the candidates whose inner product is larger + those of a lower index that
    are equal, up to 1e-12, as in float64; it is 0 for `NO_ANSWER`.

    Work for q questions, c candidates and l languages: 2qc(d + 1) operations in float32, 4qc bytes written
    and read once, then 2qcl comparisons in blocks that stay in cache; for XQuAD-R's 13,090 x 13,014 at d =
    384, 131 GFLOP, 0.7 GB and 3.7 G comparisons.
    """
    ranks = [np.zeros(relevant.shape, np.int32) for _ in range(2)]
    bounds = [*starts, len(candidates)]
    pool = _Pool.of(candidates, questions)
    step = max(1, _PRODUCTS // max(1, len(candidates)))
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for first in range(0, len(questions), step):
            batch = slice(first, first + step)
            block = _QuestionBlock.of(questions[batch], relevant[batch], pool)
            # One product for many threads, then one long count: BLAS lets its own threads spin after each
            # product.
            products = block.centred @ pool.centred.T  # (questions, candidates)
            list(threads.map(partial(_count, block, products, bounds, pool), range(0, len(products), _ROWS)))
            for rank, above in zip(ranks, (block.above_in_language, block.above_in_union), strict=True):
                rank[batch] = np.where(relevant[batch] == NO_ANSWER, 0, above + 1)
    return ranks[0], ranks[1]


def _count(
    block: _QuestionBlock, products: NDArray[np.float32], bounds: Sequence[int], pool: _Pool, first_row: int
) -> None:
    rows = slice(first_row, first_row + _ROWS)
    for language, (start, end) in enumerate(pairwise(bounds)):
        for first in range(start, end, _COLUMNS):
            columns = slice(first, min(first + _COLUMNS, end))
            block.count(rows, columns, products[rows, columns], language, pool)


@dataclass(frozen=True)
class _Pool:
    """The candidates in float64 and, centred, in float32.

    With means m of the questions and c of the candidates, q·x = q·c + (q − m)·(x − c) + m·(x − c). The first
    term is the same for all candidates, so the other two rank them; these are small where all vectors have
    similar directions, and so is float32's error. The last term is one more column, which the questions
    multiply by one.
    """

    vectors: NDArray[np.float64]  # (candidates, d)
    centred: NDArray[np.float32]  # (candidates, d + 1)
    centre: NDArray[np.float32]  # (d,)
    questions_centre: NDArray[np.float32]  # (d,)
    radius: float  # the longest x − c
    offset: float  # the largest |m·(x − c)|

    @classmethod
    def of(cls, candidates: NDArray[np.float32], questions: NDArray[np.float32]) -> _Pool:
        centre, questions_centre = candidates.mean(axis=0), questions.mean(axis=0)
        vectors = candidates.astype(np.float64)
        offsets = vectors @ questions_centre.astype(np.float64) - float(
            centre.astype(np.float64) @ questions_centre.astype(np.float64)
        )
        centred = np.empty((len(candidates), candidates.shape[1] + 1), np.float32)
        np.subtract(candidates, centre, out=centred[:, :-1])
        centred[:, -1] = offsets
        radius = float(_lengths(centred[:, :-1]).max())
        return cls(vectors, centred, centre, questions_centre, radius, float(np.abs(offsets).max()))


@dataclass(frozen=True)
class _QuestionBlock:
    """Some questions, the exact products of their answers, and the candidates counted above these so far."""

    vectors: NDArray[np.float64]  # (questions, d)
    centred: NDArray[np.float32]  # (questions, d + 1)
    relevant: NDArray[np.int64]  # (questions, languages)
    answer_products: NDArray[np.float64]  # (questions, languages), ∞ without an answer
    lower: NDArray[np.float32]  # (questions, languages), a smaller float32 product is below the answer,
    upper: NDArray[np.float32]  # a larger one above it, whatever the rounding
    above_in_language: NDArray[np.int64]  # (questions, languages)
    above_in_union: NDArray[np.int64]  # (questions, languages)

    @classmethod
    def of(cls, questions: NDArray[np.float32], relevant: NDArray[np.int64], pool: _Pool) -> _QuestionBlock:
        vectors = questions.astype(np.float64)
        centred = np.ones((len(questions), questions.shape[1] + 1), np.float32)
        np.subtract(questions, pool.questions_centre, out=centred[:, :-1])
        answer_products = np.full(relevant.shape, np.inf)
        for language, answers in enumerate(relevant.T):
            answered = np.flatnonzero(answers != NO_ANSWER)
            answer_products[answered, language] = np.einsum(
                "qd,qd->q", vectors[answered], pool.vectors[answers[answered]]
            )
        # A sum of d + 1 float32 products, in any order, is off by at most γ = k u / (1 − k u) times the sum
        # of their sizes (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1); k = d + 8
        # covers the rounding of the factors and lengths.
        rounding = (questions.shape[1] + 8) * 2.0**-24
        sizes = _lengths(centred[:, :-1]) * pool.radius + pool.offset
        slack = rounding / (1 - rounding) * sizes + 10 * TIE
        shifted = answer_products - (vectors @ pool.centre.astype(np.float64))[:, None]
        # Answers among themselves: axis 1 is the answer that ranks above, axis 2 the answer that is ranked.
        above = _ranks_above(
            answer_products[:, :, None],
            relevant[:, :, None],
            answer_products[:, None, :],
            relevant[:, None, :],
        )
        above &= (relevant != NO_ANSWER)[:, :, None]
        return cls(
            vectors,
            centred,
            relevant,
            answer_products,
            np.nextafter((shifted - slack[:, None]).astype(np.float32), np.float32(-np.inf)),
            np.nextafter((shifted + slack[:, None]).astype(np.float32), np.float32(np.inf)),
            np.zeros(relevant.shape, np.int64),
            above.sum(axis=1, dtype=np.int64),
        )

    def count(
        self, rows: slice, columns: slice, products: NDArray[np.float32], language: int, pool: _Pool
    ) -> None:
        """Add the candidates among `columns` of a language that rank above the answers of `rows`."""
        answers = self.relevant[rows, language] - columns.start
        in_columns = np.flatnonzero((answers >= 0) & (answers < products.shape[1]))
        products[in_columns, answers[in_columns]] = -np.inf  # already counted among the answers
        size, width = products.shape
        words = np.zeros((size, -(-width // 8)), np.uint64)
        above = words.view(np.bool_)[:, :width]
        near, undecided = np.empty(products.shape, np.bool_), np.zeros(products.shape, np.bool_)
        # The sum of each row's words: eight counts, each in a byte.
        sums = np.empty((self.relevant.shape[1], size), np.uint64)
        for j, total in enumerate(sums):
            np.greater(products, self.upper[rows, j, None], out=above)
            np.greater_equal(products, self.lower[rows, j, None], out=near)
            np.not_equal(near, above, out=near)
            np.logical_or(undecided, near, out=undecided)
            np.add.reduce(words, axis=1, out=total)
        # One count per row and language.
        counts = sums.view(np.uint8).reshape(*sums.shape, 8).sum(axis=2, dtype=np.int64).T
        self.above_in_union[rows] += counts
        self.above_in_language[rows, language] += counts[:, language]
        self._decide(rows, columns, products, undecided, language, pool)

    def _decide(
        self,
        rows: slice,
        columns: slice,
        products: NDArray[np.float32],
        undecided: NDArray[np.bool_],
        language: int,
        pool: _Pool,
    ) -> None:
        """Add the candidates that float32 cannot distinguish from an answer, by their products in float64."""
        row, column = np.divmod(np.flatnonzero(undecided), undecided.shape[1])
        vectors = self.vectors[rows]
        if len(row) > undecided.size // 16:  # for many pairs one product of matrices moves less memory
            exact = (vectors @ pool.vectors[columns].T)[row, column]
        else:
            exact = np.vecdot(vectors[row], pool.vectors[columns][column])
        rounded = products[row, column][:, None]
        near = (rounded >= self.lower[rows][row]) & (
            rounded <= self.upper[rows][row]
        )  # (undecided, languages)
        candidate = columns.start + column[:, None]
        above = near & _ranks_above(
            exact[:, None], candidate, self.answer_products[rows][row], self.relevant[rows][row]
        )
        pair, answer = np.nonzero(above)
        size, languages = len(vectors), above.shape[1]
        counts = np.bincount(row[pair] * languages + answer, minlength=size * languages).reshape(
            size, languages
        )
        self.above_in_union[rows] += counts
        self.above_in_language[rows, language] += counts[:, language]


def _ranks_above(
    product: NDArray[np.float64],
    index: NDArray[np.int64],
    answer_product: NDArray[np.float64],
    answer_index: NDArray[np.int64],
) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):  # ∞ − ∞, between missing answers
        difference = product - answer_product
    return (difference > TIE) | ((np.abs(difference) <= TIE) & (index < answer_index))


def _lengths(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    lengths: NDArray[np.float64] = np.sqrt(np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64))
    return lengths
