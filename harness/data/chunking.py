"""Cut a document into chunks at sentence ends, in any script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import chain

# About 128 tokens of Latin script: one idea, and far below what any encoder truncates at.
CHUNK_CHARACTERS = 512
_CLOSING = "\"'”’»)\\]）」』】〉》〕］"
# In scripts whose full stop needs no space after it, or has no other use, it always ends the sentence.
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
    """Cut a document at sentence ends into one or more chunks of at most `limit` characters.

    The title opens the first chunk and counts as a sentence. A sentence longer than a chunk is cut at white
    space, or by length in scripts without it. Only white space is lost between chunks.
    """
    whole = f"{title} {text}".strip()
    if len(whole) <= limit:
        return (whole,)
    finished: list[str] = []
    open_chunk = ""
    for sentence in chain([f"{title} "] if title else [], sentences(text)):
        for piece in _cut(sentence, limit):
            if open_chunk and len((open_chunk + piece).rstrip()) > limit:
                finished.append(open_chunk.strip())
                open_chunk = ""
            open_chunk += piece
    return tuple(chunk for chunk in (*finished, open_chunk.strip()) if chunk)


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a text in any script, with trailing white space; joined they are the text.

    A full stop followed by a space does not end a sentence after an initial, a short number or an
    abbreviation, nor before a lower-case letter; without a space, as in 3.14, it never does.
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
    """Yield parts of at most `limit` characters, not counting trailing white space."""
    while len(sentence.rstrip()) > limit:
        end = max(
            (space.end() for space in re.finditer(r"\s", sentence[: limit + 1])), default=0
        ) or _whole_letters(sentence, limit)
        yield sentence[:end]
        sentence = sentence[end:].lstrip()
    yield sentence


def _whole_letters(text: str, end: int) -> int:
    """Return the last position up to `end` that splits no letter from its marks, else `end`."""
    for position in range(end, 0, -1):
        if (
            not unicodedata.category(text[position]).startswith("M")
            and text[position] not in _JOINERS
            and text[position - 1] not in _JOINERS
        ):
            return position
    return end
