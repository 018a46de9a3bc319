"""Citations of the board and its entries as BibTeX, computed from the records only; pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.records.board_settings import TITLE
from harness.records.origin import Snapshot
from site_gen.board.board import Board, Row
from site_gen.board.edition import Edition
from site_gen.board.run_info import newest_run

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#",
    "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def entry_citation(row: Row, base_url: str, path: str, edition: Edition, board: str = TITLE) -> str:
    """Return the BibTeX entry of a submission, whose page is at `path`; `base_url` is empty if unknown.

    `board` is the board's title.
    It names the newest snapshot where that has the same results, and else the commit, where there is one.
    """
    snapshot = edition.cited_snapshot(row.slug)
    names = [submitter.name for submitter in row.submission.submitters]
    note = f"Entry of the {_escaped(board)} leaderboard"
    address = f"{_root(base_url, snapshot)}{path}" if base_url else ""
    return _misc(
        _key(f"stiltboard-{row.slug}", edition, snapshot),
        row.submission.title,
        names,
        [row],
        ", ".join(filter(None, (note, _version(edition, snapshot)))),
        address,
    )


def board_citation(board: Board, base_url: str) -> str:
    """Return the BibTeX entry of the board: of its newest snapshot, or of its commit where there is none."""
    edition, settings = board.edition, board.settings
    snapshot = edition.cited_snapshot()
    version = _version(edition, snapshot)
    return _misc(
        _key("stiltboard", edition, snapshot),
        f"{settings.title}, {settings.subtitle}",
        [settings.authors],
        board.rows,
        version[:1].upper() + version[1:],
        _root(base_url, snapshot),
    )


def _key(key: str, edition: Edition, snapshot: Snapshot | None) -> str:
    name = snapshot.name if snapshot else edition.snapshot
    return f"{key}-{name}" if name else key


def _version(edition: Edition, snapshot: Snapshot | None) -> str:
    if snapshot:
        return snapshot.label
    if not edition.origin:
        return ""
    if edition.snapshot:
        return Snapshot(edition.snapshot, edition.origin).label
    return f"commit {edition.origin.short} of {edition.origin.day}"


def _root(base_url: str, snapshot: Snapshot | None) -> str:
    return f"{base_url}{snapshot.name}/" if base_url and snapshot else base_url


def _misc(key: str, title: str, authors: Sequence[str], rows: Sequence[Row], note: str, address: str) -> str:
    newest = newest_run(rows)
    # Names are in braces: which word is the family name is unknown, and a name may be an organisation's.
    fields = {
        "title": f"{{{_escaped(title)}}}",
        "author": " and ".join(f"{{{_escaped(name)}}}" for name in authors),
        "year": str(newest.year) if newest else "",
        "note": note,
        "url": address,
    }
    return "\n".join(
        (f"@misc{{{key},", *(f"  {name} = {{{text}}}," for name, text in fields.items() if text), "}")
    )


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(character, character) for character in text)
