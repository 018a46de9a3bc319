"""Read the translated queries that some collections bring, for searches in the language of the documents."""

from __future__ import annotations

from pathlib import Path

from harness.data import beir, trec
from harness.data.raw_files import find, is_folder
from harness.errors import BadInput

BEIR, TREC = "queries.translated.jsonl", "translated-topics"


def translated_queries(pair: str, folder: Path) -> dict[str, str]:
    """Return translated queries by id, from `folder/pair` or `folder`, in BEIR's or TREC's format.

    The file is `queries.translated.jsonl`, or one whose name begins with `translated-topics`. Raises BadInput
    where there is none, or several.
    """
    path = folder / pair if is_folder(folder / pair) else folder
    if file := find(path / BEIR):
        return {name: text for _, name, text in beir.read_queries(file)}
    files = sorted(path.glob(f"{TREC}*"))
    if len(files) != 1:
        names = ", ".join(file.name for file in files) or "none"
        raise BadInput(
            f"{path} must hold one file of translated queries, found {names}",
            cure=f"write {BEIR}, or {TREC}.txt, with the ids of the queries and their translated texts",
        )
    return {name: text for _, name, text in trec.read_topics(files[0])}
