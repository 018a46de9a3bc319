"""Published numbers on the site: listed and marked, never ranked, never fitted, never averaged with what was measured."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from harness.records import Regime
from site_gen.board.averages import Average
from site_gen.board.evidence import evidence
from site_gen.board.gap import gaps
from site_gen.board.reported import Value
from site_gen.build import site_files
from site_gen.exports.leaderboard_json import leaderboard_json
from site_gen.figures.scaling import scaling_figure
from tests.support.boards import ASKED, PAIR, SHOW, TATOEBA, entry, make_board, reported

QA = PAIR.model_copy(
    update={
        "name": "qa",
        "title": "QA",
        "kind": "qa",
        "metric": "em_f1",
        "secondary": ("exact_match", "f1"),
        "group": "qa",
    }
)
MEASURED = [
    entry("english", {"de": 50, "fi": 60}, {"de": 51, "fi": 62}, regime="english"),
    entry("low", {"de": 10, "fi": 20}),
]
BEST = reported("best", {"pair": {"means": {"accuracy": "99"}}}, regime="multilingual")


def text_of(page: bytes) -> str:
    """Return what a page says, without its marks."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page.decode())))


def test_a_board_ranks_fits_and_compares_as_if_nothing_had_been_reported() -> None:
    without, with_it = (make_board(entries, (PAIR, SHOW)) for entries in (MEASURED, [*MEASURED, BEST]))
    (standing, _), (same, _) = with_it.standings, without.standings
    documents = [json.loads(leaderboard_json(board)) for board in (without, with_it)]
    assert [len(document.pop("reported")) for document in documents] == [0, 1]
    assert documents[0] == documents[1]
    assert [row.slug for row in standing.rows] == [row.slug for row in same.rows] == ["english", "low"]
    assert [row.slug for row in standing.reported] == [row.slug for row in with_it.reported] == ["best"]
    assert scaling_figure(standing) == scaling_figure(same)
    assert gaps(standing) == gaps(same)
    assert evidence(standing) == evidence(same)
    assert evidence(standing).trained == (Regime.ENGLISH,)
    assert with_it.waiting == ()


def test_rows_stand_by_title_because_their_order_means_nothing() -> None:
    found = [
        reported(slug, {"pair": {"means": {"accuracy": score}}})
        for slug, score in (("b", "90"), ("c", "10"), ("a", "50"))
    ]
    assert [row.slug for row in make_board(found, (PAIR,)).reported] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("target", "score", "column", "reason", "values"),
    [
        (PAIR, {"means": {"accuracy": "79.2"}}, 79.2, "", [Value("accuracy", 79.2)]),
        (PAIR, {"means": {"accuracy_to_english": "95.22"}}, None, "accuracy to English only", [Value("accuracy_to_english", 95.22)]),
        (
            PAIR,
            {"means": {"f1_to_english": "2", "f1": "1", "accuracy": "3"}},
            3.0,
            "",
            [Value("accuracy", 3.0), Value("f1", 1.0), Value("f1_to_english", 2.0)],
        ),
        (
            QA,
            {"means": {"f1": "70", "exact_match": "50"}},
            60.0,
            "",
            [Value("em_f1", 60.0, source="computed here"), Value("exact_match", 50.0), Value("f1", 70.0)],
        ),
        (QA, {"means": {"f1": "70"}}, None, "F1 only", [Value("f1", 70.0)]),
        (PAIR, {"languages": {"de": "40", "fi": "50"}}, 45.0, "", [Value("accuracy", 45.0, source="mean of 2 languages")]),
        (PAIR, {"languages": {"de": "40"}}, None, "1 of 2 languages", []),
        (PAIR, {"means": {"accuracy": "79.2"}, "differs": "cased"}, None, "measured differently", [Value("accuracy", 79.2)]),
        (
            ASKED,
            {"means": {"language_bias": "221", "map_mono": "80", "map": "70"}, "differs": "no cut-off"},
            None,
            "measured differently",
            [Value("map", 70.0), Value("map_mono", 80.0), Value("language_bias", 221.0, quantity=True)],
        ),
    ],
)  # fmt: skip
def test_only_the_protocols_own_score_stands_in_its_column(
    target: object, score: object, column: float | None, reason: str, values: list[Value]
) -> None:
    (row,) = make_board([reported("paper", {target.name: score})], (target,)).reported  # type: ignore[attr-defined, list-item]
    (cell,) = row.cells.values()
    assert (cell.score, cell.reason, list(cell.values)) == (column, reason, values)


