"""Runs are ordered, scored, written and read as trec_eval does; what cannot be a run is named."""

from __future__ import annotations

from pathlib import Path

import ir_measures
import numpy as np
import pytest
from ir_measures import AP, RR, R, nDCG

from harness.data import trec
from harness.data.ir_collection import Collection, Document, load_collection
from harness.errors import BadInput
from harness.retrieval.comparing import compare_runs, measures
from harness.retrieval.fusion import reciprocal_rank_fusion
from harness.retrieval.ranked_run import RankedRun, Ranking, read_run, write_run
from harness.retrieval.top_documents import TopDocuments
from tests.support.collections import write_beir

MEASURES = {"map": AP, "ndcg_10": nDCG @ 10, "recall_100": R @ 100, "mrr": RR}


def random_collection(seed: int, folder: Path) -> tuple[Collection, dict[str, dict[str, int]]]:
    """Write topics, some without judgements, and judgements with grades from −1 to 3, as TREC has them."""
    rng = np.random.default_rng(seed)
    documents = [f"d{i}" for i in rng.permutation(int(rng.integers(5, 160)))]
    queries = [f"q{i}" for i in range(int(rng.integers(2, 9)))]
    qrels = {
        query: {
            document: int(rng.integers(-1, 4))
            for document in rng.choice(documents, rng.integers(1, min(40, len(documents))), replace=False)
        }
        for query in queries[: -(len(queries) // 3) or None]
    }
    qrels[queries[0]][documents[0]] = 2
    folder.mkdir()
    (folder / "topics.tsv").write_text("".join(f"{query}\ttext\n" for query in queries))
    (folder / "documents.tsv").write_text("".join(f"{name}\ttext\n" for name in documents))
    (folder / "qrels").write_text(
        "".join(f"{query} 0 {name} {grade}\n" for query, of in qrels.items() for name, grade in of.items())
    )
    return load_collection("de-en", folder), qrels


def random_scores(seed: int, collection: Collection) -> dict[str, dict[str, float]]:
    """Score documents with many ties, some of them in float32 only, for topics without judgements too."""
    rng = np.random.default_rng(seed)
    names = list(collection.documents)
    ranked = [*list(collection.queries)[: max(1, len(collection) - seed % 3)], "q-unjudged"]
    return {
        query: {
            name: float(rng.integers(-4, 5)) / 3 + float(rng.integers(0, 3)) * 1e-9
            for name in rng.choice(names, rng.integers(1, len(names) + 1), replace=False)
        }
        for query in ranked
    }


@pytest.mark.parametrize("seeds", [range(20), pytest.param(range(20, 200), marks=pytest.mark.slow)])
def test_runs_have_the_measures_that_trec_eval_gives_them(tmp_path: Path, seeds: range) -> None:
    ties = nothing_relevant = 0
    for seed in seeds:
        collection, qrels = random_collection(seed, tmp_path / str(seed))
        scores = random_scores(seed, collection)
        run = RankedRun("mine", (), {q: Ranking.of(tuple(of), list(of.values())) for q, of in scores.items()})
        write_run(tmp_path / "mine.run", run)
        rows = list(ir_measures.read_trec_run(str(tmp_path / "mine.run")))
        for rankings in (run.rankings, read_run(tmp_path / "mine.run")):
            computed = measures(collection, rankings)
            for read in (scores, rows):
                expected = ir_measures.calc_aggregate(list(MEASURES.values()), qrels, read)
                for name, measure in MEASURES.items():
                    assert computed[name].mean() == pytest.approx(expected[measure], abs=1e-6), (seed, name)
        ties += sum(len(of) - len(set(np.float32(list(of.values())))) for of in scores.values())
        nothing_relevant += sum(not grades for grades in collection.judgements.values())
    assert ties > 50
    assert nothing_relevant or len(seeds) < 100


def test_a_run_is_written_as_it_is_read(tmp_path: Path) -> None:
    ranking = Ranking.of(("a", "b", "c", "d"), [1.0, 1.0 + 1e-9, -2.5, 1 / 3])
    assert ranking.documents == ("b", "a", "d", "c")
    write_run(tmp_path / "x.run", RankedRun("x", (), {"q1": ranking, "q2": ranking.first(1)}))
    assert (tmp_path / "x.run").read_text() == (
        "q1 Q0 b 1 1 x\nq1 Q0 a 2 1 x\nq1 Q0 d 3 0.333333343 x\nq1 Q0 c 4 -2.5 x\nq2 Q0 b 1 1 x\n"
    )
    again = read_run(tmp_path / "x.run")
    assert again["q1"].documents == ranking.documents
    np.testing.assert_array_equal(again["q1"].scores, ranking.scores)
    with pytest.raises(BadInput, match="the id 'a b' of query 'q1' cannot be written into a TREC run"):
        write_run(tmp_path / "y.run", RankedRun("y", (), {"q1": Ranking.of(("a b",), [1.0])}))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("q1 Q0 d1 1 2.5\n", "expected `query Q0 document rank score tag`, found 5 fields"),
        ("q1 Q0 d1 1 high x\n", "the score 'high' is not a number"),
        ("q1 Q0 d1 1 nan x\n", "the score 'nan' is not a finite number"),
        ("q1 Q0 d1 1 2 x\nq1 Q0 d1 2 1 x\n", "query 'q1' has document 'd1' twice"),
        ("", "holds no line"),
    ],
)
def test_what_is_no_run_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "x.run").write_text(content)
    with pytest.raises(BadInput, match=message.replace("(", r"\(")) as caught:
        read_run(tmp_path / "x.run")
    assert caught.value.faults[0].where is not None
    assert caught.value.faults[0].cure


