from __future__ import annotations

from collections.abc import Sequence
from math import fsum

import ir_measures
import numpy as np
import pyarrow as pa
import pytest
from ir_measures import AP, R
from numpy.typing import NDArray

from harness.catalog import BY_NAME
from harness.data.lareqa import NO_ANSWER, Pool, Questions
from harness.kinds import question_retrieval
from harness.kinds.protocols import EncodeByRole
from harness.kinds.question_retrieval import rank_answers, run
from harness.records import Score, Target, TextRole
from harness.scoring.tables import TABLES

Vectors = NDArray[np.float32]


def toy_target(*languages: str) -> Target:
    return Target(
        name="toy_r",
        title="Toy",
        kind="question_retrieval",
        metric="map20",
        secondary=BY_NAME["xquad_r"].secondary,
        quantities=BY_NAME["xquad_r"].quantities,
        measure="map20",
        options=("cos",),
        direction="xx→all",
        languages=languages,
        group=None,
        benchmark="LAReQA",
        sizes={},
        unit="questions",
        version=1,
        split="all",
        protocol="",
        licence="MIT",
        citation="",
        homepage="https://example.org/",
    )


def encoder(vectors: dict[str, Sequence[float]]) -> EncodeByRole:
    return lambda texts, role=None: unit(np.array([vectors[text] for text in texts], float))


def unit(vectors: NDArray[np.float64]) -> Vectors:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


