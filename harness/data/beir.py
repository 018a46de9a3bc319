"""Read queries, documents and judgements in BEIR's format: objects per line, and a table of judgements."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.data.delimited import tab_separated
from harness.data.json_files import json_lines, member, typed
from harness.data.text_encoding import CORRECT
from harness.data.trec import Judged, Row
from harness.errors import BadInput, Where

_HEADER = ["query-id", "corpus-id", "score"]


def read_queries(path: Path) -> Iterator[Row]:
    """Yield line, id and text of every query."""
    return ((line, name, text) for line, name, _, text in read_documents(path))


def read_documents(path: Path) -> Iterator[tuple[int, str, str, str]]:
    """Yield line, id, title and text of every document; a title may be missing."""
    for number, item in json_lines(path):
        where = Where(str(path), number)
        name, text = member(item, "_id", str, where), member(item, "text", str, where)
        title = item.get("title")
        title = "" if title is None else typed(title, str, where, "'title'")
        if not name.strip():
            raise BadInput("'_id' is empty", where=where, cure=CORRECT)
        yield number, name, title.strip(), text.strip()


def read_qrels(path: Path) -> Iterator[Judged]:
    """Yield line, query, document and grade of every line after the header."""
    for number, cells in tab_separated(path):
        where = Where(str(path), number)
        if number == 1:
            if cells != _HEADER:
                message = "expected the header `query-id corpus-id score`, separated by tabs"
                raise BadInput(message, where=where, cure="write it as the first line")
            continue
        if len(cells) != len(_HEADER):
            message = f"expected query-id, corpus-id and score, found {len(cells)} columns"
            raise BadInput(message, where=where, cure=CORRECT)
        query, document, grade = cells
        yield number, query, document, grade
