"""Seal a result's file: its last line is the digest of all others, so that any changed byte is noticed.

A seal protects against accidents and edits by hand. A person who wants to deceive can seal an edited file;
that is detected by recomputing every score from the outcomes, and by an independent rerun.
"""

from __future__ import annotations

import hashlib
import re

_WORDS = b"# sha256 of the lines above: "
_SEAL = re.compile(rb"\n" + re.escape(_WORDS) + rb"([0-9a-f]{64})\n\Z")


def sealed(text: bytes) -> bytes:
    """Return the text, which must end in a newline, with its seal appended."""
    return text + _WORDS + hashlib.sha256(text).hexdigest().encode() + b"\n"


def is_sealed(data: bytes) -> bool:
    """Tell whether a file has a seal; files written before seals existed have none."""
    return _SEAL.search(data) is not None


def broken_seal(data: bytes) -> str | None:
    """Return what is wrong with a file's seal; None if it is intact, or if there is none.

    The harness writes no other comment into a result, so any other last comment is a damaged seal.
    """
    seal = _SEAL.search(data)
    if seal is None:
        last = data.rstrip(b"\n").rpartition(b"\n")[2]
        torn = last.startswith(b"#") or b"sha256 of the lines" in last or b"lines above: " in last
        return "the seal in its last line is damaged" if torn else None
    digest = hashlib.sha256(data[: seal.start() + 1]).hexdigest()
    sealed_digest = seal[1].decode()
    return (
        None
        if digest == sealed_digest
        else f"its lines have the sha256 {digest}, but its seal names {sealed_digest}: the file was changed"
    )
