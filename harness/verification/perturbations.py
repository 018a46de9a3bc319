"""Perturb case, space and punctuation of a text without changing its meaning, drawn from a seed."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable

Change = Callable[[str, random.Random], str]


def changed_case(text: str, draw: random.Random) -> str:
    """Swap the case of the first letter of about every second word, but at least of one that has case."""
    starts = [
        i
        for i, char in enumerate(text)
        if char.lower() != char.upper() and (i == 0 or not text[i - 1].isalnum())
    ]
    swapped = {i for i in starts if draw.random() < 0.5} or set(starts[:1])
    return "".join(_swapped(char) if i in swapped else char for i, char in enumerate(text))


def _swapped(char: str) -> str:
    """Return the letter in the other case, unless that would be two letters, as for ß."""
    swapped = char.upper() if char.islower() else char.lower()
    return swapped if len(swapped) == 1 else char


def changed_space(text: str, draw: random.Random) -> str:
    """Double about every second space, and add spaces around the text, also for scripts without spaces."""
    inner = "".join(char * 2 if char == " " and draw.random() < 0.5 else char for char in text)
    return f" {inner} " if draw.random() < 0.5 else f"{inner}  "


def changed_punctuation(text: str, draw: random.Random) -> str:
    """Remove, replace or add the final punctuation mark, and put one text in four in quotation marks."""
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


def changed(text: str, change: str, seed: str) -> str:
    """Return a text with one of CHANGES, which depends on text, change and seed only."""
    return CHANGES[change](text, random.Random(f"{seed}\n{change}\n{text}"))  # noqa: S311 - must be reproducible
