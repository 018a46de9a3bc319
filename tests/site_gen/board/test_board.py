from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from harness.catalog import BY_NAME, own_target
from harness.catalog import TARGETS as CATALOG
from harness.records import Signature, Target
from harness.scoring.statistics.entrant import Entrant
from site_gen.board.board import Board, Cell
from site_gen.board.whole import WholeEntry
from tests.support.boards import PAIR, SHOW, entry, make_board, result, submission

TARGETS = (PAIR, SHOW)


def ranks(board: Board, standing: int = 0) -> list[tuple[str, int | None, str]]:
    chosen = board.standings[standing]
    return [(row.slug, chosen.cell(row).rank, chosen.cell(row).reason) for row in chosen.rows]


def test_scores_that_print_alike_share_a_rank_and_the_next_rank_is_skipped() -> None:
    board = make_board(
        [
            entry("low", {"de": 10, "fi": 20}),
            entry("tie-b", {"de": 50.001, "fi": 60}),
            entry("tie-a", {"de": 50, "fi": 60}),
            entry("best", {"de": 70, "fi": 80}),
        ],
        TARGETS,
    )
    assert ranks(board) == [("best", 1, ""), ("tie-a", 2, ""), ("tie-b", 2, ""), ("low", 4, "")]


def test_an_incomplete_result_stands_last_without_a_rank_and_says_which_language_is_missing() -> None:
    board = make_board(
        [entry("half", {"de": 99, "fi": "out of memory"}), entry("whole", {"de": 1, "fi": 2})], TARGETS
    )
    assert ranks(board) == [("whole", 1, ""), ("half", None, "no score for Finnish")]
    cell = board.standings[0].cell(board.standings[0].rows[1])
    assert (cell.score, cell.measured, cell.of, cell.failed, cell.seeds) == (None, 1, 2, False, ())


def test_a_result_where_everything_failed_is_failed() -> None:
    board = make_board([entry("none", {"de": "no weights", "fi": "no weights"})], TARGETS)
    cell = board.standings[0].cell(board.rows[0])
    assert (cell.failed, cell.reason) == (True, "no score for German and Finnish")


def test_a_language_that_one_seed_lacks_is_missing() -> None:
    board = make_board([entry("seeds", {"de": 10, "fi": 20}, {"de": 30, "fi": "out of memory"})], TARGETS)
    assert ranks(board) == [("seeds", None, "no score for Finnish")]


def test_a_score_over_a_part_of_the_pairs_is_not_ranked() -> None:
    board = make_board([entry("part", {"de": 10, "fi": 20}, n=3)], TARGETS)
    assert ranks(board) == [("part", None, "only 3 of 4 pairs in German")]


def test_pinned_text_is_ranked_and_no_majority_of_others() -> None:
    tatoeba = BY_NAME["tatoeba"]
    scores = dict.fromkeys(tatoeba.languages, 50.0)

    def on(slug: str, data: str) -> WholeEntry:
        made = result(slug, [scores], target=tatoeba, data=data)
        sized = {
            language: score.model_copy(update={"n": tatoeba.sizes[language]})
            for language, score in made.checkpoints[0].scores.items()
        }
        checkpoint = made.checkpoints[0].model_copy(update={"scores": sized})
        return WholeEntry(slug, submission(slug), (made.model_copy(update={"checkpoints": (checkpoint,)}),))

    board = make_board([on("honest", ""), on("other", "a"), on("more", "a")], (tatoeba,))
    assert {slug: rank for slug, rank, _ in ranks(board)} == {"honest": 1, "other": None, "more": None}


def test_text_that_is_not_named_is_no_text() -> None:
    silent = result("silent", [{"de": 90, "fi": 90}]).model_copy(update={"data": {}})
    entries = [entry("honest", {"de": 50, "fi": 50}), WholeEntry("silent", submission("silent"), (silent,))]
    assert ranks(make_board(entries, TARGETS)) == [
        ("honest", 1, ""),
        ("silent", None, "names no text in German and Finnish"),
    ]


def test_a_score_on_other_data_than_most_rows_is_not_ranked() -> None:
    board = make_board(
        [
            entry(slug, {"de": score, "fi": score}, data=data)
            for slug, score, data in (("a", 90, "0"), ("b", 10, "1"), ("c", 20, "1"))
        ],
        TARGETS,
    )
    assert ranks(board) == [
        ("c", 1, ""),
        ("b", 2, ""),
        ("a", None, "measured on other data than most rows in German and Finnish"),
    ]


