from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import ir_measures
import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
import pytest
from ir_measures import AP, RR, R, nDCG

from harness.catalog import BY_NAME, own_target
from harness.data.ir_collection import Collection, Document, load_collection
from harness.data.ntrex import ParallelDocuments
from harness.kinds import clir
from harness.kinds.protocols import EncodeByRole
from harness.records import Score, TextRole
from harness.scoring.metrics.average_precision import average_precision
from harness.scoring.metrics.ndcg import ndcg
from harness.scoring.metrics.recall import recall
from harness.scoring.metrics.reciprocal_rank import reciprocal_rank
from harness.scoring.statistics.intervals import bootstrap_mean
from harness.scoring.tables import TABLES
from tests.support.collections import write_beir, write_trec

TARGET = own_target("clir.own", BY_NAME["tatoeba"].languages)


# ---- metrics -----------------------------------------------------------------------------------


def test_ndcg_by_hand() -> None:
    ranks, gains = np.array([[1, 3], [2, 0], [11, 1], [0, 0]]), np.array([[1, 2], [3, 0], [5, 1], [0, 0]])
    two, three, four, twelve = np.log2([2, 3, 4, 12])
    assert ndcg(ranks, gains) == pytest.approx(
        [
            (1 / two + 2 / four) / (2 / two + 1 / three),
            (3 / three) / (3 / two),
            (5 / twelve + 1 / two) / (5 / two + 1 / three),
            0.0,
        ]
    )
    assert ndcg(ranks, gains, 10)[2] == pytest.approx(1 / (5 / two + 1 / three))
    # The best order is cut as well: of two relevant documents only the better one can be first.
    assert ndcg(ranks, gains, 1) == pytest.approx([1 / 2, 0.0, 1 / 5, 0.0])
    assert ndcg(np.zeros((0, 0), int), np.zeros((0, 0), int), 10).tolist() == []


def test_measures_equal_trec_evals_on_500_random_graded_rankings() -> None:
    rng = np.random.default_rng(0)
    qrels: dict[str, dict[str, int]] = {}
    run: dict[str, dict[str, float]] = {}
    ranks, gains = np.zeros((500, 30), int), np.zeros((500, 30), int)
    for query in range(500):
        documents = int(rng.integers(1, 300))
        relevant = rng.permutation(documents)[: rng.integers(1, 31)]
        grades = rng.integers(1, 5, len(relevant))
        ranks[query, : len(relevant)], gains[query, : len(relevant)] = relevant + 1, grades
        unjudged = {str(d): 0 for d in rng.permutation(documents)[:5]}
        qrels[str(query)] = unjudged | {str(d): int(g) for d, g in zip(relevant, grades, strict=True)}
        run[str(query)] = {str(d): float(documents - d) for d in range(documents)}
    expected = {measure: np.zeros(500) for measure in (AP, nDCG @ 10, R @ 100, RR)}
    for metric in ir_measures.iter_calc(list(expected), qrels, run):
        expected[metric.measure][int(metric.query_id)] = metric.value
    # trec_eval calculates in float64, and ir_measures hands its values on.
    assert average_precision(ranks) == pytest.approx(expected[AP], abs=1e-9)
    assert ndcg(ranks, gains, 10) == pytest.approx(expected[nDCG @ 10], abs=1e-9)
    assert recall(ranks, 100) == pytest.approx(expected[R @ 100], abs=1e-9)
    assert reciprocal_rank(ranks) == pytest.approx(expected[RR], abs=1e-9)


def test_a_query_without_a_relevant_document_counts_as_0_as_in_trec_eval() -> None:
    collection, encode = random_collection(5), few_directions(5, 40)
    judgements = {query: dict(grades) for query, grades in collection.judgements.items()}
    for query in ("q0", "q7", "q11"):
        judgements[query] = {}
    outcomes = clir.run(TARGET, replace(collection, judgements=judgements), encode)
    assert outcomes["index"].to_pylist() == list(range(12))
    lacking = outcomes.filter(pa.compute.is_in(outcomes["query"], pa.array(["q0", "q7", "q11"])))
    assert lacking["gains"].to_pylist() == [[]] * 3
    assert lacking["average_precision"].to_pylist() == [0.0] * 3
    others = outcomes.filter(pa.compute.list_value_length(outcomes["gains"]).cast(pa.bool_()))
    all_judged, relevant = (TABLES["clir"].score(TARGET, rows) for rows in (outcomes, others))
    assert (all_judged.n, relevant.n) == (12, 9)
    assert all_judged.score == pytest.approx(relevant.score * 9 / 12, abs=1e-3)
    for name, value in relevant.secondary.items():
        assert all_judged.secondary[name] == pytest.approx(value * 9 / 12, abs=1e-3)
    nothing = clir.run(TARGET, replace(collection, judgements={query: {} for query in judgements}), encode)
    assert TABLES["clir"].score(TARGET, nothing).score == 0.0


