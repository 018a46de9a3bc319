"""Changes of a YAML file's text, from a wrong value to a bomb."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hypothesis import strategies as st

# Replacements of a value.
ODD = [
    "no", "yes", "null", "~", "0e123", "0e12345678901234567890123456789012345678", "1_000", "0x1F", "017", "1:30", "-0", "-1", "1e999", ".inf", ".nan",
    "9" * 40, "9" * 5000, "2026-01-01", "''", "", "[]", "{}", "[a]", "[[a]]", "{a: b}", "[{}]", "<x>", "!!python/object/apply:os.system [x]", "!!binary aGk=",
    "! x", "&a a", "*a", "|\n  text", ">-\n  text", "'open", '"open', '"\\u202e"', '"\\x00"', '"\\ud800"', "../../../../etc/passwd", "javascript:alert(1)",
    "http://x", "https://x/<script>", "\u202etxt", "a\u200bb", "a\u00adb", "\ufeffa", "a\u00a0b", "e\u0301", "\U0001f469\u200d\U0001f4bb", "x" * 60_000, "é" * 30_000,
    "EN", "de_DE", "[en, en]", "last ", "True", "None", "@x", "`x`", "%x", "# x", "a: b: c", "- a", "? a", "---", "...",
]  # fmt: skip

# Insertions between two lines, or within one.
BOMBS = [
    "<<: {schema: 1}\n", "<<: *a\n", "<<: [*a, *a]\n" * 20, "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*a, *a, *a]\n" for i in range(40)),
    "&a " * 500, "*a\n" * 500, "[" * 5000, "{a: " * 5000, "- " * 5000, "? " * 5000, "x:\n " * 300, "{" * 13 + "}" * 13, "[[]]," * 3000, "a,b," * 8000,
    "schema: 1\n", "title: again\n", "k: v\n" * 900, "".join(f"k{i}: v\n" for i in range(900)), "links: {x: y}\n", "---\n", "...\n", "%YAML 1.1\n---\n", "%FOO bar\n",
    "\t", "\r\n", "\x00", "\x1b[31m", "\x85", "\u2028", "\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\ufffe", "\u3164", "\U000e0041" * 50, "\U000e0100",
    " ", "  ", "\n", "\n\n", ":", ": ", ",", "#", " #", "'", '"', "\\", "|", ">", "|9\n", "!", "!<", "&", "*", "@", "x" * 70_000, "#" + "x" * 70_000, " " * 5000,
]  # fmt: skip


def replace_value(draw: st.DrawFn, text: str) -> str:
    values = list(re.finditer(r"(?<=: ).+|(?<=- ).+", text))
    if not values:
        return text
    value = draw(st.sampled_from(values))
    return text[: value.start()] + draw(st.sampled_from(ODD)) + text[value.end() :]


def insert(draw: st.DrawFn, text: str) -> str:
    at = draw(st.integers(0, len(text)))
    if draw(st.booleans()):
        at = text.rfind("\n", 0, at) + 1
    return text[:at] + draw(st.sampled_from(BOMBS)) + text[at:]


def swap_tokens(draw: st.DrawFn, text: str) -> str:
    tokens = re.split(r"(\s+|[\[\]{},:])", text)
    if len(tokens) < 2:
        return text
    first, second = draw(st.integers(0, len(tokens) - 1)), draw(st.integers(0, len(tokens) - 1))
    tokens[first], tokens[second] = tokens[second], tokens[first]
    return "".join(tokens)


def repeat_line(draw: st.DrawFn, text: str) -> str:
    lines = text.splitlines(keepends=True) or [""]
    line, at = draw(st.sampled_from(lines)), draw(st.integers(0, len(lines)))
    return "".join([*lines[:at], line * draw(st.sampled_from([1, 1, 2, 300])), *lines[at:]])


def cut(draw: st.DrawFn, text: str) -> str:
    start = draw(st.integers(0, len(text)))
    return text[:start] + text[start + draw(st.sampled_from([1, 5, 40, 100_000])) :]


def indent(draw: st.DrawFn, text: str) -> str:
    lines = text.splitlines(keepends=True) or [""]
    at = draw(st.integers(0, len(lines) - 1))
    lines[at] = draw(st.sampled_from([" ", "  ", "\t", "- ", "          "])) + lines[at]
    return "".join(lines)


def flip(draw: st.DrawFn, data: bytes) -> bytes:
    if not data:
        return data
    changed = bytearray(data)
    for at in draw(st.lists(st.integers(0, len(data) - 1), max_size=4)):
        changed[at] ^= 1 << draw(st.integers(0, 7))
    return bytes(changed)


@st.composite
def mutated(draw: st.DrawFn, originals: Sequence[bytes]) -> bytes:
    """Return one of the files after up to four changes of its text, and in a quarter of all cases of its bits."""
    text = draw(st.sampled_from(originals)).decode()
    for change in draw(
        st.lists(
            st.sampled_from([replace_value, replace_value, insert, swap_tokens, repeat_line, cut, indent]),
            max_size=4,
        )
    ):
        text = change(draw, text)
    data = text.encode()
    return flip(draw, data) if draw(st.integers(0, 3)) == 0 else data