def test_the_order_of_the_entries_does_not_matter() -> None:
    entries = [entry(f"row-{index}", {"de": index % 3, "fi": 4}) for index in range(9)]
    shuffled = entries[:]
    random.Random(0).shuffle(shuffled)
    assert make_board(shuffled, TARGETS) == make_board(entries, TARGETS)


def test_the_average_needs_nine_targets_and_leaves_the_demonstration_out() -> None:
    xtreme = tuple(PAIR.model_copy(update={"name": f"pair{number}"}) for number in range(9))
    scores = {"de": 10.0, "fi": 30.0}
    results = tuple(result("all", [scores], target=target) for target in xtreme)
    shown = result("all", [{"de": 100.0, "fi": 100.0}], target=SHOW)
    targets = (*xtreme, SHOW)

    def row(*found: object) -> tuple[int, float | None]:
        board = make_board([WholeEntry("all", submission(), found)], targets)  # type: ignore[arg-type]
        return board.rows[0].average.covered, board.rows[0].average.mean

    assert row(*results, shown) == (9, 20.0)
    assert row(*results[:8], shown) == (8, None)
    assert row(shown) == (0, None)


def test_a_group_has_a_mean_once_all_its_targets_are_ranked() -> None:
    xtreme = tuple(
        target for target in CATALOG if target.in_xtreme and target.group in ("retrieval", "classification")
    )
    scores = {target.name: float(10 * number) for number, target in enumerate(xtreme, start=1)}

    def groups(**signature: str) -> dict[str, tuple[float | None, int, int]]:
        found = []
        for target in xtreme:
            made = result("all", [dict.fromkeys(target.languages, scores[target.name])], target=target)
            sized = {
                language: score.model_copy(update={"n": target.sizes[language]})
                for language, score in made.checkpoints[0].scores.items()
            }
            checkpoint = made.checkpoints[0].model_copy(update={"scores": sized})
            changed = (
                {"signature": Signature.parse(signature[target.name])} if target.name in signature else {}
            )
            found.append(made.model_copy(update={"checkpoints": (checkpoint,), **changed}))
        row = make_board([WholeEntry("all", submission(), tuple(found))]).rows[0]
        return {group: (average.mean, average.covered, average.of) for group, average in row.groups.items()}

    assert [target.name for target in xtreme] == ["tatoeba", "bucc2018", "xnli", "pawsx"]
    empty = {"tagging": (None, 0, 2), "qa": (None, 0, 3)}
    assert groups() == {"retrieval": (15.0, 2, 2), "classification": (35.0, 2, 2), **empty}
    # What was measured in another way is not the benchmark's score.
    other = groups(xnli="xnli|acc|en⇒xx|dev|head=xtreme|v1")
    assert other == {"retrieval": (15.0, 2, 2), "classification": (None, 1, 2), **empty}


def test_seeds_are_averaged_and_kept() -> None:
    board = make_board([entry("seeds", {"de": 10, "fi": 20}, {"de": 30, "fi": 50}, body=2_000_001)], TARGETS)
    cell = board.standings[0].cell(board.rows[0])
    assert cell.score == 27.5
    assert cell.seeds == ((0, 15.0), (1, 40.0))
    assert board.rows[0].parameters is not None
    assert board.rows[0].parameters.body == 2_000_001


def test_the_main_target_is_the_benchmarks_first_with_a_row_else_the_demonstration() -> None:
    shown = entry("shown", {"de": 10, "fi": 20}, target=SHOW)
    assert make_board([shown], TARGETS).main.target is SHOW
    assert make_board([shown, entry("pair", {"de": 10, "fi": 20})], TARGETS).main.target is PAIR
    assert make_board([], TARGETS).main.target is PAIR


def test_a_submission_without_results_waits() -> None:
    board = make_board([entry("waits"), entry("done", {"de": 10, "fi": 20})], TARGETS)
    assert [row.slug for row in board.waiting] == ["waits"]
    assert board.waiting[0].parameters is None


