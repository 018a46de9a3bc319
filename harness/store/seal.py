"""Seal a result's file: its last line names the digest of all others, so that no byte of it changes unseen.

A seal guards against accidents and edits by hand. Who wants to deceive can seal what was edited: against that
stand the outcomes, from which every score is recomputed, and a rerun by somebody else.
"""

from __future__ import annotations

import hashlib
import re

_WORDS = b"# sha256 of the lines above: "
_SEAL = re.compile(rb"\n" + re.escape(_WORDS) + rb"([0-9a-f]{64})\n\Z")


def sealed(text: bytes) -> bytes:
    """Return the text, which ends in a newline, with its seal."""
    return text + _WORDS + hashlib.sha256(text).hexdigest().encode() + b"\n"


def is_sealed(data: bytes) -> bool:
    """Tell whether a file has a seal; those written before there were seals have none."""
    return _SEAL.search(data) is not None


def broken_seal(data: bytes) -> str | None:
    """Say what is wrong with a file's seal; None where it holds, and where there is none.

    The harness writes no other comment into a result: one that is not exactly a seal was one.
    """
    found = _SEAL.search(data)
    if found is None:
        last = data.rstrip(b"\n").rpartition(b"\n")[2]
        torn = last.startswith(b"#") or b"sha256 of the lines" in last or b"lines above: " in last
        return "the seal in its last line is damaged" if torn else None
    digest = hashlib.sha256(data[: found.start() + 1]).hexdigest()
    named = found[1].decode()
    return (
        None
        if digest == named
        else f"its lines have the sha256 {digest}, but its seal names {named}: something in it was changed"
    )
