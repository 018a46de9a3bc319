"""The arithmetic of the second reference experiment's tables, on numbers by hand."""

from __future__ import annotations

import pytest

from experiments.reference import grid_tables


def test_differences_are_those_of_diff() -> None:
    names = "me5-small-l12-nli-english", "me5-small-l12-nli-multilingual"
    assert grid_tables.difference(*names, "tatoeba") == "+12.18 [+7.87, +16.50] (3)"
    assert grid_tables.difference(*names, "xquad_r", ["el"]).endswith(" (3)")
    assert grid_tables.difference("me5-small-l12", names[0], "tatoeba").endswith(" (3)")
    assert grid_tables.difference("me5-small-l12", "nobody", "tatoeba") == "–"


def test_the_seeds_that_are_needed_follow_from_the_seeds_variance() -> None:
    english = dict.fromkeys(range(4), 0.0)
    spread = dict(enumerate([0.0, 4.0, 0.0, 4.0]))  # a deviation of 2.309
    # With 8 seeds 2.365 · 2.309 / √8 = 1.93 points; with 7 they are 2.14.
    assert grid_tables.seeds_needed(english, spread) == "8"
    assert grid_tables.seeds_needed(english, {0: 1.0}) == "–"


def test_the_tables_are_printed_whatever_is_finished(capsys: pytest.CaptureFixture[str]) -> None:
    grid_tables.main()
    printed = capsys.readouterr().out
    assert printed.count("| layers |") == 11
    assert "| 12 | none | 1 | 78.4 | 60.2 | 27.4 | 1,273 |" in printed