# ---- an independent implementation, in plain loops ---------------------------------------------


def few_directions(seed: int, n: int = 9, dimensions: int = 4, *, by_role: bool = False) -> EncodeByRole:
    """Return an encoder that knows few directions only, so that different texts often tie exactly.

    With `by_role` a text has one as a query and another one as a passage.
    """
    pool = np.random.default_rng(seed).normal(size=(n, dimensions)).astype(np.float32)
    pool /= np.linalg.norm(pool, axis=1, keepdims=True)

    def encode(texts: Sequence[str], role: TextRole = TextRole.TEXT) -> np.ndarray:
        prefix = role.value if by_role else ""
        return np.stack([pool[zlib.crc32((prefix + text).encode()) % n] for text in texts])

    return encode


def fit(variant: str, query: np.ndarray, chunks: list[np.ndarray], whole: np.ndarray | None) -> float:
    if variant == "whole":
        assert whole is not None
        return float(query @ whole)
    if variant == "average":
        mean = sum(chunks[1:], chunks[0]) / len(chunks)
        return float(query @ mean / np.sqrt(mean @ mean))
    best = sorted((float(query @ chunk) for chunk in chunks), reverse=True)[: 1 if variant == "best" else 3]
    return sum(best) / len(best)


def rank(fits: dict[int, float], document: int) -> int:
    order = sorted(fits, key=lambda d: (-round(fits[d], 9), d))
    return order.index(document) + 1


def random_collection(seed: int) -> Collection:
    """Write sentences that are too long to share a chunk, a few of them twice."""
    rng = np.random.default_rng(seed)
    pool = [f"Sentence {i} {'x' * 300}." for i in range(40)]
    documents = {
        f"d{i}": Document("", " ".join(pool[j] for j in rng.integers(0, 40, rng.integers(1, 7))))
        for i in range(30)
    }
    queries = {f"q{i}": f"query {i}" for i in range(12)}
    judgements = {
        q: {f"d{d}": int(rng.integers(1, 4)) for d in sorted(rng.permutation(30)[: rng.integers(1, 6)])}
        for q in queries
    }
    return Collection("de-en", queries, documents, judgements, 0, "here")


@pytest.mark.parametrize("seed", range(8))
def test_every_variant_ranks_as_plain_loops_do_with_ties(seed: int) -> None:
    collection, encode = random_collection(seed), few_directions(seed, by_role=seed > 5)
    outcomes = clir.run(TARGET, collection, encode).to_pydict()
    names = list(collection.documents)
    queries = encode(list(collection.queries.values()), TextRole.QUERY).astype(float)
    passages = TextRole.PASSAGE
    chunks = [list(encode(document_chunks, passages).astype(float)) for document_chunks in collection.chunks]
    assert len({len(document_chunks) for document_chunks in chunks}) > 3
    whole = encode([document.whole for document in collection.documents.values()], passages).astype(float)
    ties = 0
    for variant in ("whole", "best", "average", "top3"):
        for i, grades in enumerate(collection.judgements.values()):
            fits = {d: fit(variant, queries[i], chunks[d], whole[d]) for d in range(len(names))}
            assert outcomes[f"ranks_{variant}"][i] == [rank(fits, names.index(name)) for name in grades]
            assert outcomes["gains"][i] == list(grades.values())
            ties += len(fits) - len({round(value, 9) for value in fits.values()})
    assert ties > 100
    assert (outcomes["query"], outcomes["index"]) == (list(collection.queries), list(range(12)))


