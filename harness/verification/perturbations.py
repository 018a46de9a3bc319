"""Small changes of a text that keep its meaning, drawn from a seed, alone or several together.

What a change does is drawn from the seed and the original text. So it is the same edit at the same place
whether it is made alone or together with another, and the probe can compare what it does in both cases.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Sequence

# Edits the characters of a text in place: one cell each, which may become empty or longer.
Change = Callable[[list[str], str, random.Random], None]

_RUN = re.compile(r"\w+")
# A run of letters, which is a whole clause in scripts without spaces, is edited in pieces of this length.
_PIECE = 8
_SHORTEST = 3


def _change_case(cells: list[str], text: str, draw: random.Random) -> None:
    """Swap the case of the first letter of about every second word, but at least of one that has case."""
    starts = [
        i
        for i, char in enumerate(text)
        if char.lower() != char.upper() and (i == 0 or not text[i - 1].isalnum())
    ]
    for i in [i for i in starts if draw.random() < 0.5] or starts[:1]:
        swapped = text[i].upper() if text[i].islower() else text[i].lower()
        cells[i] = swapped if len(swapped) == 1 else text[i]  # ß would become two letters


def _misspell(cells: list[str], text: str, draw: random.Random) -> None:
    """Misspell about two thirds of the words in one half of the text's words."""
    _misspell_some(cells, _halves(text)[0], draw)


def _misspell_others(cells: list[str], text: str, draw: random.Random) -> None:
    """Misspell about two thirds of the words in the other half."""
    _misspell_some(cells, _halves(text)[1], draw)


def _halves(text: str) -> tuple[list[range], list[range]]:
    """Divide the words of a text at random, as the positions of their letters."""
    pieces = [
        range(start, min(start + _PIECE, run.end()))
        for run in _RUN.finditer(text)
        for start in range(run.start(), run.end(), _PIECE)
    ]
    pieces = [piece for piece in pieces if len(piece) >= _SHORTEST] or pieces
    if len(pieces) == 1 and len(pieces[0]) > 1:
        middle = len(pieces[0]) // 2
        pieces = [pieces[0][:middle], pieces[0][middle:]]
    random.Random(text).shuffle(pieces)  # noqa: S311 - must be reproducible
    return pieces[::2], pieces[1::2]


def _misspell_some(cells: list[str], pieces: Sequence[range], draw: random.Random) -> None:
    """Double, drop or swap a letter, not the first, in about two thirds of the pieces and at least one."""
    for piece in draw.sample(pieces, k=-(-2 * len(pieces) // 3)):
        i = draw.choice(piece[1:] or piece)
        how = draw.choice(("double", "drop", "swap"))
        if how == "swap" and i + 1 in piece and cells[i] != cells[i + 1]:
            cells[i], cells[i + 1] = cells[i + 1], cells[i]
        elif how == "drop" and len(piece) > 1:
            cells[i] = ""
        else:
            cells[i] *= 2


def _change_punctuation(cells: list[str], text: str, draw: random.Random) -> None:
    """Remove, replace or add the final punctuation mark, and put one text in four in quotation marks."""
    end = bare = len(text.rstrip())
    while bare and unicodedata.category(text[bare - 1]).startswith("P"):
        bare = len(text[: bare - 1].rstrip())
    mark = "."
    if 0 < bare < end:
        cells[bare:end] = [""] * (end - bare)
        mark = draw.choice(("", "…"))
    cells[-1] += mark
    if draw.random() < 0.25:
        cells[0], cells[-1] = "“" + cells[0], cells[-1] + "”"


def _change_space(cells: list[str], text: str, draw: random.Random) -> None:
    """Double about every second space, and add spaces around the text, also for scripts without spaces."""
    for i, char in enumerate(text):
        if char == " " and draw.random() < 0.5:
            cells[i] += " "
    before, after = draw.choice(((" ", " "), ("", "  ")))
    cells[0], cells[-1] = before + cells[0], cells[-1] + after


CHANGES: dict[str, Change] = {
    "case": _change_case,
    "spelling": _misspell,
    "other spelling": _misspell_others,
    "punctuation": _change_punctuation,
    "space": _change_space,
}


def changed(text: str, changes: Sequence[str], seed: str) -> str:
    """Return a text with some of CHANGES, each of which depends on text and seed only."""
    cells = list(text)
    for name, change in CHANGES.items():
        if name in changes and cells:
            change(cells, text, random.Random(f"{seed}\n{name}\n{text}"))  # noqa: S311 - must be reproducible
    return "".join(cells)
