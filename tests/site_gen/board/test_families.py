from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from site_gen.board.families import families
from site_gen.build import site_files
from tests.support.boards import PAIR, SHOW, entry, make_board, reported, submission


def test_a_family_lists_its_submissions_by_size_and_regime() -> None:
    found = [
        entry("big", {"de": 5, "fi": 5}, body=9_000_000),
        entry("many", {"de": 4, "fi": 4}, regime="multilingual"),
        entry("one", {"de": 3, "fi": 3}, regime="english"),
        entry("none", {"de": 2, "fi": 2}),
        entry("other", {"de": 9, "fi": 9}, family="else"),
        entry("waiting"),
        reported("paper", {"pair": {"means": {"accuracy": "99"}}}),
    ]
    other, toy = families(make_board(found, (PAIR, SHOW)))
    assert [row.slug for row in toy.rows] == ["waiting", "none", "one", "many", "big"]
    assert [row.slug for row in toy.reported] == ["paper"]
    assert [(standing.target.name, [row.slug for row in standing.rows]) for standing in toy.standings] == [
        ("pair", ["big", "many", "one", "none"])
    ]
    assert (other.name, [row.slug for row in other.rows], other.reported) == ("else", ["other"], ())


def test_a_family_page_draws_its_curves_and_keeps_ranks_among_all_submissions() -> None:
    sizes = [entry(f"s{size}", {"de": size, "fi": size}, body=size * 1_000_000) for size in (1, 2, 3)]
    files = site_files(
        make_board([*sizes, entry("first", {"de": 99, "fi": 99}, family="else")], (PAIR, SHOW))
    )
    text = files["families/toy.html"].decode()
    assert re.findall(r'<figure class="chart" id="([a-z-]+)"', text) == ["scaling-pair"]
    assert (
        re.findall(r">(First|S[123])</a></th>", text) == ["S1", "S2", "S3"] * 2
    )  # the ranking and the figure's own table
    assert text.count("rank not separable<") == 3  # so few examples tell nobody apart
    assert b"<figure" not in files["families/else.html"]  # one size is no scaling


def test_a_family_of_published_numbers_alone_has_a_page_without_a_table() -> None:
    text = site_files(make_board([reported("paper", {})], (PAIR,)))["families/toy.html"].decode()
    assert '<a href="../submissions/paper.html">Paper</a>: paper 2020' in text
    assert "<table" not in text
    assert "No model of this family has been measured here yet; only published numbers are listed." in text


@pytest.mark.parametrize("name", ["Toy", "toy/../x", "toy ", "toy.", "", "tóy", "TOY", "to\ny"])
def test_a_family_can_name_a_file_and_no_two_share_one_where_case_is_not_told_apart(name: str) -> None:
    with pytest.raises(ValidationError):
        submission(family=name)
