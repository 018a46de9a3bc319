"""Read UTF-8 text, whole or by lines, and fingerprint its content.

Every loader reads its text through this module, so that a byte order mark, line ends and other encodings mean
the same in every format.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from harness.data.raw_files import DOWNLOAD_AGAIN, UNPACKING_ERRORS, opened
from harness.data.reading_notes import note
from harness.data.text_encoding import NO_TEXT, SAMPLE_BYTES, bare_return, not_utf8
from harness.errors import BadInput, Where

_MARK = b"\xef\xbb\xbf"


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a UTF-8 file, plain or gzipped, numbered from 1.

    A line ends with a line feed, or a carriage return and a line feed; other separators, as U+2028, are text.
    A byte order mark at the beginning is stripped, and noted. Raises BadInput with the line for other
    encodings, a NUL or an escape, a carriage return alone, and a damaged archive.
    """
    number = 0
    utf8_before = False
    try:
        with opened(path) as stream:
            for number, raw in enumerate(stream, start=1):
                yield number, _line(raw, number, path, stream, utf8_before=utf8_before)
                utf8_before = utf8_before or not raw.isascii()
    except UNPACKING_ERRORS as reason:
        message = f"cannot be unpacked: {reason}"
        raise BadInput(message, where=Where(str(path), number + 1), cure=DOWNLOAD_AGAIN) from reason


def read_lines(path: Path) -> tuple[str, ...]:
    """Return the lines of a UTF-8 file, as `numbered_lines` does."""
    return tuple(line for _, line in numbered_lines(path))


def read_text(path: Path) -> str:
    """Return a UTF-8 file whole, without its byte order mark; line ends stay as they are.

    Raises BadInput with the line for other encodings, a NUL or an escape, and a damaged archive.
    """
    try:
        with opened(path) as stream:
            data = stream.read()
    except UNPACKING_ERRORS as reason:
        message = f"cannot be unpacked: {reason}"
        raise BadInput(message, where=Where(str(path)), cure=DOWNLOAD_AGAIN) from reason
    data = _without_mark(data, path)
    try:
        text = data.decode()
        starts = [len(text[:at].encode()) for at in map(text.find, NO_TEXT) if at >= 0]
        if not starts:
            return text
        start = min(starts)
    except UnicodeDecodeError as reason:
        start = reason.start
    line = data.count(b"\n", 0, start)
    begin = data.rfind(b"\n", 0, start) + 1
    sample = data[begin : begin + SAMPLE_BYTES]
    raise not_utf8(path, line + 1, sample, utf8_before=not data[:begin].isascii())


def refuse_other_text(actual: str, official: str | None, what: str) -> None:
    """Raise BadInput if a fingerprint is not the official set's; `what` names the text and its source.

    `official` is without the prefix `sha256:`; None, for a set without one, accepts any text.
    """
    if official and actual != f"sha256:{official}":
        raise BadInput(
            f"{what} has the fingerprint {actual}, the official set has sha256:{official}",
            cure="scores on another text are not comparable: compare it with a new download, "
            "since an editor, git or a spreadsheet may have changed it",
        )


def fingerprint(rows: Iterable[object]) -> str:
    """Return `sha256:` and the digest over one JSON line per row, in UTF-8 with non-ASCII unescaped."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update((json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass"))
    return f"sha256:{digest.hexdigest()}"


def _line(raw: bytes, number: int, path: Path, stream: IO[bytes], *, utf8_before: bool) -> str:
    if number == 1:
        raw = _without_mark(raw, path)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = NO_TEXT
    if any(char in text for char in NO_TEXT):
        raise not_utf8(path, number, raw + stream.read(SAMPLE_BYTES), utf8_before=utf8_before)
    line = text.removesuffix("\n").removesuffix("\r")
    if "\r" in line:
        raise bare_return(path, number, line, only=number == 1 and not raw.endswith(b"\n"))
    return line


def _without_mark(data: bytes, path: Path) -> bytes:
    if data.startswith(_MARK):
        note(path, "the byte order mark at its beginning is not read as text")
    return data.removeprefix(_MARK)
