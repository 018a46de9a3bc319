"""The rows that the front page's script sorts, and the parts that follow the page's rows without it."""

from __future__ import annotations

import json
import re

import pytest

from site_gen.board.board import Board
from site_gen.board.by_language import LISTED
from site_gen.board.whole import WholeEntry
from site_gen.build import planned_files, site_files
from site_gen.pages.board_columns import board_columns, rank_words
from site_gen.pages.board_rows import rows_js
from site_gen.pages.pagination import PAGE_ROWS, linked_parts
from tests.support.boards import PAIR, SHOW, entry, make_board, result, submission, with_batches


def document(board: Board) -> dict[str, object]:
    text = rows_js(board).decode()
    found: dict[str, object] = json.loads(re.fullmatch(r"stiltboardRows\((.*)\);\n", text, re.DOTALL)[1])  # type: ignore[index]
    return found


def test_every_row_stands_in_the_columns_in_the_order_of_the_ranking() -> None:
    board = make_board(
        [entry("low", {"de": 10, "fi": 20}), entry("high", {"de": 50, "fi": 60}), entry("part", {"de": 5})],
        (PAIR, SHOW),
    )
    found = document(board)
    assert found["slug"] == ["high", "low", "part"]
    cells = found["cells"]
    assert isinstance(cells, dict)
    assert cells["pair"]["text"] == ["55.00", "15.00", "1 of 2 languages"]
    assert cells["pair"]["value"] == [55.0, 15.0, None]
    assert cells["rank"]["text"] == ["not separable", "not separable", "not ranked"]
    assert cells["rank"]["hover"]["1"] == (
        "of 2 ranked models none surely better, 0 surely worse, 1 cannot be told apart from it"
    )
    for column in ("mean-retrieval", "xtreme"):
        assert cells[column]["value"] == [None, None, None]
    assert cells["xtreme"]["text"] == ["1 of 9 targets", "1 of 9 targets", "0 of 9 targets"]


def test_only_columns_that_say_something_of_most_rows_are_shown_at_first() -> None:
    rows = [entry(f"toy-{number}", {"de": number, "fi": number}) for number in range(3)]
    other = PAIR.model_copy(update={"name": "other", "title": "Other"})
    rows.append(entry("both", {"de": 9, "fi": 9}, target=other))
    board = make_board(rows, (PAIR, other))
    shown = {column.key: column.shown for column in board_columns(board)}
    assert [key for key, is_shown in shown.items() if is_shown] == [
        "title", "regime", "size", "pair", "seeds", "links",
    ]  # fmt: skip
    assert not shown["other"] and not shown["task"] and not shown["mark"] and not shown["xtreme"]


def test_the_definition_of_the_columns_is_what_the_page_and_the_script_show() -> None:
    board = make_board([entry("toy", {"de": 10, "fi": 20})], (PAIR, SHOW))
    keys = [column.key for column in board_columns(board) if column.shown]
    page = site_files(board)["index.html"].decode()
    assert re.findall(r'data-key="([^"]+)"', page) == keys
    columns = document(board)["columns"]
    assert isinstance(columns, list)
    assert [column["key"] for column in columns if column["shown"]] == keys


@pytest.mark.parametrize(
    ("ranks", "of", "words"),
    [((1, 1), 2, "1"), ((2, 5), 12, "2–5"), ((2, 25), 26, "2–25"), ((1, 26), 26, "not separable")],
)
def test_a_rank_is_shown_where_it_says_something(ranks: tuple[int, int], of: int, words: str) -> None:
    assert rank_words(ranks, of) == words
    assert rank_words(ranks, of, once=True) == words.replace("not separable", "not tested")


def test_a_row_is_found_by_what_names_it() -> None:
    (words,) = document(make_board([entry("toy", {"de": 10, "fi": 20})], (PAIR,)))["words"]  # type: ignore[misc]
    assert words == "toy toy example/toy Example"
    trained = entry("wide", {"de": 10, "fi": 20}, regime="multilingual")
    (words,) = document(make_board([trained], (PAIR,)))["words"]  # type: ignore[misc]
    assert words == "wide toy example/toy Example German English"


