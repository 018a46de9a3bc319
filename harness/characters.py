"""Refuse characters that reorder, hide or break text in a file, and escape them in messages.

A submission is read by people in a pull request before a machine reads it: what they see must be what
the machine reads. So such characters are refused anywhere in a file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice

from harness.errors import Fault, Where

_CONTROL = "\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029"
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
# What Unicode lets a font ignore, other formats without a sign of their own, and signs that are drawn empty.
_INVISIBLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u206a-\u206f\u2800\u3164\uffa0"
    "\ufff0-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
)
_TAGS = "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
_NO_CHARACTER = "\ud800-\udfff\ufdd0-\ufdef\ufeff" + "".join(
    chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17)
)
_NEVER = _CONTROL + _BIDI + _INVISIBLE + _TAGS + _NO_CHARACTER

# Persian, the Indic scripts and emoji need the two joiners, always between two of their letters.
_JOINED = "\u0590-\u200b\u200e-\U0010ffff"
_IDEOGRAPH = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# Marks of no particular script: no language puts more than four on a letter (Unicode's UTS 39, section 5.4).
_MARK = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_REFUSED = re.compile(
    f"[{_NEVER}]"
    f"|(?<={_MARK * 4}){_MARK}"
    f"|(?<![{_JOINED}])[\u200c\u200d]|[\u200c\u200d](?![{_JOINED}])"
    # Variants of symbols, ideographs and Myanmar.
    "|(?<![#*0-9\u00a9\u00ae\u1000-\ufdff\U00010000-\U000e00ff])[\ufe00-\ufe0f]"
    f"|(?<![{_IDEOGRAPH}])[\U000e0100-\U000e01ef]"
)
_SUSPECT = re.compile(f"[{_NEVER}\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]|{_MARK}")
# Right-to-left text needs these where it ends in a sign or a Latin word, as in the name of C++.
_DIRECTION = "\u200e\u200f"
_HARMLESS = bytes(range(0x20, 0x7F)) + b"\n"


def refused(text: str) -> str | None:
    """Return the first character of a text that no file may hold, or None."""
    if text.isascii() and text.isprintable():
        return None
    match = next(_refusals(text), None)
    return match.group() if match else None


def character_faults(data: bytes, text: str, file: str) -> list[Fault]:
    """Return one fault per distinct refused character, at its first position; `text` is `data` decoded.

    Plain ASCII, which is all of most files, is dropped first at a cost of about a nanosecond a byte.
    """
    rest = data.translate(None, _HARMLESS)
    if not rest or not _SUSPECT.search(rest.decode()):
        return []
    first: dict[str, int] = {}
    for match in islice(_refusals(text), 10_000):
        first.setdefault(match.group(), match.start())
    return [
        Fault(f"found {described(char)}", place(text, at, file), cure(char)) for char, at in first.items()
    ]


def _refusals(text: str) -> Iterator[re.Match[str]]:
    """Yield each refused character; marks of direction are refused in lines without right-to-left letters."""
    line_end, is_right_to_left = -1, False
    for match in _REFUSED.finditer(text):
        if match.group() in _DIRECTION:
            if match.start() > line_end:
                start = text.rfind("\n", 0, match.start()) + 1
                line_end = text.find("\n", match.start())
                line_end = len(text) if line_end < 0 else line_end
                is_right_to_left = any(map(_is_right_to_left, text[start:line_end]))
            if is_right_to_left:
                continue
        yield match


def _is_right_to_left(char: str) -> bool:
    """Tell whether a character is a letter of that direction; marks of direction are none."""
    return unicodedata.bidirectional(char) in ("R", "AL") and unicodedata.category(char) != "Cf"


def place(text: str, at: int, file: str) -> Where:
    """Return the line and column, counted from 1, of an offset in a text."""
    return Where(file, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))


def described(char: str) -> str:
    """Return a character's code point and Unicode name, such as U+200B ZERO WIDTH SPACE."""
    name = {"\t": "TAB", "\r": "CARRIAGE RETURN", "\x1b": "ESCAPE", "\x00": "NULL"}.get(
        char
    ) or unicodedata.name(char, "")
    return f"U+{ord(char):04X} {name}".rstrip()


def cure(char: str) -> str:
    """Return what to write instead of a refused character."""
    if char == "\t":
        return "write spaces"
    if char == "\r":
        return "save the file with Unix line endings (LF)"
    if char in "\u200c\u200d":
        return "remove it; a joiner may stand only between two letters of a script that needs it"
    if char in _DIRECTION:
        return "remove it; a mark of direction may stand only in a line with right-to-left letters"
    if re.fullmatch(_MARK, char):
        return "remove it; a letter may have at most four such marks"
    return "remove it; control, bidirectional and invisible characters are refused everywhere"


def visible(text: str) -> str:
    r"""Replace every refused character by its escape, such as \u200b, so that any text can be displayed."""
    if text.isascii() and text.isprintable():
        return text
    parts, end = [], 0
    for match in _refusals(text):
        parts += [text[end : match.start()], _escape(match.group())]
        end = match.end()
    return "".join([*parts, text[end:]])


def shown(value: object, width: int = 80) -> str:
    """Render a value for a message: one line, quoted, cut to `width`, nothing invisible."""
    if isinstance(value, dict):
        return f"a mapping of {len(value)} keys" if len(value) != 1 else "a mapping of 1 key"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)} values" if len(value) != 1 else "a list of 1 value"
    text = str(value)
    if not text:
        return "nothing"
    short = text if len(text) <= width else text[: width - 1] + "…"
    return "'" + "".join(char if char.isprintable() else _escape(char) for char in visible(short)) + "'"


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return {"\t": "\\t", "\r": "\\r", "\n": "\\n"}.get(char, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
