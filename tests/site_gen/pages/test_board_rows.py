"""The rows that the front page's script sorts, and the parts that follow the page's rows without it."""

from __future__ import annotations

import json
import re

import pytest

from site_gen.board.board import Board
from site_gen.board.by_language import LISTED
from site_gen.board.whole import WholeEntry
from site_gen.build import planned_files, site_files
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
    assert found["score"] == {"pair": [55.0, 15.0, None]}
    assert found["part"] == {"pair": {"2": "1 of 2 languages"}}
    ranges = [row.cells["pair"].ranks or (None, None) for row in board.main.rows]
    assert list(zip(found["best"], found["worst"], strict=True)) == ranges  # type: ignore[call-overload]
    assert found["mean"] == {"retrieval": [None, None, None], "xtreme": [None, None, None]}
    assert (found["covered"]["xtreme"], found["of"]["xtreme"]) == ([1, 1, 0], 9)  # type: ignore[index]


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
    assert document(board)["title"] == [hostile]


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
        files[name].decode().partition('<table class="board"')[2].partition("</table>")[0]
        for name in ("index.html", *parts)
    ]
    listed = [table.count('<th scope="row">') for table in tables]
    assert sum(listed) == rows
    assert ("data-parts" in files["index.html"].decode()) == bool(parts)


def test_few_parts_all_link_each_other() -> None:
    assert linked_parts(1, PAGE_ROWS) == ()
    assert linked_parts(2, 3 * PAGE_ROWS - 1) == ((1, 1, 25), (2, 26, 50), (3, 51, 74))


def test_of_many_parts_each_links_few_and_any_is_a_few_steps_away() -> None:
    rows = 10_000
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
