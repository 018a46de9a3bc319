"""The arithmetic of the second reference experiment's tables, on numbers by hand."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.reference import grid_tables


def test_differences_are_over_matched_seeds_with_students_interval() -> None:
    english, crosslingual = {0: 10.0, 1: 12.0, 2: 11.0}, {0: 13.0, 1: 14.0, 3: 99.0}
    # Seeds 0 and 1: +3 and +2, whose interval has half the width 12.706 · 0.7071 / √2.
    assert grid_tables.difference(english, crosslingual) == "+2.50 ± 6.35 (2)"
    assert grid_tables.difference({0: 10.0}, {0: 13.0}) == "+3.00 (1 seed)"
    assert grid_tables.difference({}, {0: 13.0}) == "–"


def test_the_seeds_that_are_needed_follow_from_the_seeds_variance() -> None:
    english = dict.fromkeys(range(4), 0.0)
    spread = dict(enumerate([0.0, 4.0, 0.0, 4.0]))  # a deviation of 2.309
    # With 8 seeds 2.365 · 2.309 / √8 = 1.93 points; with 7 they are 2.14.
    assert grid_tables.seeds_needed(english, spread) == "8"
    assert grid_tables.seeds_needed(english, {0: 1.0}) == "–"


def test_gaps_are_read_at_equal_dev_score_and_at_equal_drift() -> None:
    # dev score, drift, score: untouched, early, at the end
    english = np.array([[20.0, 1.0, 50.0], [60.0, 0.9, 60.0], [80.0, 0.8, 40.0]])
    crosslingual = np.array([[10.0, 1.0, 50.0], [40.0, 0.95, 70.0], [50.0, 0.9, 72.0]])
    # Dev 50: English was there three quarters of the way to its early stop, at 57.5.
    assert grid_tables.at_equal(0, english, crosslingual) == pytest.approx(72.0 - 57.5)
    # Drift 0.9: English had it at its early stop.
    assert grid_tables.at_equal(1, english, crosslingual) == pytest.approx(72.0 - 60.0)
    late = np.array([[55.0, 1.0, 50.0], [60.0, 0.9, 60.0]])
    assert grid_tables.at_equal(0, late, crosslingual) is None  # never at 50


def test_the_tables_are_printed_whatever_is_finished(capsys: pytest.CaptureFixture[str]) -> None:
    grid_tables.main()
    printed = capsys.readouterr().out
    assert printed.count("| layers |") == 8
    assert "| 12 | none | 1 | 78.4 | 60.2 | 27.4 | 1,273 |" in printed
