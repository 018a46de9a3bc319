"""The table for a paper: Markdown, LaTeX and CSV."""

from __future__ import annotations

import csv
import io

import pytest
from click.testing import CliRunner

from harness.cli.main import main
from site_gen.board.whole import WholeEntry
from site_gen.pages.board_columns import board_columns
from site_gen.pages.table_text import table_text
from site_gen.reading.ranked_table import frame
from tests.support.boards import PAIR, make_board, result, submission
from tests.support.folders import SITE_SUBMISSIONS

HOSTILE = "=1+1 | a_b & 100% {x} ~^\\"


def texts() -> dict[str, str]:
    made = WholeEntry("toy", submission(HOSTILE), (result("toy", [{"de": 10.0, "fi": 21.0}]),))
    board = make_board([made], (PAIR,))
    columns = [column for column in board_columns(board) if column.shown]
    return {form: table_text(columns, board.rows, form) for form in ("markdown", "latex", "csv")}


def test_no_title_leaves_its_cell() -> None:
    made = texts()
    assert made["markdown"].splitlines()[2].startswith("| =1+1 \\| a\\_b & 100% {x} ~^\\\\ | none |")
    assert (
        "=1+1 | a\\_b \\& 100\\% \\{x\\} \\textasciitilde{}\\textasciicircum{}\\textbackslash{} & none &"
        in (made["latex"])
    )
    lines = list(csv.reader(io.StringIO(made["csv"])))
    assert lines[1][0] == f"'{HOSTILE}"
    assert lines[0][2:6] == ["Size", "Pair", "Pair low", "Pair high"]


def run(*arguments: str) -> str:
    ended = CliRunner().invoke(main, ["table", "--submissions", str(SITE_SUBMISSIONS), *arguments])
    assert ended.exit_code == 0, ended.output
    return ended.output


def test_the_command_prints_the_front_page_or_one_target() -> None:
    whole = run("--format", "latex")
    assert whole.count("\\\\") == 13
    assert "& 82.33 &" in whole
    some = run("-t", "tatoeba", "lodestar-s-none", "lodestar-b-none").splitlines()
    assert len(some) == 4
    assert "Rank" in some[0]


def test_a_target_without_a_row_is_named_with_a_cure() -> None:
    ended = CliRunner().invoke(main, ["table", "--submissions", str(SITE_SUBMISSIONS), "-t", "xnli"])
    assert ended.exit_code == 2
    assert "no row has a result on xnli" in ended.output


def test_a_frame_has_numbers_and_missing_values() -> None:
    made = frame(SITE_SUBMISSIONS)
    assert made["Tatoeba"].max() == pytest.approx(82.33, abs=0.01)
    assert made.loc[made["slug"] == "lodestar-xl-english", "Tatoeba"].isna().all()
