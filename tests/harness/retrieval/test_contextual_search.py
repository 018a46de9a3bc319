"""Words that an encoder reads in context rank as plain loops over transformers' own hidden states do."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from click.testing import CliRunner

from harness.cli.main import main
from harness.retrieval.ranked_run import read_run

QUERIES = {"q1": "red ferry", "q2": "bread", "q3": "unheard"}
DOCUMENTS = {"d1": "The ferry is red. Red!", "d2": "Bread and salt, no ferry.", "d3": "A song."}
CONTEXTS = ["The red ferry came.", "Bread is bread.", "A red roof.", "The ferry left.", "Red."]


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "harbour/en-en"
    (folder / "qrels").mkdir(parents=True)
    for name, texts in (("queries", QUERIES), ("corpus", DOCUMENTS)):
        rows = [json.dumps({"_id": key, "text": text, "title": ""}) for key, text in texts.items()]
        (folder / f"{name}.jsonl").write_text("\n".join(rows) + "\n")
    judged = "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\nq3\td3\t1\n"
    (folder / "qrels/test.tsv").write_text(judged)
    (tmp_path / "contexts.txt").write_text("\n".join(CONTEXTS) + "\n")
    return folder


class Words:
    """The words of a text with the states of their pieces, one text at a time."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
        self.model: Any = transformers.AutoModel.from_pretrained(folder).eval()

    def of(self, text: str) -> list[tuple[str, np.ndarray]]:
        encoded = self.tokenizer(text, return_tensors="pt", return_offsets_mapping=True)
        offsets = encoded.pop("offset_mapping")[0].tolist()
        with torch.inference_mode():
            state = self.model(**encoded, output_hidden_states=True).hidden_states[-1][0].double().numpy()
        found = []
        for word in re.finditer(r"\w+", text):
            pieces = [i for i, (a, b) in enumerate(offsets) if max(a, word.start()) < min(b, word.end())]
            found.append((word[0].lower(), state[pieces]))
        return found


def idf() -> dict[str, float]:
    counts = Counter(word for text in DOCUMENTS.values() for word in set(re.findall(r"\w+", text.lower())))
    return {word: math.log(len(DOCUMENTS) / count) for word, count in counts.items()}


def ranked(
    queries: dict[str, np.ndarray], documents: dict[str, np.ndarray]
) -> dict[str, list[tuple[str, float]]]:
    found = {}
    for query, vector in queries.items():
        scores = {
            name: float(vector @ other / np.linalg.norm(vector) / np.linalg.norm(other))
            for name, other in documents.items()
            if np.linalg.norm(vector) > 0 and np.linalg.norm(other) > 0
        }
        found[query] = sorted(scores.items(), key=lambda row: -row[1])
    return found


def run(collection: Path, *arguments: object) -> tuple[str, dict[str, list[tuple[str, float]]]]:
    command = ["retrieve", collection, *arguments, "--dtype", "float32", "--json", "--save-run", "runs"]
    outcome = CliRunner().invoke(main, list(map(str, command)))
    assert outcome.exit_code == 0, outcome.output
    (path,) = Path("runs").iterdir()
    rankings = read_run(path)
    found = {
        query: list(zip(ranking.documents, map(float, ranking.scores), strict=True))
        for query, ranking in rankings.items()
    }
    return json.loads(outcome.stdout)["runs"][0]["signature"], found


def assert_same(
    found: dict[str, list[tuple[str, float]]], expected: dict[str, list[tuple[str, float]]]
) -> None:
    for query, rows in expected.items():
        assert [name for name, _ in found.get(query, [])] == [name for name, _ in rows]
        assert [score for _, score in found.get(query, [])] == pytest.approx(
            [score for _, score in rows], abs=1e-5
        )


def test_first_pieces_are_summed_with_idf(collection: Path, toy_encoder: Path) -> None:
    signature, found = run(collection, "--model", toy_encoder, "--by", "pieces")
    words, weights = Words(toy_encoder), idf()
    documents = {
        name: sum(weights[term] * pieces[0] for term, pieces in words.of(text))
        for name, text in DOCUMENTS.items()
    }
    queries = {name: sum(pieces[0] for _, pieces in words.of(text)) for name, text in QUERIES.items()}
    assert "|semb.idf.first.128|words=icu" in signature
    assert_same(found, ranked(queries, documents))


@pytest.mark.parametrize("limit", [1, 20])
def test_words_are_averaged_over_the_first_contexts(collection: Path, toy_encoder: Path, limit: int) -> None:
    contexts = ("--contexts", "contexts.txt", "contexts.txt", "--contexts-per-word", limit)
    signature, found = run(collection, "--model", toy_encoder, "--by", "contexts", *contexts)
    words, weights = Words(toy_encoder), idf()
    of_word: dict[str, list[np.ndarray]] = {}
    for sentence in CONTEXTS:
        here: dict[str, list[np.ndarray]] = {}
        for term, pieces in words.of(sentence):
            here.setdefault(term, []).append(pieces.mean(axis=0))
        for term, vectors in here.items():
            of_word.setdefault(term, []).append(np.mean(vectors, axis=0))
    vector = {term: np.mean(vectors[:limit], axis=0) for term, vectors in of_word.items()}
    zero = np.zeros(len(vector["red"]))
    documents = {
        name: sum((weights[t] * vector.get(t, zero) for t in re.findall(r"\w+", text.lower())), zero)
        for name, text in DOCUMENTS.items()
    }
    queries = {name: sum((vector.get(t, zero) for t in text.split()), zero) for name, text in QUERIES.items()}
    assert f"|aoc.n{limit}.idf|contexts=" in signature
    assert "q3" not in found  # no sentence has its word
    assert_same(found, ranked(queries, documents))


def test_what_has_no_place_in_a_text_is_refused(collection: Path, toy_encoder: Path) -> None:
    base = ["retrieve", str(collection), "--model", str(toy_encoder)]
    outcome = CliRunner().invoke(main, [*base, "--by", "pieces", "--terms", "char2"])
    assert outcome.exit_code == 3 and "words in context are no char2" in outcome.output
    outcome = CliRunner().invoke(main, [*base, "--by", "contexts"])
    assert outcome.exit_code == 2 and "--by contexts and --contexts go together" in outcome.output
