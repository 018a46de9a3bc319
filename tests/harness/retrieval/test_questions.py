"""LAReQA's questions are searched as a collection, with the measure that the target has."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from harness.catalog import BY_NAME
from harness.cli.main import main
from harness.data.lareqa import NO_ANSWER, Pool, Questions
from harness.data.question_collection import as_collection
from harness.kinds import question_retrieval
from harness.kinds.clir import DocumentScores
from harness.records import TextRole
from harness.retrieval import sources
from harness.retrieval.comparing import measures
from harness.retrieval.top_documents import TopDocuments

LANGUAGES = ("de", "fi")
POOL = Pool(LANGUAGES, tuple(f"sentence {i}{' long' * 150}" for i in range(70)), (0, 40))


def questions(language: str) -> Questions:
    rng = np.random.default_rng(len(language))
    answers = [(int(rng.integers(0, 40)), int(rng.integers(40, 70))) for _ in range(9)]
    answers[2] = (answers[2][0], NO_ANSWER)
    return Questions(
        language, tuple(f"{language} question {i}" for i in range(9)), tuple(answers), POOL, "here"
    )


def encode(texts: Sequence[str], role: TextRole = TextRole.TEXT) -> np.ndarray:
    vectors = np.stack([np.random.default_rng(list(text.encode())).normal(size=8) for text in texts])
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_the_measure_is_that_of_the_target() -> None:
    part = questions("de")
    collection = as_collection([part])
    assert (collection.pair, len(collection), len(collection.documents)) == ("de-all", 9, 70)
    assert collection.chunks == tuple((text,) for text in POOL.sentences)
    assert list(collection.documents)[39:41] == ["de.39", "fi.0"]
    scores = DocumentScores(collection, encode)
    top = TopDocuments(list(collection.documents), 9, 70)
    for block in scores.blocks(scores.documents):
        top.add(block.documents, block.scores["whole"])
    rankings = {query: top.ranking(i) for i, query in enumerate(collection.queries)}
    target = BY_NAME["xquad_r"].model_copy(update={"languages": LANGUAGES})
    outcomes = question_retrieval.run(target, part, encode)
    computed = measures(collection, rankings, question_retrieval.CUTOFF)
    assert next(iter(computed)) == "map_20"
    np.testing.assert_allclose(computed["map_20"], outcomes["average_precision"].to_numpy())
    both = as_collection([part, questions("fi")])
    assert (both.pair, len(both), len(both.documents)) == ("all-all", 18, 70)


def test_a_target_is_searched_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toy_encoder: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sources, "load_examples", lambda _target, code, _data: questions(code))
    arguments = ["xquad_r", "-l", "de", "--first-stage", "bm25", "--model", str(toy_encoder), "--limit", "4"]
    outcome = CliRunner().invoke(main, ["retrieve", *arguments, "--dtype", "float32", "--json"])
    assert outcome.exit_code == 0, outcome.output
    report = json.loads(outcome.stdout)
    assert (report["pair"], report["queries"], report["documents"]) == ("de-all", 4, 70)
    assert report["runs"][1]["signature"].startswith("xquad_r|mAP@20|xx→all|whole|depth=1000|h3.mean|")
    assert next(iter(report["runs"][0]["scores"])) == "map_20"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["tatoeba"],
            "tatoeba is no collection that is searched",
        ),
        (["nowhere"], "nowhere is no folder"),
        (["xquad_r", "-l", "xx"], "target xquad_r has no language 'xx'"),
        (["xquad_r", "-l", "de"], "XQuAD-R is read from files only"),
    ],
)
def test_what_is_no_collection_is_said(arguments: list[str], message: str) -> None:
    outcome = CliRunner().invoke(main, ["retrieve", *arguments, "--first-stage", "bm25"])
    assert outcome.exit_code not in (0, 1)
    assert message in outcome.output
