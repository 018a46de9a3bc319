"""Which examples a side answers wrongly, and which only one of two sides gets right."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pytest

from harness.catalog import find_target
from harness.scoring.example_values import LEVELS, example_values, one_sided, wrong_answers
from harness.scoring.tables import TABLES, Answer
from tests.support.outcomes import as_written

TATOEBA = find_target("tatoeba")


def retrieved(answers: Sequence[int]) -> pa.Table:
    """Return outcomes in which sentence i retrieved answers[i]."""
    columns = {
        "language": ["de"] * len(answers),
        "index": list(range(len(answers))),
        "answer": list(answers),
        "correct": [i == answer for i, answer in enumerate(answers)],
    }
    return as_written(TATOEBA, columns)


def test_the_worst_come_first_with_the_answer_of_a_wrong_seed() -> None:
    seeds = [retrieved([0, 2, 2, 0]), retrieved([1, 3, 2, 3])]
    wrong, count = wrong_answers(TATOEBA, seeds, 2)
    assert count == 3  # only sentence 2 is right on both seeds
    assert [(line.id, line.value, line.answer) for line in wrong] == [
        ("1", 0.0, Answer("2", "1")),
        ("0", 50.0, Answer("1", "0")),
    ]
    assert example_values(TATOEBA, seeds).levels.tolist() == [LEVELS // 2, 0, LEVELS, LEVELS // 2]


def test_only_what_differs_by_more_than_half_is_one_sided_and_languages_take_turns() -> None:
    first = [retrieved([0, 1, 0, 3]), retrieved([0, 1, 0, 0])]  # sentence 3 on one seed of two
    second = [retrieved([1, 0, 2, 0]), retrieved([1, 0, 2, 0])]
    only_first, only_second = one_sided(TATOEBA, {"de": first, "fr": first}, {"de": second, "fr": second}, 3)
    assert [(line.language, line.id) for line in only_first] == [("de", "0"), ("fr", "0"), ("de", "1")]
    assert [(line.language, line.id, line.values) for line in only_second] == [
        (language, "2", (0.0, 100.0)) for language in ("de", "fr")
    ]
    assert only_second[0].answers == (Answer("0", "2"), Answer("2", "2"))


def test_a_mined_sentence_has_its_pairs_and_one_without_a_pair_is_right() -> None:
    target = find_target("bucc2018_dev")

    def mined(*pairs: tuple[str, str, float | None, bool]) -> pa.Table:
        foreign, english, margin, gold = (list(column) for column in zip(*pairs, strict=True))
        columns = {
            "language": ["de"] * len(pairs),
            "split": ["dev"] * len(pairs),
            "foreign": foreign,
            "english": english,
            "margin": pa.array(margin, pa.float64()),
            "gold": gold,
            "accepted": [value is not None and value >= 1.1 for value in margin],
        }
        return as_written(target, columns)

    right = mined(("f1", "e1", 1.2, True))
    wrong = mined(("f2", "e9", 1.3, False), ("f1", "e1", None, True))
    lines, count = wrong_answers(target, [wrong], 10)
    assert count == 2
    assert {line.id: line.answer for line in lines} == {
        "f1": Answer("", "e1"),
        "f2": Answer("e9", "", margin=1.3),
    }
    only_right, only_wrong = one_sided(target, {"de": [right]}, {"de": [wrong]}, 9)
    assert ([line.id for line in only_right], only_wrong) == (["f1", "f2"], [])


@pytest.mark.parametrize(
    ("kind", "columns", "answer"),
    [
        ("classification", {"predicted": "neutral", "correct": False}, Answer("neutral")),
        ("classification", {"predicted": "neutral", "correct": True}, Answer("neutral", "neutral")),
        ("qa", {"start": 3, "end": 9}, Answer("characters 3 to 9")),
        ("tagging", {"tags": ["O", "B-PER"]}, Answer("O B-PER")),
        ("question_retrieval", {"rank_in_union": [2, 0]}, Answer(ranks=(2, 0))),
    ],
)
def test_each_kind_says_what_it_answered(kind: str, columns: dict[str, object], answer: Answer) -> None:
    table = pa.Table.from_pylist([{"index": 7, **columns}])
    assert TABLES[kind].answers(table, TABLES[kind].ids([table])) == [answer]


def test_documents_are_ranked_by_the_best_chunk_and_queries_have_ids() -> None:
    table = pa.Table.from_pylist([{"index": 4, "query": "q4", "ranks_best": [1, 9]}])
    clir = TABLES["clir"]
    assert (clir.ids([table]), clir.ids([table.drop(["query"])])) == (["q4"], ["4"])
    assert clir.answers(table, ["q4"]) == [Answer(ranks=(1, 9))]
