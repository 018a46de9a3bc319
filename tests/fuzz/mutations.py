"""Changes of bytes, and of trees of JSON, that every lane makes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

NUMBERS = (
    0,
    1,
    -1,
    2,
    127,
    255,
    2**15,
    2**31 - 1,
    -(2**31),
    2**31,
    2**32,
    2**40,
    2**53,
    2**62,
    2**63 - 1,
    -(2**63),
)
_CHUNKS = (
    b"",
    b"\0",
    b"\xff" * 8,
    b"\x7f\xff\xff\xff",
    b"\0" * 1000,
    b"{",
    b'"',
    b"[" * 2000,
    b"PAR1",
    b"\xed\xa0\x80",
    b"NaN",
    b"1e999",
)


def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """Change bytes: flip bits, overwrite, leave out, insert, repeat or cut a run."""
    if not data:
        return draw(st.sampled_from(_CHUNKS))
    at = draw(st.integers(0, len(data) - 1))
    match draw(st.integers(0, 6)):
        case 0:
            return data[:at] + bytes([data[at] ^ 1 << draw(st.integers(0, 7))]) + data[at + 1 :]
        case 1:
            return data[:at] + bytes([draw(st.integers(0, 255))]) + data[at + 1 :]
        case 2:
            return data[:at] + data[at + draw(st.sampled_from([1, 2, 8, 100])) :]
        case 3:
            return data[:at] + draw(st.sampled_from(_CHUNKS)) + data[at:]
        case 4:
            chunk = draw(st.sampled_from(_CHUNKS))
            return data[:at] + chunk + data[at + len(chunk) :]
        case 5:
            size = draw(st.sampled_from([1, 8, 64, 500]))
            return data[:at] + data[at : at + size] * draw(st.sampled_from([2, 3, 50])) + data[at + size :]
        case _:
            return data[:at]


ODD: tuple[Any, ...] = (
    *NUMBERS, None, True, False, 10**30, 1.5, -0.5, 1e308, 1e-308, float("nan"), float("inf"),
    "", "\0", "a", "<s>", "\ud800", "\u202e", "😀", "a" * 70_000, "../../x", "org/model", "https://example.org", "(", "(a+)+$", "[", "\\",
    [], {}, [[]], [None], [0] * 5, {"": ""}, {"type": "Sequence"}, "0" * 5000,
)  # fmt: skip


def altered(draw: st.DrawFn, tree: Any, vocabulary: Sequence[tuple[str, Any]] = ()) -> Any:
    """Return JSON with one node changed; `vocabulary` are entries that the reader knows."""
    if isinstance(tree, dict) and tree and draw(st.integers(0, 3)):
        key = draw(st.sampled_from(list(tree)))
        return {
            name: altered(draw, value, vocabulary) if name == key else value for name, value in tree.items()
        }
    if isinstance(tree, list) and tree and draw(st.integers(0, 3)):
        at = draw(st.integers(0, len(tree) - 1))
        return [*tree[:at], altered(draw, tree[at], vocabulary), *tree[at + 1 :]]
    if isinstance(tree, dict) and draw(st.booleans()):
        return _with_other_keys(draw, tree, vocabulary)
    if isinstance(tree, list) and tree and draw(st.booleans()):
        at = draw(st.integers(0, len(tree) - 1))
        times = draw(st.sampled_from([0, 2, 3, 40, 5000]))
        return [*tree[:at], *[tree[at]] * times, *tree[at + 1 :]]
    if isinstance(tree, int) and not isinstance(tree, bool) and draw(st.booleans()):
        return tree + draw(st.sampled_from([-1, 1, tree, -2 * tree]))
    if isinstance(tree, str) and tree and draw(st.booleans()):
        return damaged(draw, tree.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")
    if draw(st.integers(0, 9)) == 0:
        for _ in range(draw(st.sampled_from([1, 30, 100]))):
            tree = [tree] if draw(st.booleans()) else {"type": tree}
        return tree
    if vocabulary and draw(st.booleans()):
        return draw(st.sampled_from(vocabulary))[1]
    return draw(st.sampled_from(ODD))


def _with_other_keys(
    draw: st.DrawFn, tree: dict[str, Any], vocabulary: Sequence[tuple[str, Any]]
) -> dict[str, Any]:
    match draw(st.integers(0, 3)):
        case 0 if tree:
            gone = draw(st.sampled_from(list(tree)))
            return {name: value for name, value in tree.items() if name != gone}
        case 1 if tree:
            old = draw(st.sampled_from(list(tree)))
            new = draw(st.sampled_from(["", "type", "a", "\u202e", "😀", old + "s", old.upper(), "a" * 5000]))
            return {new if name == old else name: value for name, value in tree.items()}
        case 2 if vocabulary:
            name, value = draw(st.sampled_from(vocabulary))
            return {**tree, name: value}
        case _:
            name = draw(st.sampled_from(["a", "type", "\0", "é", *list(tree)[:5]]))
            return {**tree, name: draw(st.sampled_from(ODD))}


def printed(tree: Any) -> bytes:
    """Return JSON as text; a lone surrogate is written as an escape, NaN as JavaScript does."""
    return json.dumps(tree).encode()
