from __future__ import annotations

import json

import pytest

from site_gen.pages import compare_data
from site_gen.pages.compare_data import compare_files
from tests.support.boards import PAIR, entry, make_board, reported


def handed(text: bytes) -> list[object]:
    """Return what a script calls its function with."""
    given = text.decode().partition("(")[2].removesuffix(");\n")
    return json.loads(f"[{given}]")  # type: ignore[no-any-return]


def test_every_pair_has_its_difference_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [
        entry("low", {"de": 20.0, "fi": 30.0}),
        entry("high", {"de": 60.0, "fi": 70.0}),
        entry("part", {"de": 10.0, "fi": "killed"}),
        reported("elsewhere", {"pair": {"means": {"accuracy": "99"}}}),
    ]
    board = make_board(entries, (PAIR,))
    files = {path: handed(text) for path, text in compare_files(board)}
    names = [["high", "Toy-High"], ["low", "Toy-Low"], ["part", "Toy-Part"]]
    assert [slug for slug, _ in files["data/compare.js"][0]] == [slug for slug, _ in names]  # type: ignore[attr-defined]
    assert files["data/compare.js"][1] == [["pair", "Pair", "accuracy"]]
    assert files["data/compare.js"][4] == ["elsewhere"]
    low, high, part = (files[f"data/compare/{slug}.js"][1] for slug in ("low", "high", "part"))
    there, back = low["against"]["high"]["pair"], high["against"]["low"]["pair"]  # type: ignore[index]
    assert there[0] == -40 == -back[0]
    assert there[1:3] == [-back[2], -back[1]]
    assert there[1] < -40 < there[2]
    assert (part["against"], part["targets"]["pair"]["languages"]) == ({}, {"de": 10.0})  # type: ignore[index]
    assert part["targets"]["pair"]["reason"] == "no score for Finnish"  # type: ignore[index]
    monkeypatch.setattr(compare_data, "COMPARED", 2)
    many = {path: handed(text) for path, text in compare_files(board)}
    assert many["data/compare/low.js"][1]["against"] == {}  # type: ignore[index]
    assert many["data/compare/low.js"][1]["targets"] == low["targets"]  # type: ignore[index]