@pytest.mark.parametrize("in_memory", [0, 1 << 28])
@pytest.mark.parametrize("seed", range(4))
def test_identical_ids_are_ignored_as_by_beir_unless_they_are_relevant(
    monkeypatch: pytest.MonkeyPatch, seed: int, in_memory: int
) -> None:
    monkeypatch.setattr(clir, "_IN_MEMORY_BYTES", in_memory)
    encode, ranking = few_directions(seed), random_collection(seed)
    names = {f"q{i}": f"d{i}" for i in range(12)}
    ranking = replace(
        ranking,
        queries={names[name]: text for name, text in ranking.queries.items()},
        judgements={names[name]: grades for name, grades in ranking.judgements.items()},
    )
    ignoring = replace(ranking, ignore_identical_ids=True)
    relevant = [name for name, grades in ranking.judgements.items() if name in grades]
    assert [name for name in ranking.queries if name not in relevant] == [
        list(ranking.queries)[query] for query, _ in ignoring.ignored
    ]
    before, after = (clir.run(TARGET, collection, encode).to_pydict() for collection in (ranking, ignoring))
    documents = list(ranking.documents)
    queries = encode(list(ranking.queries.values())).astype(float)
    whole = encode([document.whole for document in ranking.documents.values()]).astype(float)
    for i, (query, grades) in enumerate(ranking.judgements.items()):
        fits = {
            d: float(queries[i] @ whole[d])
            for d, name in enumerate(documents)
            if name != query or name in grades
        }
        assert after["ranks_whole"][i] == [rank(fits, documents.index(name)) for name in grades]
    assert before != after


