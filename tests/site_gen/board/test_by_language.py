from __future__ import annotations

import pytest

from site_gen.board.board import Board
from site_gen.board.by_language import LISTED, LanguageBoard, language_boards, language_paths
from site_gen.board.language_names import find_language, has_page
from site_gen.board.whole import WholeEntry
from site_gen.build import site_files
from tests.support.boards import MINED, PAIR, SHOW, entry, make_board, reported, result, submission

OWN = {"submission": "own", "target": "bitext.harbour"}


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("de", ("German", "Deutsch", "ltr")),
        ("ar", ("Arabic", "العربية", "rtl")),
        ("ur", ("Urdu", "اردو", "rtl")),
        ("arz", ("Egyptian Arabic", "", "rtl")),  # no locale: CLDR's usual script tells the direction
        ("zh-TW", ("Chinese (TW)", "中文 (繁體, 台灣)", "ltr")),
        ("en", ("English", "", "ltr")),
        ("qqx", ("qqx", "", "ltr")),
    ],
)
def test_a_language_is_named_in_english_and_in_its_own_script(code: str, named: tuple[str, str, str]) -> None:
    language = find_language(code)
    assert (language.name, language.autonym, language.direction) == named
    assert language.path == f"languages/{code.lower()}.html"


def test_a_pair_of_languages_has_no_page() -> None:
    assert [has_page(code) for code in ("de", "zh-TW", "zh-tw", "de-fi")] == [True, True, False, False]


def only(board: Board, code: str) -> LanguageBoard:
    (found,) = (each for each in language_boards(board) if each.language.code == code)
    return found


def placed(board: Board, code: str = "de") -> list[tuple[str, int | None, str]]:
    (table,) = only(board, code).tables()
    return [(each.row.slug, each.place, each.reason) for each in table.placed]


def test_a_language_is_ordered_by_itself_and_scores_that_print_alike_share_a_place() -> None:
    board = make_board(
        [
            entry("a", {"de": 50, "fi": 9}),
            entry("b", {"de": 70, "fi": 2}),
            entry("c", {"de": 50.004, "fi": 1}),
        ],
        (PAIR,),
    )
    assert placed(board) == [("b", 1, ""), ("a", 2, ""), ("c", 2, "")]
    assert placed(board, "fi") == [("a", 1, ""), ("b", 2, ""), ("c", 3, "")]


def test_another_language_that_failed_takes_no_place_away() -> None:
    board = make_board(
        [entry("a", {"de": 50, "fi": "out of memory"}), entry("b", {"de": 40, "fi": 2})], (PAIR,)
    )
    assert placed(board) == [("a", 1, ""), ("b", 2, "")]
    assert placed(board, "fi") == [("b", 1, "")]


def test_what_cannot_be_compared_in_a_language_stands_last_with_its_reason() -> None:
    seeds = [{"de": 90.0, "fi": 1.0}, {"de": "broken", "fi": 1.0}]
    board = make_board(
        [
            entry("a", {"de": 40, "fi": 2}),
            entry("b", {"de": 50, "fi": 2}),
            entry("other-text", {"de": 80, "fi": 2}, data="c"),
            entry("fewer", {"de": 80, "fi": 2}, n=3),
            entry(
                "otherwise", {"de": 80, "fi": 2}, signature="pair|acc|xx→en|cos|h2.mean|prefix=|len=512|v1"
            ),
            entry("half", *seeds),
        ],
        (PAIR,),
    )
    assert placed(board) == [
        ("b", 1, ""),
        ("a", 2, ""),
        ("fewer", None, "not measured on all 4 pairs"),
        ("half", None, "not measured on every seed"),
        ("other-text", None, "measured on other text than most rows"),
        ("otherwise", None, "measured as pair|acc|xx→en|cos|v1, not as pair|acc|en→xx|cos|v1"),
    ]


def test_every_target_with_a_result_in_the_language_has_its_table_and_others_have_none() -> None:
    found = reported("paper", {"mined": {"languages": {"de": "66"}, "differs": "repeats kept"}})
    both = WholeEntry(
        "both",
        submission("Both"),
        (result("both", [{"de": 1.0, "fi": 2.0}]), result("both", [{"de": 3.0}], target=SHOW)),
    )
    board = make_board([both, found], (PAIR, SHOW, MINED))
    tables = list(only(board, "de").tables())
    assert [(table.target.name, len(table.placed)) for table in tables] == [
        ("pair", 1),
        ("show", 1),
        ("mined", 0),
    ]
    assert [(each.row.slug, each.score, each.differs) for each in tables[2].reported] == [
        ("paper", 66.0, "repeats kept")
    ]
    assert [table.target.name for table in only(board, "fi").tables()] == ["pair"]
    text = site_files(board)["languages/de.html"].decode()
    assert '<a href="../submissions/paper.html">Paper</a> 66.0 (repeats kept).' in text
    assert text.count("<table") == 2


def test_a_page_lists_the_first_rows_and_says_of_how_many() -> None:
    board = make_board(
        [entry(f"row-{number}", {"de": 0.1 * number, "fi": 1}) for number in range(LISTED + 3)], (PAIR,)
    )
    (table,) = only(board, "de").tables()
    assert (len(table.placed), table.of, table.placed[0].row.slug) == (
        LISTED,
        LISTED + 3,
        f"row-{LISTED + 2}",
    )
    files = site_files(board)
    assert (
        f"The first {LISTED} of {LISTED + 3} submissions. All of them are in the file below."
        in files["languages/de.html"].decode()
    )
    assert files["data/by-language/pair.csv"].count(b"\r\n") == 1 + 2 * (LISTED + 3)


def test_only_languages_with_a_result_have_a_page_and_only_they_are_linked() -> None:
    files = site_files(make_board([entry("toy", {"de": 1, "fi": "broken"})], (PAIR,)))
    assert {path for path in files if path.startswith("languages/")} == {"languages/de.html"}
    for path in ("submissions/toy.html", "targets/pair.html"):
        text = files[path].decode()
        assert '<a href="../languages/de.html">German</a>' in text
        assert "languages/fi.html" not in text


def test_codes_that_differ_in_case_alone_share_no_file() -> None:
    own = WholeEntry(
        "own",
        submission("Own"),
        (result("own", [{"pt-BR": 1.0, "pt-Br": 2.0}], target=PAIR.model_copy(update={"name": "bitext.x"})),),
    )
    board = make_board([own], (PAIR,))
    assert dict(language_paths(language_boards(board))) == {"pt-BR": "languages/pt-br.html"}


def test_a_page_says_which_way_its_language_is_written() -> None:
    target = PAIR.model_copy(update={"languages": ("ar", "fi"), "sizes": {}})
    text = site_files(make_board([entry("toy", {"ar": 1, "fi": 2}, target=target)], (target,)))[
        "languages/ar.html"
    ].decode()
    assert '<h1>Arabic <span lang="ar" dir="rtl">العربية</span></h1>' in text
    assert "written from right to left" in text
