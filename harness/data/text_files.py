"""Read UTF-8 text by lines, and fingerprint its content."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from harness.errors import BadInput, Where


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file; raises BadInput with the line of the first invalid byte."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as reason:
        line = data[: reason.start].count(b"\n") + 1
        raise BadInput(
            f"byte {data[reason.start]:#04x} is not UTF-8",
            where=Where(str(path), line),
            cure="download it again",
        ) from reason


def read_json(path: Path) -> Any:
    """Return the content of a JSON file; raises BadInput with the position of a syntax error."""
    try:
        return json.loads(read_text(path))
    except (ValueError, RecursionError) as reason:
        line, column = (
            (reason.lineno, reason.colno) if isinstance(reason, json.JSONDecodeError) else (None, None)
        )
        raise BadInput("not JSON", where=Where(str(path), line, column), cure="download it again") from reason


def refuse_other_text(actual: str, official: str | None, what: str) -> None:
    """Raise BadInput if a fingerprint is not the official set's; `what` names the text and its source.

    `official` is without the prefix `sha256:`; None, for a set without one, accepts any text.
    """
    if official and actual != f"sha256:{official}":
        raise BadInput(
            f"{what} has the fingerprint {actual}, the official set has sha256:{official}",
            cure="scores on another text are not comparable: take the official files unchanged",
        )


def read_lines(path: Path) -> tuple[str, ...]:
    """Return the lines of an official UTF-8 file; only a line feed ends a line, other separators are text.

    Nothing else is stripped, since the pinned fingerprints of the official sets depend on it; user-provided
    files are read by `numbered_lines`.
    """
    lines = read_text(path).split("\n")
    return tuple(lines[:-1] if lines[-1] == "" else lines)


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a user-provided UTF-8 file, numbered from 1; a file named .gz is decompressed.

    Editors differ in line endings and byte order marks, so both are stripped. Raises BadInput with the line
    of the first byte that is not UTF-8, and for a damaged archive.
    """
    number = 0
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            for number, raw in enumerate(stream, start=1):
                line = raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
                yield number, line.removeprefix("\ufeff") if number == 1 else line
    except UnicodeDecodeError as reason:
        message = f"byte {reason.object[reason.start]:#04x} is not UTF-8"
        raise BadInput(
            message, where=Where(str(path), number), cure="convert the file to UTF-8, for instance with iconv"
        ) from reason
    except (gzip.BadGzipFile, EOFError, zlib.error) as reason:
        raise BadInput(
            f"cannot be unpacked: {reason}", where=Where(str(path), number + 1), cure="download it again"
        ) from reason


def fingerprint(rows: Iterable[object]) -> str:
    """Return `sha256:` and the digest over one JSON line per row, in UTF-8 with non-ASCII unescaped."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update((json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass"))
    return f"sha256:{digest.hexdigest()}"
