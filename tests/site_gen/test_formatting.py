from __future__ import annotations

import re
from pathlib import Path

import pytest

import templates
from site_gen import formatting
from site_gen.figures.style import POOLING_MARKS, REGIME_MARKS, SERIES_MARKS

CSS = (Path(templates.__file__).parent / "static" / "site.css").read_text()


def test_numbers_and_names_read_the_same_everywhere() -> None:
    assert formatting.points(7.0) == "7.00"
    assert formatting.interval((1.005, 99.999)) == "[1.00, 100.00]"
    assert formatting.count(1234567) == "1,234,567"
    assert [formatting.language_name(code) for code in ("de", "tl", "zh-TW", "qqx")] == [
        "German",
        "Tagalog",
        "Chinese (TW)",
        "qqx",
    ]
    assert [formatting.listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert formatting.language_name("de-fi") == "German–Finnish"
    keys = ("f1_to_english", "map_20", "map_mono", "recall_10_multi", "ndcg_10_best", "language_bias")
    names = ["F1 to English", "mAP@20", "mAP mono", "recall@10 multi", "nDCG@10 best", "language bias"]
    assert [formatting.metric_name(key) for key in keys] == names
    assert [formatting.capital(name) for name in names[2:5]] == [
        "mAP mono",
        "Recall@10 multi",
        "nDCG@10 best",
    ]
    assert [formatting.quantity(1234.56789, key) for key in ("mined", "threshold", "language_bias", "new")] == [
        "1,235", "1,234.5679", "1,234.6", "1235",
    ]  # fmt: skip
    assert [formatting.quantity_unit(key) for key in ("mined", "threshold", "language_bias", "new")] == [
        "pairs",
        "margin",
        "ranks",
        "",
    ]
    assert [formatting.heat(score) for score in (0, 9.99, 10, 99.9, 100)] == [0, 0, 1, 9, 9]
    assert list(formatting.flat({"a": 1, "b": {"c": "x", "d": [1, 2]}})) == [
        ("a", "1"),
        ("b.c", "x"),
        ("b.d", "1, 2"),
    ]


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_every_step_of_the_heat_scale_is_readable_and_the_curves_are_visible(mode: str) -> None:
    light, dark = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)[:2]
    colours = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", light if mode == "light" else dark))
    inks = ["low-ink"] * 6 + ["h6-ink"] + ["high-ink"] * 3
    readable = [contrast(colours[f"h{step}"], colours[ink]) for step, ink in enumerate(inks)]
    assert [step for step, ratio in enumerate(readable) if ratio < 4.5] == []
    assert [
        mark.colour
        for mark in (*REGIME_MARKS.values(), *POOLING_MARKS.values(), *SERIES_MARKS)
        if contrast(mark.colour, colours["page"]) < 3
    ] == []


def test_numbers_below_zero_have_a_minus_and_long_ones_commas() -> None:
    assert [formatting.points(value) for value in (-2.5, -0.001, 61.237)] == ["−2.50", "0.00", "61.24"]
    assert list(formatting.flat({"passes": 2013333, "seconds": 1040.5, "fast": True})) == [
        ("passes", "2,013,333"),
        ("seconds", "1,040.5"),
        ("fast", "True"),
    ]


def test_a_number_stays_with_its_unit() -> None:
    assert (
        formatting.unbroken("12 layers, 21.3 M; 5 Models") == "12 layers, 21.3\N{NO-BREAK SPACE}M; 5 Models"
    )
    assert formatting.unbroken("tested (p 0.04); map 2") == "tested (p\N{NO-BREAK SPACE}0.04); map 2"
