"""Cut a document into chunks at sentence ends, in any script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import chain

# About 128 tokens of Latin script: one idea, and far below what any encoder truncates at.
CHUNK_CHARACTERS = 512
_CLOSING = "\"'”’»)\\]）」』】〉》〕］"
# Scripts whose full stop is written without a space after it, or serves for nothing else, end there whatever
# follows.
_SENTENCE_END = re.compile(
    rf"[。！？｡؟۔।॥።፧፨။។៕།༎։᠃᱾꓿꯫⸮]+[{_CLOSING}]*\s*"
    rf"|[.!?…‥]+[{_CLOSING}]*\s+"
    r"|\n\s*\n\s*"
)  # fmt: skip
_OPENING = "([\"'«“„"
_LONGEST_WORD = 40
_ABBREVIATIONS = frozenset(
    [
        "dr",
        "mr",
        "mrs",
        "ms",
        "prof",
        "st",
        "sr",
        "sra",
        "jr",
        "mme",
        "vs",
        "nr",
        "bzw",
        "ca",
        "approx",
        "fig",
    ]
)
_JOINERS = "\u200c\u200d"


def chunks(title: str, text: str, limit: int = CHUNK_CHARACTERS) -> tuple[str, ...]:
    """Cut a document at sentence ends and merge the sentences to chunks of at most `limit` characters, at least one chunk.

    The title opens the first chunk and is a part of its own. What is longer than a chunk is cut at white
    space, or by length where a script writes none. Only white space is lost between chunks.
    """
    whole = f"{title} {text}".strip()
    if len(whole) <= limit:
        return (whole,)
    found: list[str] = []
    open_chunk = ""
    for sentence in chain([f"{title} "] if title else [], sentences(text)):
        for piece in _cut(sentence, limit):
            if open_chunk and len((open_chunk + piece).rstrip()) > limit:
                found.append(open_chunk.strip())
                open_chunk = ""
            open_chunk += piece
    return tuple(chunk for chunk in (*found, open_chunk.strip()) if chunk)


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a text in any script, white space behind included; joined they are the text.

    A full stop with a space behind ends no sentence after an initial, a short number or an abbreviation, nor
    before a lower-case letter; without a space, as in 3.14, it never does.
    """
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if text[match.start()] == "." and not _full_stop(text, match):
            continue
        yield text[start : match.end()]
        start = match.end()
    if start < len(text):
        yield text[start:]


def _full_stop(text: str, match: re.Match[str]) -> bool:
    if match[0].startswith("..") or match.end() == len(text):
        return True
    if text[match.end()].islower():
        return False
    words = text[max(0, match.start() - _LONGEST_WORD) : match.start()].split()
    word = words[-1].lstrip(_OPENING) if words else ""
    short = len(word) == 1 or (len(word) == 2 and word.isdigit())
    dotted = "." in word and not word[-1].isdigit()
    return not (short or dotted or word.lower() in _ABBREVIATIONS)


def _cut(sentence: str, limit: int) -> Iterator[str]:
    """Yield parts of at most `limit` characters, white space behind not counted."""
    while len(sentence.rstrip()) > limit:
        end = max(
            (space.end() for space in re.finditer(r"\s", sentence[: limit + 1])), default=0
        ) or _whole_letters(sentence, limit)
        yield sentence[:end]
        sentence = sentence[end:].lstrip()
    yield sentence


def _whole_letters(text: str, end: int) -> int:
    """Return the last place up to `end` that parts no letter from its marks; `end` itself if all are marks."""
    for place in range(end, 0, -1):
        if (
            not unicodedata.category(text[place]).startswith("M")
            and text[place] not in _JOINERS
            and text[place - 1] not in _JOINERS
        ):
            return place
    return end