def test_rows_tell_their_batches_and_the_page_offers_those_that_there_are() -> None:
    board = with_batches()
    found = document(board)
    assert found["slug"] == ["hybrid", "english", "none"]
    assert found["batches"] == {"0": "hybrid", "1": "english"}
    page = site_files(board)["index.html"].decode()
    options = re.search(r'<select id="batches".*?</select>', page, re.DOTALL)
    assert options is not None
    assert re.findall(r"<option[^>]*>([^<]*)", options[0]) == ["all", "english", "hybrid"]
    without = make_board([entry("none", {"de": 10, "fi": 20})], (PAIR, SHOW))
    assert 'id="batches"' not in site_files(without)["index.html"].decode()


def test_a_script_of_rows_cannot_be_left_by_a_title() -> None:
    hostile = '"});alert(1);//</script>'
    board = make_board(
        [WholeEntry("toy", submission(hostile), (result("toy", [{"de": 1.0, "fi": 2.0}]),))], (PAIR,)
    )
    assert document(board)["cells"]["title"]["text"] == [hostile]  # type: ignore[index]


@pytest.mark.parametrize(
    ("rows", "parts"),
    [(PAGE_ROWS, []), (PAGE_ROWS + 1, ["leaderboard/2.html"]), (2 * PAGE_ROWS, ["leaderboard/2.html"])],
)
def test_rows_that_a_page_does_not_list_stand_on_parts(rows: int, parts: list[str]) -> None:
    files = site_files(
        make_board([entry(f"toy-{i:03}", {"de": i % 50, "fi": i % 50}) for i in range(rows)], (PAIR,))
    )
    assert sorted(name for name in files if name.startswith("leaderboard/")) == parts
    tables = [
        files[name].decode().partition('<table class="board models"')[2].partition("</table>")[0]
        for name in ("index.html", *parts)
    ]
    listed = [table.count('<th scope="row" ') for table in tables]
    assert sum(listed) == rows
    assert ("data-parts" in files["index.html"].decode()) == bool(parts)


def test_few_parts_all_link_each_other() -> None:
    assert linked_parts(1, PAGE_ROWS) == ()
    assert linked_parts(2, 3 * PAGE_ROWS - 1) == ((1, 1, 40), (2, 41, 80), (3, 81, 119))


def test_of_many_parts_each_links_few_and_any_is_a_few_steps_away() -> None:
    rows = 400 * PAGE_ROWS
    links = {
        part: [each.number for each in linked_parts(part, rows)] for part in range(1, rows // PAGE_ROWS + 1)
    }
    assert links[1] == [1, 2, 3, 5, 9, 17, 33, 65, 129, 257, 400]
    assert max(map(len, links.values())) <= 20
    assert all({1, part, 400} <= set(found) and found == sorted(set(found)) for part, found in links.items())
    assert all({part - 1, part + 1} & set(range(1, 401)) <= set(found) for part, found in links.items())
    reached = {1}
    for _ in range(5):
        reached |= {number for part in reached for number in links[part]}
    assert reached == set(links)


def test_pages_of_thousands_of_rows_list_the_first_and_say_where_all_are() -> None:
    board = make_board(
        [entry(f"toy-{i:03}", {"de": i % 50, "fi": i % 50}) for i in range(LISTED + 1)], (PAIR,)
    )
    files = planned_files(board)
    for path, tables, rest in (
        ("targets/pair.html", 2, "data/by-language/pair.csv"),
        ("families/toy.html", 1, "data/leaderboard.csv"),
    ):
        text = files[path].make().decode()
        assert text.count('<th scope="row"><a href="../submissions/') >= tables * LISTED
        assert (
            f'The first {LISTED} of {LISTED + 1} submissions. All of them are <a href="../{rest}">in a file</a>.'
            in text
        )
