"""Citations of the board and its entries as BibTeX, computed from the records only; pure."""

from __future__ import annotations

from collections.abc import Sequence

from site_gen.board.board import Row
from site_gen.board.run_info import newest_run

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#",
    "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def entry_citation(row: Row, address: str) -> str:
    """Return the BibTeX entry of a submission; `address` is that of its page, or empty if unknown."""
    names = [submitter.name for submitter in row.submission.submitters]
    return _misc(f"stiltboard-{row.slug}", row.submission.title, names, [row], address)


def board_citation(rows: Sequence[Row], address: str) -> str:
    """Return the BibTeX entry of the whole board, with the year of its newest result."""
    return _misc(
        "stiltboard",
        "stiltboard, a leaderboard of multilingual encoders after intermediate-task training",
        [],
        rows,
        address,
    )


def _misc(key: str, title: str, authors: Sequence[str], rows: Sequence[Row], address: str) -> str:
    newest = newest_run(rows)
    # Names are in braces: which word is the family name is unknown, and a name may be an organisation's.
    fields = {
        "title": f"{{{_escaped(title)}}}",
        "author": " and ".join(f"{{{_escaped(name)}}}" for name in authors) or "{The stiltboard authors}",
        "year": str(newest.year) if newest else "",
        "note": "" if key == "stiltboard" else "Entry of the stiltboard leaderboard",
        "url": address,
    }
    return "\n".join(
        (f"@misc{{{key},", *(f"  {name} = {{{text}}}," for name, text in fields.items() if text), "}")
    )


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(character, character) for character in text)