def test_coverage_counts_scores_and_a_mean_needs_all_of_them() -> None:
    targets = [PAIR.model_copy(update={"name": f"pair{number}"}) for number in range(9)]

    def average(scores: dict[str, object]) -> Average:
        return make_board([reported("paper", scores)], (*targets, SHOW)).reported[0].average

    whole: dict[str, object] = {target.name: {"means": {"accuracy": "40"}} for target in targets} | {
        "show": {"means": {"accuracy": "99"}}
    }
    assert average(whole) == Average(40.0, 9, 9)
    assert average(whole | {"pair3": {"means": {"f1": "40"}}}) == Average(None, 8, 9)
    assert average(whole | {"pair3": {"means": {"accuracy": "40"}, "differs": "cased"}}) == Average(
        None, 8, 9
    )


def test_the_leaderboard_has_reported_rows_in_a_table_of_their_own_without_a_rank() -> None:
    other = reported("other", {"pair": {"means": {"accuracy_to_english": "95.22"}}}, parameters="559000000")
    files = site_files(make_board([*MEASURED, BEST, other], (PAIR, SHOW)))
    measured, published = files["index.html"].decode().split('id="published-elsewhere"')
    assert "reported" not in measured.partition('id="leaderboard-table"')[2].partition("</table>")[0]
    assert "not measured here 2 models" in text_of(published.encode())
    assert text_of(published.partition("<tbody>")[2].partition("</tbody>")[0].encode()).strip() == (
        "Best toy reported multilingual – – 99.0 best 2020 "
        "Other toy reported none – 559 M in total accuracy to English only other 2020"
    )
    assert "95.22" not in files["index.html"].decode()


def test_a_target_lists_every_number_with_its_source() -> None:
    other = reported("other", {"pair": {"means": {"accuracy_to_english": "95.22"}, "differs": "cased"}})
    text = site_files(make_board([*MEASURED, BEST, other], (PAIR,)))["targets/pair.html"]
    assert (
        "Best toy reported 99.0 accuracy 99.0 multilingual – best 2020 "
        "Other toy reported measured differently accuracy to English 95.22 cased none – other 2020 "
    ) in text_of(text)
    assert b'<a href="https://example.org/other">other 2020</a>' in text


def test_reported_rows_alone_make_no_ranking_and_no_answer() -> None:
    files = site_files(make_board([BEST], (PAIR, SHOW)))
    front = text_of(files["index.html"])
    assert "So far no test has a ranked result." in front
    assert "No submission has a result on an XTREME target yet." in front
    assert "Published elsewhere, not measured here 1 model" in front
    assert "No scaling curve yet: fewer than two models have a complete score on Pair." in front
    assert "No result yet." in text_of(files["targets/pair.html"])
    assert "No result yet on Show ." in front


def test_a_target_that_only_others_measured_has_its_table_and_its_page() -> None:
    found = reported("paper", {"asked": {"means": {"map_20": "50"}}})
    files = site_files(make_board([*MEASURED, found], (PAIR, ASKED)))
    front = files["index.html"].decode()
    assert '<a href="targets/asked.html">Asked</a>' in files["targets.html"].decode()
    other_tests = text_of(front.partition('id="other-tests"')[2].encode())
    assert "Asked outside XTREME – 1 – –" in other_tests or "Asked LAReQA – 1 – –" in other_tests


def test_what_is_not_known_is_not_on_the_page() -> None:
    text = text_of(
        site_files(make_board([reported("paper", {"tatoeba": {"means": {"f1": "5"}}})], (TATOEBA,)))[
            "submissions/paper.html"
        ]
    )
    card = text.partition("Model card")[2].partition("Scores are in points")[0].strip()
    assert (
        card
        == "Missing entries were not published or are not known. Intermediate training no intermediate training"
    )