@pytest.mark.parametrize("seed", range(60))
def test_the_best_documents_are_the_same_in_any_blocks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = [-np.inf, -1.5, -0.0, 0.0, 1e-30, 0.5, 0.5 + 1e-9, 3.0]
    rows = rng.choice(values, (int(rng.integers(1, 4)), 12)).tolist()
    cuts, depth = rng.integers(1, 12, int(rng.integers(0, 4))).tolist(), int(rng.integers(1, 14))
    names = [f"d{i * 7 % 12}" for i in range(12)]
    top = TopDocuments(names, len(rows), depth)
    scores = np.array(rows).T
    for block in reversed(np.split(np.arange(12), sorted(set(cuts)))):
        top.add(block, scores[block])
    for query, row in enumerate(rows):
        ranked = [(name, score) for name, score in zip(names, row, strict=True) if score != -np.inf]
        expected = Ranking.of([name for name, _ in ranked], [score for _, score in ranked]).first(depth)
        ranking = top.ranking(query)
        assert ranking.documents == expected.documents
        assert ranking.scores.tolist() == expected.scores.tolist()


def test_fusion_adds_reciprocal_ranks(tmp_path: Path) -> None:
    first = RankedRun("a", (), {"q1": Ranking.of(("x", "y"), [2, 1]), "q2": Ranking.of(("x",), [1])})
    second = RankedRun("b", (), {"q1": Ranking.of(("z", "y"), [9, 8])})
    fused = reciprocal_rank_fusion([first, second], "rrf", 2, k=1)
    assert fused.rankings["q1"].documents == ("y", "z")  # 1/3 + 1/3, then 1/2 twice: the larger id
    assert fused.rankings["q1"].scores.tolist() == pytest.approx([2 / 3, 1 / 2])
    assert fused.rankings["q2"].documents == ("x",)
    assert fused.words == ("rrf.k=1", "of=a+b")


def test_runs_are_compared_with_the_first_by_query(tmp_path: Path) -> None:
    names = [f"d{i}" for i in range(4)]
    queries = {f"q{i}": "text" for i in range(30)}
    collection = Collection(
        "de-de",
        queries,
        {name: Document("", "text") for name in names},
        {query: {"d1": 1} for query in queries},
        0,
        "here",
    )
    worse, better, same = (
        RankedRun(name, (), {query: Ranking.of(names[:2], scores) for query in queries})
        for name, scores in (("worse", [2, 1]), ("better", [1, 2]), ("same", [4, 3]))
    )
    first, second, third = compare_runs(collection, [worse, better, same], ["1", "2", "3"], {})
    assert (first.scores["map"], second.scores["map"]) == (50.0, 100.0)
    assert first.difference is None
    assert second.difference and third.difference
    assert (second.difference.difference, third.difference.difference) == (50.0, 0.0)
    assert second.difference.holm < 0.001 < third.difference.holm == 1.0


def test_the_scores_of_trec_runs_are_read_by_columns(tmp_path: Path) -> None:
    (tmp_path / "x.run").write_text("q\u00a01 Q0  d1 7 1e-3 a\tb\n".replace("\tb", ""))
    assert list(trec.read_run(tmp_path / "x.run")) == [(1, "q\u00a01", "d1", 0.001)]
    assert load_collection("de-en", write_beir(tmp_path / "de-en")).pair == "de-en"
