"""A small test collection, in BEIR's and in TREC's format."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

QUERIES = {"q1": "Wo liegt die Fähre?", "q2": "Was kostet Brot & Salz?", "q3": "Wer sang?"}
DOCUMENTS = {
    "d1": ("The harbour", "The ferry lies at pier 3. It leaves at noon."),
    "d2": ("", "Bread & salt cost 2.50 < 3.00 today."),
    "d3": ("Songs", "The choir sang.\nNobody slept."),
    "d4": ("", ""),
}
JUDGED = [("q2", "d2", 2), ("q1", "d3", 1), ("q1", "d1", 3), ("q1", "d2", 0), ("q3", "d4", -1)]


def write_beir(folder: Path) -> Path:
    (folder / "qrels").mkdir(parents=True)
    corpus = [{"_id": name, "title": title, "text": text} for name, (title, text) in DOCUMENTS.items()]
    queries = [{"_id": name, "text": text, "metadata": {}} for name, text in QUERIES.items()]
    for name, rows in (("corpus", corpus), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    lines = [
        "query-id\tcorpus-id\tscore",
        *(f"{query}\t{document}\t{grade}" for query, document, grade in JUDGED),
    ]
    (folder / "qrels/test.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def write_trec(folder: Path) -> Path:
    folder.mkdir(parents=True)
    topics = [
        f"<top>\n<num> Number: {name}\n<title> {escaped(text)}\n\n<desc> Description:\nmore\n</top>\n"
        for name, text in QUERIES.items()
    ]
    (folder / "topics.txt").write_text("\n".join(topics), "utf-8")
    documents = [
        f"<DOC>\n<DOCNO> {name} </DOCNO>\n<TITLE>{escaped(title)}</TITLE>\n<TEXT>\n{escaped(text)}\n</TEXT>\n</DOC>\n"
        for name, (title, text) in DOCUMENTS.items()
    ]
    (folder / "documents").mkdir()
    (folder / "documents/a.sgml").write_text("".join(documents[:2]), "utf-8")
    (folder / "documents/b.sgml.gz").write_bytes(gzip.compress("".join(documents[2:]).encode()))
    (folder / "qrels.txt").write_text(
        "".join(f"{query} 0 {document} {grade}\n" for query, document, grade in JUDGED), "utf-8"
    )
    return folder
