"""BM25 and query likelihood equal plain loops, and terms are cut in every script."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from harness.kinds.search.term_scores import BM25, QueryLikelihood, TermIndex
from harness.kinds.search.terms import terms_of
from harness.retrieval.term_search import search

WORDS = ["ferry", "pier", "noon", "bread", "salt", "choir", "song", "harbour"]


def bm25(query: list[str], document: list[str], documents: list[list[str]]) -> float:
    mean = sum(map(len, documents)) / len(documents)
    total = 0.0
    for term in query:
        df = sum(term in other for other in documents)
        tf = document.count(term)
        idf = math.log(1 + (len(documents) - df + 0.5) / (df + 0.5))
        total += idf * tf / (tf + 0.9 * (1 - 0.4 + 0.4 * len(document) / mean))
    return total


def likelihood(query: list[str], document: list[str], documents: list[list[str]]) -> float:
    """Return log P(query | document) − log P(query | document without any term)."""
    everything = [term for other in documents for term in other]
    total = 0.0
    for term in query:
        if term in everything:
            collection = 0.1 * everything.count(term) / len(everything)
            in_document = 0.9 * document.count(term) / len(document) if document else 0.0
            total += math.log(in_document + collection) - math.log(collection)
    return total


@pytest.mark.parametrize(("scorer", "loops"), [(BM25, bm25), (QueryLikelihood, likelihood)])
@pytest.mark.parametrize("seed", range(4))
def test_scores_equal_plain_loops(
    scorer: type[BM25] | type[QueryLikelihood],
    loops: Callable[[list[str], list[str], list[list[str]]], float],
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    documents = [list(rng.choice(WORDS[:-1], rng.integers(0, 12))) for _ in range(25)]
    cut, _ = terms_of("words", "en")
    index = TermIndex.of((" ".join(document) for document in documents), cut)
    names = [f"d{i}" for i in range(25)]
    queries = {f"q{i}": list(rng.choice(WORDS, rng.integers(1, 5))) for i in range(6)} | {"none": ["x"]}
    ignored = {"q0": {"d3", "d4"}}
    rankings = search(scorer(index), index, names, queries, 10, ignored)
    for query, terms in queries.items():
        expected = {
            name: loops(terms, document, documents)
            for name, document in zip(names, documents, strict=True)
            if name not in ignored.get(query, set())
        }
        matched = {name: score for name, score in expected.items() if score > 0}
        ranking = rankings[query]
        assert len(ranking.documents) == min(10, len(matched))
        best = sorted(matched.values(), reverse=True)[:10]
        assert ranking.scores.tolist() == pytest.approx(best, rel=1e-5)
        for name, score in zip(ranking.documents, ranking.scores, strict=True):
            assert matched[name] == pytest.approx(float(score), rel=1e-5)


@pytest.mark.parametrize("scorer", [BM25, QueryLikelihood])
def test_a_collection_without_a_term_finds_nothing(scorer: type[BM25] | type[QueryLikelihood]) -> None:
    index = TermIndex.of(["…", ""], terms_of("words", "en")[0])
    assert search(scorer(index), index, ["a", "b"], {"q": ["x"]}, 10, {})["q"].documents == ()


@pytest.mark.parametrize(
    ("kind", "language", "text", "terms"),
    [
        ("words", "en", "The ferry's PIER, 3.5 m—don't!", ["the", "ferry's", "pier", "3.5", "m", "don't"]),
        ("words", "de", "Straße ﬁel", ["strasse", "fiel"]),
        ("words", "th", "เรือข้ามฟากออกเดินทาง", ["เรือ", "ข้าม", "ฟาก", "ออก", "เดิน", "ทาง"]),
        ("words", "en", "a 𝒜𐐀 😀 b", ["a", "a𐐨", "b"]),
        ("char2", "zh", "渡轮 pier 停靠在码头", ["渡轮", "pier", "停靠", "靠在", "在码", "码头"]),
        ("char3", "zh", "渡轮", ["渡轮"]),
        ("words", "en", "", []),
    ],
)
def test_terms(kind: str, language: str, text: str, terms: list[str]) -> None:
    cut, name = terms_of(kind, language)
    if language == "th":  # whose division is the dictionary's
        assert "".join(cut(text)) == text
        assert len(cut(text)) > 2
    else:
        assert cut(text) == terms
    assert name == kind or name.startswith("words=icu")


def test_chinese_words_are_shorter_than_the_sentence() -> None:
    cut, _ = terms_of("words", "zh")
    assert "".join(cut("渡轮停靠在码头")) == "渡轮停靠在码头"
    assert len(cut("渡轮停靠在码头")) > 2
