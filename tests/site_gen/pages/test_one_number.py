"""One quantity has one number: a difference of two rows is the same in `diff`, on pages, and in their data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import combinations

import pytest

from harness.comparison.compare import compare
from harness.comparison.differences import TargetDifference
from harness.store import Side, load_side
from harness.store.prior_file import load_seed_priors
from site_gen.board.board import Board, Standing
from site_gen.board.entry import AnyEntry
from site_gen.board.gap import SizeGap, gaps
from site_gen.board.ranking import make_board
from site_gen.pages.compare_data import compare_files, compare_path
from site_gen.reading.entries import gather
from tests.support.folders import ROOT

SUBMISSIONS = ROOT / "submissions"
# Two decimals and three significant digits are what the pages' data hold.
POINTS, P = 0.0051, 6e-3


@pytest.fixture(scope="module")
def entries() -> Sequence[AnyEntry]:
    return gather(SUBMISSIONS)


@pytest.fixture(scope="module")
def board(entries: Sequence[AnyEntry]) -> Board:
    """Return the stored board with its own prior."""
    return make_board(entries, seed_priors=load_seed_priors(SUBMISSIONS))


@pytest.fixture(scope="module")
def pages(board: Board) -> Mapping[str, bytes]:
    return dict(compare_files(board))


@cache
def side(slug: str) -> Side:
    return load_side(SUBMISSIONS / slug)


def by_diff(first: str, second: str, target: str) -> TargetDifference:
    """Return second − first as `diff` computes it."""
    return compare(side(first), side(second), targets=[target], prior=load_seed_priors(SUBMISSIONS)).targets[
        0
    ]


def by_page(pages: Mapping[str, bytes], first: str, second: str, target: str) -> list[float | None]:
    """Return second − first as the comparison page reads it: difference, interval, p, seeds matched."""
    text = pages[compare_path(second)].decode()
    content = json.loads("[" + text.partition("(")[2].rpartition(")")[0] + "]")
    found: list[float | None] = content[1]["against"][first][target]
    return found


def pairs(standing: Standing) -> Iterator[tuple[str, str]]:
    yield from combinations([row.slug for row in standing.ranked], 2)


def check(pages: Mapping[str, bytes], first: str, second: str, target: str) -> None:
    said, drawn = by_diff(first, second, target), by_page(pages, first, second, target)
    points, low, high, p, matched = drawn
    assert points == pytest.approx(said.difference, abs=POINTS), (first, second)
    assert (low, high) == pytest.approx(said.interval, abs=POINTS), (first, second)
    assert (p is None) == (not said.recipe)
    if p is not None:
        assert p == pytest.approx(said.p, rel=P, abs=1e-300), (first, second)
    assert matched == said.matched


def check_gap(size: SizeGap, target: str) -> None:
    said = by_diff(size.english.slug, size.multilingual.slug, target)
    assert size.points == pytest.approx(said.difference, abs=1e-3)
    assert size.interval == pytest.approx(said.interval, abs=1e-3)
    assert size.p == pytest.approx(said.p, rel=1e-6)
    assert size.matched == said.matched


def test_some_stored_pairs_have_the_same_numbers_everywhere(board: Board, pages: Mapping[str, bytes]) -> None:
    for standing in board.standings:
        chosen = list(pairs(standing))
        for first, second in chosen[:: max(1, len(chosen) // 6)]:
            check(pages, first, second, standing.target.name)
    (gap, *_) = gaps(board.main)
    for size in gap.sizes[::3]:
        check_gap(size, board.main.target.name)


@pytest.mark.slow
def test_all_stored_pairs_have_the_same_numbers_everywhere(board: Board, pages: Mapping[str, bytes]) -> None:
    compared = 0
    for standing in board.standings:
        for first, second in pairs(standing):
            check(pages, first, second, standing.target.name)
            compared += 1
        for gap in gaps(standing):
            for size in gap.sizes:
                check_gap(size, standing.target.name)
    assert compared > 500


def test_a_difference_does_not_move_because_another_row_arrived(
    entries: Sequence[AnyEntry], pages: Mapping[str, bytes]
) -> None:
    few = make_board(
        [entry for entry in entries if entry.slug in ("me5-small-l12", "me5-small-l12-sts-english")],
        seed_priors=load_seed_priors(SUBMISSIONS),
    )
    pair = ("me5-small-l12-sts-english", "me5-small-l12", "tatoeba")
    assert by_page(dict(compare_files(few)), *pair) == by_page(pages, *pair)


@pytest.mark.slow
def test_rows_whose_ranges_of_ranks_are_apart_differ_in_diff(board: Board) -> None:
    for standing in board.standings:
        for first, second in combinations(standing.ranked, 2):
            ranges = [standing.cell(row).ranks for row in (first, second)]
            assert ranges[0] is not None
            assert ranges[1] is not None
            if ranges[0][1] < ranges[1][0]:  # the first is above for certain, so the two are separated
                said = by_diff(first.slug, second.slug, standing.target.name)
                assert said.p < 0.05