def test_peoples_own_targets_come_by_name_with_the_languages_of_all_their_results() -> None:
    fish, apple = own_target("bitext.fish", ("de", "fi")), own_target("bitext.apple", ("de",))
    fewer = own_target("bitext.fish", ("de",))
    board = make_board(
        [
            WholeEntry(
                "both",
                submission(),
                (
                    result("both", [{"de": 10.0, "fi": 20.0}], target=fish),
                    result("both", [{"de": 5.0}], target=apple),
                ),
            ),
            WholeEntry("one", submission(), (result("one", [{"de": 99.0}], target=fewer),)),
        ],
        TARGETS,
    )
    assert [(s.target.name, s.target.languages) for s in board.standings[2:]] == [
        ("bitext.apple", ("de",)),
        ("bitext.fish", ("de", "fi")),
    ]
    assert ranks(board, 3) == [("both", 1, ""), ("one", None, "no score for Finnish")]
    partial = board.standings[3].cell(board.rows[1])
    assert (partial.score, partial.measured, partial.of, partial.seeds) == (None, 1, 2, ())
    assert [standing.target.name for standing in board.empty] == ["pair", "show"]
    assert [board.counts(row) for row in board.rows] == [False, False]


def test_a_rank_is_the_range_that_real_differences_leave() -> None:
    def row(slug: str, score: float) -> WholeEntry:
        entrant = Entrant(
            score / 100, 0.01**2, np.array([score / 100]), trained=False
        )  # a standard error of one point
        return replace(entry(slug, {"de": score, "fi": score}), entrants={PAIR.name: entrant})

    board = make_board([row("a", 80.0), row("b", 79.0), row("c", 60.0)], (PAIR,))
    cells = {each.slug: each.cells[PAIR.name] for each in board.rows}
    assert {slug: (cell.rank, cell.ranks) for slug, cell in cells.items()} == {
        "a": (1, (1, 2)),
        "b": (2, (1, 2)),
        "c": (3, (3, 3)),
    }


def test_a_row_trained_once_shares_its_rank_and_the_page_can_say_why() -> None:
    def row(slug: str, *seeds: float, regime: str = "english") -> WholeEntry:
        scores = np.array(seeds) / 100
        entrant = Entrant(float(scores.mean()), 0.001**2, scores, trained=regime != "none")
        made = entry(slug, *({"de": score, "fi": score} for score in seeds), regime=regime)
        return replace(made, entrants={PAIR.name: entrant})

    rows = [
        row("one", 90.0),
        row("two", 80.0),
        row("three", 69.9, 70.0, 70.1),
        row("none", 60.0, regime="none"),
    ]
    board = make_board(rows, (PAIR,))
    cells = {each.slug: each.cells[PAIR.name] for each in board.rows}
    assert {slug: (cell.rank, cell.ranks, cell.one_training) for slug, cell in cells.items()} == {
        "one": (1, (1, 4), True),
        "two": (2, (1, 4), True),
        "three": (3, (1, 3), False),
        "none": (4, (2, 4), False),
    }
    assert board.standings[0].one_training
    assert not make_board(rows[2:], (PAIR,)).standings[0].one_training


def test_without_outcomes_ranks_stand_on_the_intervals() -> None:
    # Each language's interval is ±10 points: the mean over two has a standard error of 10 / 1.96 / √2.
    target = PAIR.model_copy(update={"sizes": {}})
    scores = (60, 40)

    def cells(target: Target) -> list[Cell]:
        rows = [entry(f"row-{score}", {"de": score, "fi": score}, n=40, target=target) for score in scores]
        return [row.cells[PAIR.name] for row in make_board(rows, (target,)).rows]

    def error(cell: Cell) -> float:
        assert cell.entrant is not None
        return float(np.sqrt(cell.entrant.variance))

    low, high = cells(target)
    assert (error(high), high.entrant and high.entrant.count) == (
        pytest.approx(0.1 / 1.959964 / np.sqrt(2)),
        80,
    )
    assert (high.ranks, low.ranks) == ((1, 1), (2, 2))
    # Of a translated set luck on an example may be luck in both languages.
    _, high = cells(target.model_copy(update={"parallel": True}))
    assert (error(high), high.entrant and high.entrant.count) == (pytest.approx(0.1 / 1.959964), 40)


def test_too_few_examples_rank_nothing() -> None:
    rows = make_board([entry("a", {"de": 90, "fi": 90}), entry("b", {"de": 10, "fi": 10})], (PAIR,)).rows
    assert [row.cells[PAIR.name].ranks for row in rows] == [(1, 2), (1, 2)]
