"""Read UTF-8 text by lines, and name a text by its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from harness.errors import BadInput, Where


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file; raises BadInput with the line of the first byte that is none."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as reason:
        line = data[: reason.start].count(b"\n") + 1
        raise BadInput(f"byte {data[reason.start]:#04x} is not UTF-8", where=Where(str(path), line), cure="download it again") from reason


def read_lines(path: Path) -> tuple[str, ...]:
    """Return the lines of a UTF-8 file; only a newline ends one (other line separators belong to the text)."""
    lines = read_text(path).split("\n")
    return tuple(lines[:-1] if lines[-1] == "" else lines)


def fingerprint(rows: Iterable[object]) -> str:
    """Return sha256 over one JSON line a row, UTF-8, non-ASCII unescaped; where the rows came from does not enter."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update((json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass"))
    return f"sha256:{digest.hexdigest()}"
