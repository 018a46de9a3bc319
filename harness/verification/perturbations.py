"""Change case, space and punctuation of a text as no reader would mind; pure, and drawn from a seed that nobody can know before."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable

Change = Callable[[str, random.Random], str]


def changed_case(text: str, draw: random.Random) -> str:
    """Turn the case of the first letter of about every second word; at least of one where a word has case."""
    starts = [
        i
        for i, char in enumerate(text)
        if char.lower() != char.upper() and (i == 0 or not text[i - 1].isalnum())
    ]
    turned = {i for i in starts if draw.random() < 0.5} or set(starts[:1])
    return "".join(_turned(char) if i in turned else char for i, char in enumerate(text))


def _turned(char: str) -> str:
    """Return the letter in the other case; one that would become two, as ß does, stays."""
    other = char.upper() if char.islower() else char.lower()
    return other if len(other) == 1 else char


def changed_space(text: str, draw: random.Random) -> str:
    """Double about every second space, and put one before and behind the text, which scripts without spaces have, too."""
    inner = "".join(char * 2 if char == " " and draw.random() < 0.5 else char for char in text)
    return f" {inner} " if draw.random() < 0.5 else f"{inner}  "


def changed_punctuation(text: str, draw: random.Random) -> str:
    """End the text in another mark than it does: without one where it has one, else with one; at times in quotation marks."""
    bare = text.rstrip()
    while bare and unicodedata.category(bare[-1]).startswith("P"):
        bare = bare[:-1].rstrip()
    ended = f"{text.rstrip()}." if bare == text.rstrip() or not bare else draw.choice((bare, f"{bare}…"))
    return f"“{ended}”" if draw.random() < 0.25 else ended


CHANGES: dict[str, Change] = {
    "case": changed_case,
    "space": changed_space,
    "punctuation": changed_punctuation,
}


def changed(text: str, how: str, seed: str) -> str:
    """Return a text changed in one way; the same text, way and seed give the same."""
    return CHANGES[how](text, random.Random(f"{seed}\n{how}\n{text}"))  # noqa: S311 - to be repeatable is what it is for
