"""From the command line: searched, read, fused, re-ranked, saved and compared."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from click.testing import CliRunner, Result

from harness.catalog import BY_NAME
from harness.cli.main import main
from harness.data.ir_collection import Document, load_collection
from harness.data.ntrex import ParallelDocuments
from harness.kinds import clir
from harness.models.checkpoint import verify
from harness.models.predictor import label_names, load
from harness.retrieval.encoder_search import token_windows
from harness.retrieval.ranked_run import read_run
from harness.store import load_results
from tests.support.collections import DOCUMENTS, write_beir, write_trec


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_beir(tmp_path / "harbour/de-en")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["retrieve", *map(str, arguments), "--dtype", "float32"])


def report(*arguments: object) -> dict[str, Any]:
    outcome = run(*arguments, "--json")
    assert outcome.exit_code == 0, outcome.output
    parsed: dict[str, Any] = json.loads(outcome.stdout)
    return parsed


def reranker(base: Path, folder: Path, outputs: int) -> Path:
    transformers.set_seed(0)
    labels = label_names(BY_NAME["pawsx"]) if outputs == 2 else {"num_labels": outputs}
    model, _, tokenizer = load(verify(base, "toy"), "classification", dtype=torch.float32, **labels)
    with torch.no_grad():
        model.classifier.weight.mul_(20)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_own_and_others_runs_are_scored_alike_and_saved(collection: Path, tmp_path: Path) -> None:
    made = report(collection, "--first-stage", "bm25", "--first-stage", "ql", "--save-run", "runs")
    assert (made["collection"], made["queries"], made["documents"]) == ("clir.harbour", 3, 4)
    assert [row["run"] for row in made["runs"]] == ["bm25", "ql"]
    assert made["runs"][0]["signature"].startswith(
        "clir.harbour|map|yy→xx|all_judged|ignore_identical_ids|bm25.k1=0.9.b=0.4|words=icu"
    )
    read = report(
        collection,
        "--run",
        "runs/bm25.de-en.run",
        "--run",
        "runs/ql.de-en.run",
        "--fuse",
        "--save-run",
        "more",
    )
    assert [row["run"] for row in read["runs"]] == ["bm25.de-en", "ql.de-en", "rrf"]
    for row, again in zip(made["runs"], read["runs"][:2], strict=True):
        assert row["scores"] == again["scores"]
    assert read["runs"][0]["signature"].split("|")[5].startswith("run=")
    assert "depth=" not in read["runs"][0]["signature"]
    assert "|of=bm25.de-en+ql.de-en|runs=" in read["runs"][2]["signature"]
    again = report(collection, *(f"--first-stage={stage}" for stage in ("bm25", "ql")), "--fuse", "--k1", 1.2)
    assert again["runs"][2]["signature"].split("|")[-3] != read["runs"][2]["signature"].split("|")[-3]
    assert [path.name for path in Path("more").iterdir()] == ["rrf.de-en.run"]


def test_translated_queries_are_searched_too(collection: Path) -> None:
    texts = {"q1": "Where is the ferry?", "q2": "What does bread cost?", "q3": "Who sang?"}
    lines = [json.dumps({"_id": name, "text": text}) + "\n" for name, text in texts.items()]
    (collection / "queries.translated.jsonl").write_text("".join(lines))
    arguments = (collection, "--first-stage", "bm25", "--translated", "--only-with-relevant")
    original, translated = report(*arguments)["runs"]
    assert (original["scores"]["map"], translated["scores"]["map"]) == (0.0, 100.0)
    assert "|queries=translated." in translated["signature"]
    (collection / "queries.translated.jsonl").write_text(lines[0])
    outcome = run(*arguments)
    assert "1 queries have no translation, such as 'q2'" in outcome.output


def test_topics_are_translated_in_trecs_layout_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = write_trec(tmp_path / "harbour/de-en")
    outcome = run(folder, "--first-stage", "bm25", "--translated")
    assert "must hold one file of translated queries, found none" in outcome.output
    (folder / "translated-topics.tsv").write_text("q1\tferry\nq2\tbread\nq3\tsang\n")
    assert len(report(folder, "--first-stage", "ql", "--translated")["runs"]) == 2


def test_ntrex_documents_are_searched_by_terms_and_by_an_encoder(
    tmp_path: Path, toy_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    foreign = ("Die Fähre kommt.", "Sie ist rot.", "Brot ist teuer.", "Berlin sagt nein.")
    english = ("The ferry comes.", "It is red.", "Bread costs much.", "Berlin says no.")
    made = ParallelDocuments("de", foreign, english, ("a", "a", "b", "b"), "made up")
    monkeypatch.setattr("harness.retrieval.sources.load_examples", lambda *_: made)
    terms, encoder, words = (
        report("ntrex_docs", "-l", "de", "--first-stage", "bm25", "--model", toy_encoder)["runs"]
        + (report("ntrex_docs", "-l", "de", "--model", toy_encoder, "--by", "words")["runs"])
    )
    assert terms["scores"]["map"] == 0  # only the translation has a word of its query
    assert encoder["signature"].startswith("ntrex_docs|map|en→xx|best.sentences|depth=1000|")
    assert encoder["scores"]["map"] in (50, 62.5, 75, 87.5, 100)
    assert "|iso.idf|" in words["signature"]
    outcome = run("ntrex_docs", "--first-stage", "bm25")
    assert (
        outcome.exit_code == 2 and "ntrex_docs has 21 languages\n    cure: -l ar or -l he" in outcome.output
    )


def test_an_encoder_has_the_scores_of_its_evaluation(collection: Path, toy_encoder: Path) -> None:
    arguments = ["evaluate", str(toy_encoder), "--clir", f"harbour={collection.parent}", "--dtype", "float32"]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    (folder,) = Path("evaluations").iterdir()
    (result,) = load_results(folder)
    evaluated = result.checkpoints[0].scores["de-en"]
    for by, variant, word in (
        ("best", "best", "best.c512"),
        ("top", "top3", "top3.c512"),
        ("average", "average", "average.c512"),
        ("whole", "whole", "whole"),
    ):
        (row,) = report(collection, "--model", toy_encoder, "--by", by, "--save-run", by)["runs"]
        expected = evaluated.secondary | {"map_best": evaluated.score}
        for name, value in row["scores"].items():
            assert value == pytest.approx(expected[f"{name}_{variant}"], abs=1e-3), (by, name)
        assert f"|{word}|depth=1000|h3.mean|" in row["signature"]
        rankings = read_run(Path(by) / f"{row['run']}.de-en.run")
        assert [len(ranking.documents) for ranking in rankings.values()] == [4, 4, 4]


def test_windows_are_the_texts_of_overlapping_tokens(toy_encoder: Path, collection: Path) -> None:
    files = verify(toy_encoder, "toy")
    cut = token_windows(files, 4, 2)
    words = "the cat sleeps a dog runs the sun shines"
    assert cut(Document("", words)) == (
        "the cat sleeps a",
        "sleeps a dog runs",
        "dog runs the sun",
        "runs the sun shines",
    )
    assert cut(Document("", "the cat")) == ("the cat",)
    assert cut(Document("", "")) == ("",)
    read = load_collection("de-en", collection)
    assert replace(read, cut=cut).fingerprint == read.fingerprint
    (row,) = report(collection, "--model", toy_encoder, "--window", "4:2")["runs"]
    assert "|best.w4.s2|" in row["signature"]


@pytest.mark.parametrize("outputs", [1, 2])
def test_the_first_documents_are_reordered_and_the_rest_stays(
    collection: Path, tmp_path: Path, toy_encoder: Path, outputs: int
) -> None:
    model = reranker(toy_encoder, tmp_path / "reranker", outputs)
    base = ["d1", "d2", "d3", "d4"]
    lines = [f"{q} Q0 {name} 1 {4 - i} x\n" for q in ("q1", "q2") for i, name in enumerate(base)]
    (tmp_path / "base.run").write_text("".join(lines))
    arguments = ("--run", "base.run", "--rerank", model, "--rerank-depth", 2, "--save-run", "runs")
    rows = report(collection, *arguments)["runs"]
    assert [row["run"] for row in rows] == ["base", "base-reranked"]
    assert "|rerank.k=2.len=512|by=" in rows[1]["signature"]
    of, made_of, depth = rows[1]["signature"].split("|")[-4:-1]
    assert (of, made_of[:5], depth) == ("of=base", "runs=", "depth=1000")
    assert rows[1]["seconds"] > 0
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    network = transformers.AutoModelForSequenceClassification.from_pretrained(model).eval()
    queries = load_collection("de-en", collection).queries
    for query, ranking in read_run(tmp_path / "runs/base-reranked.de-en.run").items():
        expected = []
        for name in base[:2]:
            whole = " ".join(DOCUMENTS[name]).strip()
            with torch.inference_mode():
                logits = network(**tokenizer(queries[query], whole, return_tensors="pt")).logits[0].numpy()
            expected.append(float(logits[0] if outputs == 1 else logits[1] - logits[0]))
        order = np.argsort(-np.array(expected))
        assert ranking.documents == (*(base[i] for i in order), "d3", "d4")
        assert ranking.scores[:2].tolist() == pytest.approx(np.array(expected)[order].tolist(), abs=1e-4)


def test_a_document_without_a_text_cannot_be_reranked(
    collection: Path, tmp_path: Path, toy_encoder: Path
) -> None:
    model = reranker(toy_encoder, tmp_path / "reranker", 1)
    Path("part.run").write_text("q1 Q0 d1 1 2 x\nq1 Q0 foreign 2 1 x\n")
    outcome = run(collection, "--run", "part.run", "--rerank", model)
    assert outcome.exit_code not in (0, 1)
    assert "part ranks document 'foreign' for query 'q1', whose text is not in" in outcome.output
    assert run(collection, "--run", "part.run", "--rerank", model, "--rerank-depth", 1).exit_code == 0


def test_a_head_of_three_labels_is_no_reranker(collection: Path, tmp_path: Path, toy_encoder: Path) -> None:
    model = reranker(toy_encoder, tmp_path / "reranker", 3)
    outcome = run(collection, "--first-stage", "bm25", "--rerank", model)
    assert outcome.exit_code != 0
    assert "has 3 outputs" in outcome.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no run is asked for"),
        (["--run", "foreign.run"], "foreign.run has no judged query of"),
        (["--run", "elsewhere.run"], "elsewhere.run has no document of"),
        (["--first-stage", "bm25", "--fuse"], "--fuse needs two runs or more"),
        (["--first-stage", "bm25", "--first-stage", "bm25"], "two runs are named 'bm25'"),
        (["--first-stage", "bm25", "--rerank", "toy", "--rerank-run", "x"], "there is no run 'x' to re-rank"),
        (["--first-stage", "bm25", "--rerank", "toy"], "there is no submission"),
        (["--first-stage", "bm25", "--window", "10"], "--window '10' is not N:STRIDE"),
        (["--first-stage", "bm25", "--window", "4:5"], "--window '4:5' is not N:STRIDE"),
        (["--first-stage", "bm25", "--window", "4:2", "--by", "whole"], "--by whole has no windows"),
    ],
)
def test_what_cannot_be_meant_is_said(collection: Path, arguments: list[str], message: str) -> None:
    Path("foreign.run").write_text("x Q0 d1 1 1 x\n")
    Path("elsewhere.run").write_text("q1 Q0 x 1 1 x\n")
    outcome = run(collection, *arguments)
    assert outcome.exit_code not in (0, 1)
    assert message in outcome.output
    assert "Traceback" not in outcome.output


def test_queries_without_a_ranking_and_foreign_documents_are_reported(collection: Path) -> None:
    Path("part.run").write_text("q1 Q0 d1 1 2 x\nq1 Q0 foreign 2 1 x\n")
    outcome = run(collection, "--run", "part.run")
    assert outcome.exit_code == 0
    assert (
        "2 judged queries have no ranking and count as 0; 1 of its 2 documents are not in the collection"
        in outcome.output
    )
    assert "clir.harbour de-en: 3 queries, 4 documents" in outcome.output


def test_queries_and_documents_may_have_one_language(collection: Path, toy_encoder: Path) -> None:
    folder = write_beir(collection.parent / "english/en-en")
    queries = {"q1": "where is the ferry", "q2": "bread and salt", "q3": "who sang"}
    rows = [json.dumps({"_id": name, "text": text}) + "\n" for name, text in queries.items()]
    (folder / "queries.jsonl").write_text("".join(rows))
    made = report(folder, "--first-stage", "bm25", "--model", toy_encoder, "--only-with-relevant")
    assert (made["collection"], made["pair"]) == ("clir.english", "en-en")
    assert made["runs"][0]["scores"]["mrr"] == 100.0


def test_of_several_collections_one_is_named(collection: Path) -> None:
    write_beir(collection.parent / "fr-en")
    outcome = run(collection.parent, "--first-stage", "bm25")
    assert "-l de-en or -l fr-en" in outcome.output
    assert report(collection.parent, "-l", "fr-en", "--first-stage", "bm25")["pair"] == "fr-en"


def test_the_mean_of_the_best_chunks_is_over_those_that_exist() -> None:
    rng = np.random.default_rng(0)
    lengths = [1, 4, 2, 7, 3]
    starts = np.cumsum(lengths) - lengths
    products = rng.normal(size=(sum(lengths), 6))
    chunks, queries = rng.normal(size=(sum(lengths), 3)), rng.normal(size=(6, 3))
    scores = clir._chunk_scores(chunks, starts, products, queries, 5)
    for document, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        best = -np.sort(-products[start : start + length], axis=0)[:5]
        np.testing.assert_allclose(scores["top5"][document], best.mean(axis=0))
        np.testing.assert_array_equal(scores["best"][document], best[0])
