"""Aligned word vectors, and words that an encoder reads alone, rank as plain loops do."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from harness.cli.main import main
from harness.data.vec_files import read_word_vectors
from harness.errors import BadInput
from harness.evaluation.run import Options
from harness.retrieval.ranked_run import read_run
from harness.retrieval.sources import Searched, open_collection
from tests.support.collections import write_beir


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_beir(tmp_path / "harbour/de-en")


def vec_file(path: Path, words: list[str], width: int = 5, *, header: bool = True) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(len(words))
    vectors = {word: rng.normal(size=width).round(3) for word in words}
    lines = [f"{word} {' '.join(map(str, vector))}\n" for word, vector in vectors.items()]
    path.write_text((f"{len(words)} {width}\n" if header else "") + "".join(lines), "utf-8")
    return vectors


def text_vector(terms: list[str], vectors: dict[str, np.ndarray], weight: dict[str, float]) -> np.ndarray:
    return sum((weight.get(term, 1.0) * vectors[term] for term in terms if term in vectors), np.zeros(5))


@pytest.mark.parametrize("header", [True, False])
def test_documents_are_ranked_by_summed_word_vectors(collection: Path, header: bool) -> None:
    german = vec_file(Path("de.vec"), ["wo", "fähre", "brot", "salz", "sang"], header=header)
    english = vec_file(Path("en.vec"), ["The", "ferry", "bread", "salt", "choir", "sang", "the", "slept"])
    arguments = [str(collection), "--word-vectors", "de.vec", "en.vec", "--save-run", "runs", "--json"]
    outcome = CliRunner().invoke(main, ["retrieve", *arguments])
    assert outcome.exit_code == 0, outcome.output
    (row,) = json.loads(outcome.stdout)["runs"]
    assert "|clwe.idf|vectors=" in row["signature"] and "|words=icu" in row["signature"]
    searched = Searched(*open_collection(collection, None, Options()))
    cut, names = searched.document_terms[0], list(searched.collection.documents)
    documents = [cut(document.whole) for document in searched.collection.documents.values()]
    english["the"] = english.pop("The")
    df = {term: sum(term in terms for terms in documents) for terms in documents for term in terms}
    idf = {term: math.log(len(documents) / count) for term, count in df.items()}
    rankings = read_run(Path("runs/clwe.de-en.run"))
    for query, text in searched.collection.queries.items():
        asked = text_vector(searched.query_terms(text), german, {})
        cosines = {}
        for name, terms in zip(names, documents, strict=True):
            vector = text_vector(terms, english, idf)
            if vector.any():
                cosines[name] = float(asked @ vector / np.linalg.norm(asked) / np.linalg.norm(vector))
        assert len(cosines) == 3
        ranking = rankings[query]
        assert list(ranking.documents) == sorted(cosines, key=cosines.__getitem__, reverse=True)
        assert ranking.scores.tolist() == pytest.approx(sorted(cosines.values(), reverse=True), abs=1e-6)


def test_an_encoder_reads_words_alone(collection: Path, toy_encoder: Path) -> None:
    arguments = [
        str(collection),
        "--model",
        str(toy_encoder),
        "--by",
        "words",
        "--dtype",
        "float32",
        "--json",
    ]
    outcome = CliRunner().invoke(main, ["retrieve", *arguments])
    assert outcome.exit_code == 0, outcome.output
    (row,) = json.loads(outcome.stdout)["runs"]
    assert "|iso.idf|words=icu" in row["signature"] and "|h3.mean|" in row["signature"]
    assert row["retrieved"] == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a 1 2\nb 1\n", "found 1 numbers after the word, expected 2"),
        ("a 1 x\n", "the vector of 'a' has what is no finite number"),
        ("a 1 nan\n", "the vector of 'a' has what is no finite number"),
        ("", "holds no vector"),
    ],
)
def test_what_is_no_file_of_vectors_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "x.vec").write_text(content)
    with pytest.raises(BadInput, match=message):
        read_word_vectors(tmp_path / "x.vec", {"a", "b"})


def test_vectors_of_two_spaces_are_refused(collection: Path) -> None:
    vec_file(Path("de.vec"), ["wo"])
    vec_file(Path("en.vec"), ["the"], width=4)
    outcome = CliRunner().invoke(main, ["retrieve", str(collection), "--word-vectors", "de.vec", "en.vec"])
    assert outcome.exit_code not in (0, 1)
    assert "the word vectors have 4 and 5 dimensions" in outcome.output