class Problem:
    """Questions with an answer in most languages, over candidates of which some repeat within and across languages."""

    def __init__(
        self, seed: int, sizes: Sequence[int], questions: int = 40, d: int = 6, spread: float = 1.0
    ) -> None:
        rng = np.random.default_rng(seed)
        centre = rng.normal(size=d)
        candidates = unit(centre + spread * rng.normal(size=(sum(sizes), d)))
        again = rng.integers(0, len(candidates), (2, len(candidates) // 3))
        candidates[again[0]] = candidates[again[1]]
        self.candidates = candidates
        self.starts = [0, *np.cumsum(sizes[:-1]).tolist()]
        self.ends = [*self.starts[1:], sum(sizes)]
        self.relevant = rng.integers(self.starts, self.ends, (questions, len(sizes)))
        self.relevant[rng.random(self.relevant.shape) < 0.2] = NO_ANSWER
        self.relevant[:, 0] = rng.integers(0, sizes[0], questions)
        self.questions = unit(
            candidates[self.relevant[:, 0]] + 0.3 * spread * rng.normal(size=(questions, d))
        )

    def ranked(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        return rank_answers(self.questions, self.candidates, self.starts, self.relevant)

    def order(self, question: Vectors, candidates: range) -> list[int]:
        """Sort by the exact product: a product of two float32 is exact in float64, and fsum rounds once."""

        def product(c: int) -> float:
            return fsum((question.astype(np.float64) * self.candidates[c].astype(np.float64)).tolist())

        return sorted(candidates, key=lambda c: (-product(c), c))

    def orders(self) -> tuple[list[list[list[int]]], list[list[int]]]:
        """Return each question's ranking of every language and of the union."""
        parts = [range(start, end) for start, end in zip(self.starts, self.ends, strict=True)]
        return (
            [[self.order(question, part) for part in parts] for question in self.questions],
            [self.order(question, range(len(self.candidates))) for question in self.questions],
        )


def rank_in(order: Sequence[int], answer: int) -> int:
    return 0 if answer == NO_ANSWER else list(order).index(answer) + 1


# The smaller the spread, the more products differ by less than float32 can tell.
@pytest.mark.parametrize(("seed", "spread"), [(0, 1.0), (1, 0.3), (2, 1e-2), (3, 1e-4), (4, 1e-6), (5, 0.0)])
def test_ranks_equal_those_of_a_plain_sort_by_the_exact_product(seed: int, spread: float) -> None:
    problem = Problem(seed, sizes=(23, 9, 31, 1), spread=spread)
    in_language, in_union = problem.ranked()
    by_language, of_all = problem.orders()
    for i, answers in enumerate(problem.relevant):
        assert in_language[i].tolist() == [
            rank_in(order, answer) for order, answer in zip(by_language[i], answers, strict=True)
        ]
        assert in_union[i].tolist() == [rank_in(of_all[i], answer) for answer in answers]


def test_ranks_hold_where_a_language_is_wider_than_a_block() -> None:
    problem = Problem(6, sizes=(2100, 17, 4200), questions=12, d=32)
    in_language, in_union = problem.ranked()
    products = problem.questions.astype(np.float64) @ problem.candidates.astype(np.float64).T
    for i, answers in enumerate(problem.relevant):
        for j, answer in enumerate(answers.tolist()):
            ahead = (products[i] - products[i, answer] > 1e-12) | (
                (np.abs(products[i] - products[i, answer]) <= 1e-12) & (np.arange(products.shape[1]) < answer)
            )
            ahead_in_language = ahead[problem.starts[j] : problem.ends[j]]
            expected = (
                (0, 0) if answer == NO_ANSWER else (int(ahead_in_language.sum()) + 1, int(ahead.sum()) + 1)
            )
            assert (in_language[i, j], in_union[i, j]) == expected


@pytest.mark.parametrize(
    ("products", "rows", "columns"), [(1, 64, 2040), (500, 3, 7), (2**24, 1, 8), (640, 64, 1)]
)
def test_the_size_of_blocks_changes_no_rank(
    monkeypatch: pytest.MonkeyPatch, products: int, rows: int, columns: int
) -> None:
    problem = Problem(7, sizes=(40, 25, 33), spread=1e-3)
    expected = problem.ranked()
    for name, value in (("_PRODUCTS", products), ("_ROWS", rows), ("_COLUMNS", columns)):
        monkeypatch.setattr(question_retrieval, name, value)
    for ranks, expected_ranks in zip(problem.ranked(), expected, strict=True):
        np.testing.assert_array_equal(ranks, expected_ranks)


def test_the_order_of_different_candidates_within_a_language_changes_no_rank() -> None:
    rng = np.random.default_rng(8)
    problem = Problem(8, sizes=(30, 20))
    problem.candidates = unit(rng.normal(size=(50, 6)))
    expected = problem.ranked()
    order = np.concatenate([rng.permutation(30), 30 + rng.permutation(20)])
    problem.candidates = problem.candidates[order]
    moved = np.argsort(order)
    problem.relevant = np.where(problem.relevant == NO_ANSWER, NO_ANSWER, moved[problem.relevant])
    for ranks, expected_ranks in zip(problem.ranked(), expected, strict=True):
        np.testing.assert_array_equal(ranks, expected_ranks)


# Unit vectors in the plane, in degrees. The two questions are at 0 and at 90; "zwei" repeats as "deux" and
# "drei" as "trois".
ANGLES = {
    "q": 0,
    "r": 90,
    "eins": 10,
    "zwei": 20,
    "drei": 80,
    "un": 30,
    "deux": 20,
    "trois": 80,
    "one": 5,
    "two": 60,
}
POOL = Pool(("de", "fr", "en"), ("eins", "zwei", "drei", "un", "deux", "trois", "one", "two"), (0, 3, 6))
QUESTIONS = Questions("fr", ("q", "r"), ((1, 4, 7), (2, 5, NO_ANSWER)), POOL, "here")


def by_angle(texts: Sequence[str], role: TextRole = TextRole.TEXT) -> Vectors:
    angles = np.deg2rad([ANGLES[text] for text in texts])
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_outcomes_by_hand_with_ties_to_the_lower_index() -> None:
    # q finds one 5°, eins 10°, zwei = deux 20°, un 30°, two 60°; r finds drei = trois 10°, two 30°, un 60°.
    assert run(toy_target("de", "fr", "en"), QUESTIONS, by_angle).to_pydict() == {
        "index": [0, 1],
        "question_language": ["fr", "fr"],
        "rank_in_language": [[2, 1, 2], [1, 1, 0]],
        "rank_in_union": [[3, 4, 6], [1, 2, 0]],
        "average_precision": [(1 / 3 + 2 / 4 + 3 / 6) / 3, 1.0],
    }


def test_scores_by_hand() -> None:
    target = toy_target("de", "fr", "en")
    score = TABLES["question_retrieval"].score(target, run(target, QUESTIONS, by_angle))
    first = (1 / 3 + 2 / 4 + 3 / 6) / 3
    assert score == Score(
        score=round(50 * (first + 1), 4),
        n=2,
        interval=(round(100 * first, 4), 100.0),
        secondary={
            "map_mono": 100.0,
            "map_cross": round(100 * (3 / 4 + 1 / 2) / 2, 4),  # only q has an English answer
            "recall_1_mono": 100.0,
            "recall_1_cross": 25.0,
            "recall_1_multi": 25.0,
            "recall_10_mono": 100.0,
            "recall_10_cross": 100.0,
            "recall_10_multi": 100.0,
            "full_map_mono": 100.0,
            "full_map_cross": round(100 * (3 / 4 + 1 / 2) / 2, 4),
            "full_map_multi": round(50 * (first + 1), 4),
        },
        quantities={"language_bias": ((6 - 3) + (2 - 1)) / 2},
        pairs={
            "de": {"map": 75.0, "recall_1": 50.0, "recall_10": 100.0},
            "en": {"map": 50.0, "recall_1": 0.0, "recall_10": 100.0},
        },
    )


def test_map_without_a_cut_off_counts_every_rank_and_all_relevant_sentences() -> None:
    target = toy_target("de", "fr", "en")
    ranks = [[21, 1, 100]]
    table = pa.table(
        {
            "question_language": ["fr"],
            "rank_in_language": pa.array([[21, 1, 40]], pa.list_(pa.int32())),
            "rank_in_union": pa.array(ranks, pa.list_(pa.int32())),
        }
    )
    secondary = TABLES["question_retrieval"].score(target, table).secondary
    assert secondary["map_mono"] == 100 and secondary["map_cross"] == 0
    assert secondary["full_map_cross"] == round(100 * (1 / 21 + 1 / 40) / 2, 4)
    assert secondary["full_map_multi"] == round(100 * (1 + 2 / 21 + 3 / 100) / 3, 4)


def test_columns_follow_the_target_whatever_the_pools_order() -> None:
    target = toy_target("en", "fr", "de")
    assert run(target, QUESTIONS, by_angle)["rank_in_language"].to_pylist() == [[2, 1, 2], [0, 1, 1]]
    assert TABLES["question_retrieval"].score(target, run(target, QUESTIONS, by_angle)) == TABLES[
        "question_retrieval"
    ].score(toy_target("de", "fr", "en"), run(toy_target("de", "fr", "en"), QUESTIONS, by_angle))


def test_a_trial_and_a_pool_of_one_language_have_scores() -> None:
    target = toy_target("de", "fr", "en")
    trial = TABLES["question_retrieval"].score(target, run(target, QUESTIONS.first(1), by_angle))
    assert (trial.n, trial.score, sorted(trial.pairs)) == (
        1,
        round(100 * (1 / 3 + 2 / 4 + 3 / 6) / 3, 4),
        ["de", "en"],
    )
    alone = Questions("de", ("q",), ((1,),), Pool(("de",), POOL.sentences[:3], (0,)), "here")
    only = TABLES["question_retrieval"].score(toy_target("de"), run(toy_target("de"), alone, by_angle))
    assert (only.score, only.secondary["map_mono"], only.secondary["map_cross"], dict(only.pairs)) == (
        50.0,
        50.0,
        0.0,
        {},
    )


def test_all_three_settings_equal_trec_evals_on_the_same_rankings() -> None:
    problem = Problem(9, sizes=(40, 30, 50), questions=60, d=4)
    languages = ("de", "fr", "en")
    texts = {f"s{i}": vector for i, vector in enumerate(problem.candidates.tolist())}
    question_vectors = {f"q{i}": vector for i, vector in enumerate(problem.questions.tolist())}
    pool = Pool(languages, tuple(texts), tuple(problem.starts))
    examples = Questions(
        "de", tuple(question_vectors), tuple(map(tuple, problem.relevant.tolist())), pool, "here"
    )
    # encode() must give the problem's own vectors: normalised again they would not tie where these do.
    everything = {text: np.array(vector, np.float32) for text, vector in (texts | question_vectors).items()}
    target = toy_target(*languages)
    score = TABLES["question_retrieval"].score(
        target, run(target, examples, lambda texts, role: np.stack([everything[text] for text in texts]))
    )
    by_language, of_all = problem.orders()
    settings = {
        code: trec_eval(problem.relevant[:, [j]], [orders[j] for orders in by_language])
        for j, code in enumerate(languages)
    }
    multi = trec_eval(problem.relevant, of_all)
    assert (
        score.score,
        score.secondary["recall_1_multi"],
        score.secondary["recall_10_multi"],
    ) == pytest.approx(multi, abs=1e-4)
    mono = [score.secondary[f"{name}_mono"] for name in ("map", "recall_1", "recall_10")]
    assert mono == pytest.approx(settings["de"], abs=1e-4)
    for language in ("fr", "en"):
        assert list(score.pairs[language].values()) == pytest.approx(settings[language], abs=1e-4)
    cross = [score.secondary[f"{name}_cross"] for name in ("map", "recall_1", "recall_10")]
    assert cross == pytest.approx(np.mean([settings["fr"], settings["en"]], axis=0), abs=1e-4)


def trec_eval(relevant: NDArray[np.int64], orders: Sequence[Sequence[int]]) -> tuple[float, ...]:
    """Return mAP@20, R@1 and R@10 in points; all questions have fewer than 20 answers, where the definitions agree."""
    qrels = {
        f"q{i}": {f"s{c}": 1 for c in answers.tolist() if c != NO_ANSWER}
        for i, answers in enumerate(relevant)
    }
    qrels = {question: answers for question, answers in qrels.items() if answers}
    ranked = {
        f"q{i}": {f"s{c}": -float(rank) for rank, c in enumerate(order)} for i, order in enumerate(orders)
    }
    measures = [AP @ 20, R @ 1, R @ 10]
    values = ir_measures.calc_aggregate(measures, qrels, {question: ranked[question] for question in qrels})
    return tuple(100 * values[measure] for measure in measures)


def test_the_language_bias_is_the_mean_distance_of_the_answers_in_the_union() -> None:
    # Every language's sentences point their own way, so that the question's own come first, then the others
    # one after the other.
    angles = {"q": 0.0} | {
        f"{language}{i}": 10.0 * block + i
        for block, language in enumerate(("aa", "bb", "cc"))
        for i in range(5)
    }
    vectors = {text: (np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))) for text, angle in angles.items()}
    pool = Pool(("aa", "bb", "cc"), tuple(text for text in angles if text != "q"), (0, 5, 10))
    biased = Questions("aa", ("q", "q"), ((0, 5, 10), (1, 7, 14)), pool, "here")
    score = TABLES["question_retrieval"].score(
        toy_target(*pool.languages), run(toy_target(*pool.languages), biased, encoder(vectors))
    )
    assert score.quantities == {"language_bias": ((11 - 1) + (15 - 2)) / 2}