@pytest.mark.parametrize("block", [1, 900, 5_000])
@pytest.mark.parametrize("in_memory", [0, 1 << 28])
def test_the_division_of_documents_into_blocks_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, block: int, in_memory: int
) -> None:
    collection, encode = random_collection(3), few_directions(3)
    expected = clir.run(TARGET, collection, encode)
    monkeypatch.setattr(clir, "_BLOCK_BYTES", block)
    monkeypatch.setattr(clir, "_IN_MEMORY_BYTES", in_memory)
    text_counts: list[int] = []

    def counted(texts: Sequence[str], role: TextRole = TextRole.TEXT) -> np.ndarray:
        text_counts.append(len(texts))
        return encode(texts)

    assert clir.run(TARGET, collection, counted) == expected
    # What is encoded at once is bounded by the block, or one document.
    assert max(text_counts[1:]) <= max(7, block // (8 * (12 + 4)))


@pytest.mark.parametrize("by_role", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_parallel_documents_rank_as_plain_loops_do_in_both_directions(seed: int, by_role: bool) -> None:
    rng, encode = np.random.default_rng(seed), few_directions(seed, by_role=by_role)
    sizes = [1, 2, 3, *rng.integers(1, 7, 9)]
    documents = tuple(f"news.{d}" for d, size in enumerate(sizes) for _ in range(size))
    foreign, english = (
        tuple(f"{side} {rng.integers(0, 30)}" for _ in documents) for side in ("fremd", "foreign")
    )
    outcomes = clir.run(
        TARGET, ParallelDocuments("de", foreign, english, documents, "here"), encode
    ).to_pydict()
    query_lines = [line for line, name in enumerate(documents) if documents.count(name) > 1]
    assert outcomes["index"] == query_lines
    for suffix, queries, chunks in (("", english, foreign), ("_to_english", foreign, english)):
        query_vectors, chunk_vectors = (
            encode(texts, role).astype(float)
            for texts, role in ((queries, TextRole.QUERY), (chunks, TextRole.PASSAGE))
        )
        for variant in ("best", "average", "top3"):
            for row, line in enumerate(query_lines):
                rest = {
                    d: [v for i, v in enumerate(chunk_vectors) if documents[i] == f"news.{d}" and i != line]
                    for d in range(len(sizes))
                }
                fits = {d: fit(variant, query_vectors[line], vectors, None) for d, vectors in rest.items()}
                relevant = int(documents[line].removeprefix("news."))
                assert outcomes[f"ranks_{variant}{suffix}"][row] == [rank(fits, relevant)]
    assert outcomes["gains"] == [[1]] * len(query_lines)
    assert "ranks_whole" not in outcomes


# ---- by hand -----------------------------------------------------------------------------------

ANGLES = {
    "eins": 0,
    "zwei": 20,
    "drei": 90,
    "vier": 70,
    "fünf": 45,
    "one": 0,
    "two": 25,
    "three": 88,
    "four": 60,
    "five": 44,
}


def by_angle(texts: Sequence[str], role: TextRole = TextRole.TEXT) -> np.ndarray:
    angles = np.deg2rad([ANGLES[text] for text in texts])
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_the_counterpart_is_left_out_of_its_document_for_its_query_only() -> None:
    examples = ParallelDocuments(
        "de",
        ("eins", "zwei", "drei", "vier", "fünf"),
        ("one", "two", "three", "four", "five"),
        tuple("aabbc"),
        "here",
    )
    outcomes = clir.run(TARGET, examples, by_angle).to_pydict()
    # one (0°) finds zwei (20°) in a; two (25°) finds fünf (45°) in c nearer than eins (0°) in a, for zwei is
    # out. three (88°) finds vier (70°) in b; four (60°) finds fünf (45°) in c nearer than drei (90°) in b.
    assert outcomes["ranks_best"] == [[1], [2], [1], [2]]
    assert outcomes["average_precision"] == [1.0, 0.5, 1.0, 0.5]
    # five is not a query, as nothing would remain of c; for eins and three it is a wrong answer.
    assert outcomes["index"] == [0, 1, 2, 3]
    # The other way round nothing is lost: eins finds two (25°), zwei one (0°), drei four (60°), vier three
    # (88°).
    assert outcomes["ranks_best_to_english"] == [[1], [1], [1], [1]]


def test_scores_by_hand_and_again_from_the_file(tmp_path: Path) -> None:
    lists = {
        "gains": [[3, 1], [2]],
        "ranks_whole": [[1, 2], [1]],
        "ranks_best": [[1, 4], [2]],
        "ranks_average": [[2, 101], [11]],
        "ranks_top3": [[200, 300], [1]],
    }
    outcomes = pa.table({name: pa.array(rows, pa.list_(pa.int32())) for name, rows in lists.items()})
    best = np.array([(1 + 2 / 4) / 2, 1 / 2])
    low, high = bootstrap_mean(best)
    ideal = 3 + 1 / np.log2(3)
    points = {
        "map_whole": 1.0,
        "map_average": ((1 / 2 + 2 / 101) / 2 + 1 / 11) / 2,
        "map_top3": ((1 / 200 + 2 / 300) / 2 + 1) / 2,
        "ndcg_10_whole": 1.0,
        "ndcg_10_best": ((3 + 1 / np.log2(5)) / ideal + 1 / np.log2(3)) / 2,
        "ndcg_10_average": (3 / np.log2(3) / ideal + 0) / 2,
        "ndcg_10_top3": 1 / 2,
        "recall_100_whole": 1.0,
        "recall_100_best": 1.0,
        "recall_100_average": 3 / 4,
        "recall_100_top3": 1 / 2,
        "mrr_whole": 1.0,
        "mrr_best": 3 / 4,
        "mrr_average": (1 / 2 + 1 / 11) / 2,
        "mrr_top3": (1 / 200 + 1) / 2,
    }
    expected = Score(
        score=62.5,
        n=2,
        interval=(round(100 * low, 4), round(100 * high, 4)),
        secondary={name: round(100 * float(value), 4) for name, value in points.items()},
    )
    assert TABLES["clir"].score(TARGET, outcomes) == expected
    assert list(TABLES["clir"].score(TARGET, outcomes).secondary) == list(points)
    pq.write_table(pa.concat_tables([outcomes.slice(0, 1), outcomes.slice(1)]), tmp_path / "own.parquet")
    assert TABLES["clir"].score(TARGET, pq.read_table(tmp_path / "own.parquet")) == expected
    assert TABLES["clir"].score(TARGET, pa.concat_tables([outcomes, outcomes]).slice(2)) == expected


def test_parallel_documents_score_both_directions_and_name_them() -> None:
    rng = np.random.default_rng(0)
    texts = tuple(f"text {i}" for i in rng.integers(0, 50, 60))
    examples = ParallelDocuments("de", texts, texts[::-1], tuple(f"d{i // 5}" for i in range(60)), "here")
    outcomes = clir.run(TARGET, examples, few_directions(0, 40))
    score = TABLES["clir"].score(BY_NAME["ntrex_docs"], outcomes)
    variants = ("best", "average", "top3")
    assert list(score.secondary) == [
        *("map_average", "map_top3"),
        *(f"{measure}_{variant}" for measure in ("ndcg_10", "recall_100") for variant in variants),
        *(f"map_{variant}_to_english" for variant in variants),
    ]
    assert score.score == round(100 * float(np.mean(outcomes["average_precision"].to_numpy())), 4)
    assert score.n == 60
    # One document is relevant: average precision is one over its rank.
    assert outcomes["average_precision"].to_pylist() == [
        1 / ranks[0] for ranks in outcomes["ranks_best"].to_pylist()
    ]


def test_beir_and_trec_score_alike(tmp_path: Path) -> None:
    read = [
        load_collection("de-en", write(tmp_path / write.__name__ / "de-en"))
        for write in (write_beir, write_trec)
    ]
    beir, trec = (clir.run(TARGET, collection, few_directions(1)) for collection in read)
    assert beir == trec
    assert TABLES["clir"].score(TARGET, beir) == TABLES["clir"].score(TARGET, trec)


def test_a_vector_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="a vector is not finite"):
        clir.run(
            TARGET, random_collection(0), lambda texts, role: np.full((len(texts), 2), np.nan, np.float32)
        )
