"""Characters that hide, reorder or stack text are refused by name; those that a script needs are not."""

from __future__ import annotations

import time

import icu
import pytest

from harness.characters import _refusals, character_faults, refused, visible

HEBREW = "מודל C++"
LONG_REFUSED = [
    *(0x180B, 0x180C, 0x180D, 0x180F, 0x2800, 0x1D159),
    *range(0xFFF0, 0xFFF9),
    *range(0x1BCA0, 0x1BCA4),
    *range(0x1D173, 0x1D17B),
]


@pytest.mark.parametrize("code", LONG_REFUSED, ids=lambda code: f"U+{code:04X}")
def test_what_is_drawn_as_nothing_is_refused_in_every_text(code: int) -> None:
    char = chr(code)
    for text in (f"a{char}b", f"模{char}型", f"ᠮ{char}ᠣ", f"{HEBREW}{char}"):
        assert refused(text) == char
        assert char not in visible(text)
    (fault,) = character_faults(f"title: a{char}b\n".encode(), f"title: a{char}b\n", "f")
    assert fault.message.startswith(f"found U+{code:04X}")


def test_nothing_that_unicode_lets_a_font_ignore_stands_between_letters() -> None:
    """Compare with the properties of the Unicode Character Database, for every code point that has them."""
    ignorable = icu.UnicodeSet("[[:Default_Ignorable_Code_Point:][:Cf:]-[:Prepended_Concatenation_Mark:]]")
    assert len(ignorable) > 4000
    assert [f"U+{ord(char):04X}" for char in ignorable if refused(f"a{char}b") != char] == []


def test_marks_of_direction_are_refused_except_in_lines_of_right_to_left_letters() -> None:
    for mark in "\u200e\u200f":
        assert refused(f"{HEBREW}{mark}") is None
        assert refused(f"{mark}نموذج 2") is None
        assert visible(f"{HEBREW}{mark} \u202e") == f"{HEBREW}{mark} \\u202e"
        assert refused(f"model C++{mark}") == mark
        assert refused(f"{HEBREW}\nmodel{mark}") == mark
        assert refused(f"{mark}{mark}") == mark
    text = f"a: {HEBREW}\u200e\nb: C++\u200e\n"
    assert [str(fault) for fault in character_faults(text.encode(), text, "f")] == [
        "f:2:7: found U+200E LEFT-TO-RIGHT MARK\n    cure: remove it; a mark of direction may stand only in a line with right-to-left letters"
    ]


def test_marks_are_not_stacked_over_other_lines() -> None:
    assert refused("a" + "\u0301" * 4) is None
    assert refused("Tiếng Việt, Yorùbá, क्ष्म्य, שִׁבֹּ֑לֶת") is None
    assert refused("a" + "\u0301" * 5) == "\u0301"
    text = "a" + "\u0336" * 40
    (fault,) = character_faults(text.encode(), text, "f")
    assert str(fault) == (
        "f:1:6: found U+0336 COMBINING LONG STROKE OVERLAY\n    cure: remove it; a letter may have at most four such marks"
    )


def test_marks_of_direction_in_a_long_line_are_read_in_linear_time() -> None:
    text = "א" + "\u200e" * 200_000
    start = time.perf_counter()
    assert refused(text) is None
    assert time.perf_counter() - start < 2


def test_a_mark_of_direction_makes_no_line_right_to_left() -> None:
    assert [match.group() for match in _refusals("\u061c\u200e")] == ["\u061c", "\u200e"]
    assert refused(visible("\u061c\u200e")) is None
