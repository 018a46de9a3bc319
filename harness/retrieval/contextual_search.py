"""Search by words that an encoder reads in context: averaged over a corpus, or the first piece of each.

Nothing of it is kept in the cache of vectors, which has one vector for a text.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.data.text_files import read_lines
from harness.errors import BadInput
from harness.kinds.search.terms import WORDS, WordSpan, word_spans
from harness.models.batching import plan_batches
from harness.models.encoder import Encoder
from harness.retrieval.ranked_run import Ranking, file_digest
from harness.retrieval.sources import Searched
from harness.retrieval.word_search import WordVectors, inverse_frequencies, rank_by_vectors, rank_by_words

PIECES = 128
"""Pieces of a text that are read for the sum of first pieces, as Litschko et al. 2022 read them."""

Spans = Callable[[str], list[WordSpan]]


class _WordStates(NamedTuple):
    """The words of a text, in order, and a vector (words, hidden) of each."""

    text: int
    words: list[str]
    vectors: NDArray[np.float64]


def refuse_terms(kind: str) -> None:
    """Raise BadInput for terms that are no words, which have no place in a text as an encoder reads it."""
    if kind != WORDS:
        raise BadInput(f"words in context are no {kind}", cure="leave --terms out")


def search_by_contexts(
    searched: Searched,
    encoder: Encoder,
    prefixes: tuple[str, str],
    corpora: tuple[Path, Path],
    limit: int,
    depth: int,
) -> tuple[tuple[str, ...], dict[str, Ranking]]:
    """Rank by words' vectors averaged over their contexts (AOC); returns words for a signature, and rankings.

    `corpora` are files of one sentence a line, in the language of the queries and in that of the documents,
    `prefixes` what precedes a query and a passage. A word's vector is the mean over the first `limit`
    sentences that have it, of the mean of its pieces there. Source: R. Litschko et al. 2022. arXiv
    2112.11031.
    """
    queries = [searched.query_terms(text) for text in searched.collection.queries.values()]
    asked = {term for terms in queries for term in terms}
    of_queries, of_documents = (
        contextual_vectors(encoder, read_lines(path), word_spans(language), words, limit, prefix)
        for path, language, words, prefix in zip(
            corpora, _languages(searched), (asked, searched.index.vocabulary.keys()), prefixes, strict=True
        )
    )
    rankings = rank_by_words(searched.collection, searched.index, queries, of_queries, of_documents, depth)
    digests = "+".join(map(file_digest, corpora))
    return (f"aoc.n{limit}.idf", f"contexts={digests}", searched.document_terms[1]), rankings


def search_by_first_pieces(
    searched: Searched, encoder: Encoder, prefixes: tuple[str, str], depth: int
) -> tuple[tuple[str, ...], dict[str, Ranking]]:
    """Rank by the sum of the first piece's vector of every word, in documents scaled by IDF (SEMB)."""
    collection = searched.collection
    of_queries, of_documents = map(word_spans, _languages(searched))
    texts = [document.whole for document in collection.documents.values()]
    queries = first_piece_sums(encoder, list(collection.queries.values()), of_queries, prefixes[0])
    weights = inverse_frequencies(searched.index)
    documents = first_piece_sums(encoder, texts, of_documents, prefixes[1], weights)
    words = (f"semb.idf.first.{PIECES}", searched.document_terms[1])
    return words, rank_by_vectors(collection, queries, [documents], depth)


def contextual_vectors(
    encoder: Encoder,
    sentences: Sequence[str],
    spans: Spans,
    words: Collection[str],
    limit: int,
    prefix: str = "",
) -> WordVectors:
    """Return the vectors of those of the words that some sentence has, over the first `limit` of these."""
    counts: Counter[str] = Counter()
    chosen = []
    for sentence in sentences:
        terms = {span.term for span in spans(sentence)} & set(words)
        if any(counts[term] < limit for term in terms):
            counts.update(terms)
            chosen.append(sentence)
    found: dict[str, list[tuple[int, NDArray[np.float64]]]] = defaultdict(list)
    for text, occurring, vectors in _states(encoder, chosen, spans, prefix, first_only=False):
        for term in set(occurring) & set(words):
            places = [place for place, other in enumerate(occurring) if other == term]
            found[term].append((text, vectors[places].mean(axis=0)))
    return {
        term: np.mean([vector for _, vector in sorted(contexts, key=itemgetter(0))[:limit]], axis=0)
        for term, contexts in found.items()
    }


def first_piece_sums(
    encoder: Encoder,
    texts: Sequence[str],
    spans: Spans,
    prefix: str = "",
    weights: Mapping[str, float] | None = None,
) -> NDArray[np.float64]:
    """Return for each text the sum (texts, hidden) of the vectors of its words' first pieces, weighted."""
    sums = np.zeros((len(texts), encoder.hidden_size))
    for text, terms, vectors in _states(encoder, texts, spans, prefix, first_only=True):
        weight = (
            np.ones(len(terms)) if weights is None else np.array([weights.get(term, 0.0) for term in terms])
        )
        sums[text] = weight @ vectors
    return sums


def _languages(searched: Searched) -> tuple[str, str]:
    queries, _, documents = searched.collection.pair.partition("-")
    return queries, documents or queries


def _states(
    encoder: Encoder, texts: Sequence[str], spans: Spans, prefix: str, *, first_only: bool
) -> Iterator[_WordStates]:
    """Yield the vectors of the words of every text, in any order; words that are cut off have none."""
    if not texts:
        return
    if not encoder.tokenizer.is_fast:
        raise BadInput(
            "the tokenizer does not say where its pieces are in a text",
            cure="save a tokenizer.json with the model, or take --by words",
        )
    encoded = encoder.tokenizer(
        [prefix + text for text in texts],
        truncation=True,
        max_length=encoder.max_length,
        return_offsets_mapping=True,
    )
    ids, offsets = encoded["input_ids"], encoded["offset_mapping"]
    (layer,) = {view.layer for view in encoder.views}
    for batch in plan_batches([len(tokens) for tokens in ids], encoder.batch_tokens):
        states = encoder.states([ids[text] for text in batch])[layer].double().cpu().numpy()
        for text, state in zip(batch, states, strict=True):
            words = list(_pieces_of(spans(texts[text]), offsets[text], len(prefix)))
            if words:
                vectors = [
                    state[pieces[0]] if first_only else state[pieces].mean(axis=0) for _, pieces in words
                ]
                yield _WordStates(int(text), [term for term, _ in words], np.stack(vectors))


def _pieces_of(
    words: Iterable[WordSpan], offsets: Sequence[tuple[int, int]], shift: int
) -> Iterator[tuple[str, list[int]]]:
    """Yield each word with the numbers of the pieces that have one of its characters."""
    pieces = [(start - shift, end - shift, i) for i, (start, end) in enumerate(offsets) if end > start]
    first = 0
    for word in words:
        while first < len(pieces) and pieces[first][1] <= word.start:
            first += 1
        inside = []
        for start, _, number in pieces[first:]:
            if start >= word.end:
                break
            inside.append(number)
        if inside:
            yield word.term, inside
