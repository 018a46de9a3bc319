"""Test collections over a language pair: queries, documents in chunks, and graded judgements, in BEIR's or TREC's formats."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path

from harness.data import trec
from harness.data.chunking import chunks
from harness.data.text_files import fingerprint, numbered_lines
from harness.data.trec import Judged, Judgements, Row
from harness.errors import BadInput, Where

_LANGUAGE = r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*"
_PAIR = re.compile(rf"(?=.{{5,24}}\Z){_LANGUAGE}-{_LANGUAGE}")  # a result keeps at most 24 characters
_NAMING = "name the folder <query language>-<document language>, at most 24 characters, for instance de-en"
_LAYOUTS = "corpus.jsonl, queries.jsonl and qrels/test.tsv (BEIR), or topics*, documents* and qrels* (TREC), plain or .gz"
# JSON can spell halves of characters, which no encoder takes.
_HALF = re.compile("[\ud800-\udfff]")
_HEADER = ["query-id", "corpus-id", "score"]


@dataclass(frozen=True)
class Document:
    """A document as it was found; either part may be empty."""

    title: str
    text: str

    @property
    def whole(self) -> str:
        """Return title and text as one text."""
        return f"{self.title} {self.text}".strip()


@dataclass(frozen=True)
class Collection:
    """Queries and documents by id, in the order of the files, and the grade of each relevant document by query.

    `pair` is `<query language>-<document language>`. Every query has a relevant document: those without,
    which have no average precision, were left out, and `left_out` counts them.
    """

    pair: str
    queries: Mapping[str, str]
    documents: Mapping[str, Document]
    judgements: Mapping[str, Mapping[str, int]]
    left_out: int
    place: str

    @property
    def source(self) -> str:
        """Say where it was read, how many queries are not scored, and how many documents have no text.

        Official collections hold some empty records; they stay, because a ranking is over all documents.
        """
        empty = sum(not document.whole for document in self.documents.values())
        notes = (
            f"{self.left_out} queries without a relevant document left out" if self.left_out else "",
            f"{empty} documents without a text" if empty else "",
        )
        return f"{self.place} ({', '.join(filter(None, notes))})" if any(notes) else self.place

    @cached_property
    def fingerprint(self) -> str:
        """Return sha256 over all that can change a score; format, place and unscored queries do not enter."""
        queries = (["query", *row] for row in self.queries.items())
        documents = (
            ["document", name, document.title, document.text] for name, document in self.documents.items()
        )
        grades = (
            ["judgement", query, *row] for query, found in self.judgements.items() for row in found.items()
        )
        return fingerprint(chain(queries, documents, grades))

    @cached_property
    def chunks(self) -> tuple[tuple[str, ...], ...]:
        """Return each document's chunks, at least one a document."""
        return tuple(chunks(document.title, document.text) for document in self.documents.values())

    @cached_property
    def sides(self) -> Mapping[str, Sequence[str]]:
        """Return queries, whole documents and their chunks."""
        return {
            f"queries of {self.pair}": tuple(self.queries.values()),
            f"documents of {self.pair}": tuple(document.whole for document in self.documents.values()),
            f"chunks of {self.pair}": tuple(chain(*self.chunks)),
        }

    def __len__(self) -> int:
        """Count the queries that are scored."""
        return len(self.queries)

    def first(self, n: int) -> Collection:
        """Return the first n queries among their relevant documents and the first n others."""
        queries = dict(list(self.queries.items())[:n])
        relevant = {document for query in queries for document in self.judgements[query]}
        others = [name for name in self.documents if name not in relevant][:n]
        kept = relevant | set(others)
        documents = {name: document for name, document in self.documents.items() if name in kept}
        return replace(
            self,
            queries=queries,
            documents=documents,
            judgements={query: self.judgements[query] for query in queries},
        )


# ---- folders -----------------------------------------------------------------------------------


def collection_pairs(folder: Path) -> tuple[str, ...]:
    """Return the language pairs of a folder: its subfolders named like `de-en`, sorted, or itself if it holds a collection.

    Raises BadInput for a collection under another name, which no result could keep; other subfolders are
    nobody's data.
    """
    if _holds_collection(folder):
        return (_pair(folder, folder.resolve().name),)
    places = (
        sorted(place for place in folder.iterdir() if place.is_dir() and not _hidden(place))
        if folder.is_dir()
        else []
    )
    found = [
        _pair(place, place.name)
        for place in places
        if _PAIR.fullmatch(place.name) or _holds_collection(place)
    ]
    if not found:
        raise BadInput(
            f"{folder} holds no test collection",
            cure=f"put one folder per language pair into it, named <query language>-<document language>, with {_LAYOUTS}",
        )
    return tuple(found)


def load_collection(pair: str, folder: Path) -> Collection:
    """Read the collection of a language pair from `folder/pair`, or from `folder` if that is the pair's own.

    Raises BadInput for what is missing or malformed, with its line.
    """
    place = folder / pair if (folder / pair).is_dir() else folder
    read = _read_beir if _beir(place, "corpus.jsonl") else _read_trec
    queries, documents, found = read(place)
    if not any(document.whole for document in documents.values()):
        raise BadInput(
            "no document has a text",
            where=Where(str(place)),
            cure="text stands in `text`, <TEXT> or the second column",
        )
    scored = {name: text for name, text in queries.items() if name in found}
    if not scored:
        raise BadInput(
            "no query has a relevant document",
            where=Where(str(place)),
            cure="take all files of one collection",
        )
    order = {name: number for number, name in enumerate(documents)}
    grades = {query: dict(sorted(found[query].items(), key=lambda row: order[row[0]])) for query in scored}
    return Collection(pair, scored, documents, grades, len(queries) - len(scored), str(place))


def _pair(folder: Path, name: str) -> str:
    if not _PAIR.fullmatch(name):
        raise BadInput(f"{folder} holds a test collection, but its name is no language pair", cure=_NAMING)
    return name


def _holds_collection(folder: Path) -> bool:
    return bool(_beir(folder, "corpus.jsonl") or _trec(folder, "documents"))


def _read_beir(folder: Path) -> tuple[dict[str, str], dict[str, Document], Judgements]:
    paths = []
    for name in ("queries.jsonl", "corpus.jsonl", "qrels/test.tsv"):
        path = _beir(folder, name)
        if path is None:
            raise BadInput(f"{name} is missing in {folder}", cure=f"a collection is {_LAYOUTS}")
        paths.append(path)
    queries = _queries(((line, name, text) for line, name, _, text in _objects(paths[0])), paths[0])
    documents = _documents(_objects(paths[1]), paths[1])
    return queries, documents, trec.judgements(_beir_qrels(paths[2]), paths[2], queries, documents)


def _read_trec(folder: Path) -> tuple[dict[str, str], dict[str, Document], Judgements]:
    single = {}
    for stem in ("topics", "qrels"):
        paths = _trec(folder, stem)
        if len(paths) != 1:
            names = ", ".join(path.name for path in paths) or "none"
            raise BadInput(
                f"{folder} must hold one file {stem}*, found {names}", cure=f"a collection is {_LAYOUTS}"
            )
        single[stem] = paths[0]
    parts = _trec(folder, "documents")
    if not parts:
        raise BadInput(f"{folder} holds no file documents*", cure=f"a collection is {_LAYOUTS}")
    queries = _queries(trec.read_topics(single["topics"]), single["topics"])
    documents: dict[str, Document] = {}
    empty: dict[str, Path] = {}
    for path in parts:
        found = _documents(trec.read_documents(path), path, documents)
        if not found:
            raise BadInput(
                "holds no document",
                where=Where(str(path)),
                cure="a document is <DOC> … </DOC>, or an id, a tab and a text",
            )
        documents |= found
        empty |= {name: path for name, document in found.items() if not document.whole}
    judged = trec.judgements(trec.read_qrels(single["qrels"]), single["qrels"], queries, documents)
    if len(empty) < len(documents):
        _refuse_lost(judged, empty)
    return queries, documents, judged


def _refuse_lost(judged: Judgements, empty: Mapping[str, Path]) -> None:
    """Refuse a relevant document without a text: somebody has read it, so its text stands where it was not looked for.

    Empty records that nobody found relevant are common in official collections.
    """
    for query, grades in judged.items():
        for name in grades:
            if name in empty:
                message = f"document {name!r} has no text, but is relevant to query {query!r}"
                raise BadInput(
                    message,
                    where=Where(str(empty[name])),
                    cure="put its text into <TEXT>, or take the judgement out",
                )


def _beir(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _trec(folder: Path, stem: str) -> list[Path]:
    """Return the files whose names begin with the stem, and all files in folders of such a name, sorted."""
    places = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for place in places if place.name.startswith(stem) for path in _files(place)]


def _files(place: Path) -> Iterator[Path]:
    """Yield a file, or those of a folder and its subfolders, sorted; what cannot be read is an error, never left out."""
    if place.is_dir():
        for entry in sorted(place.iterdir()):
            if not _hidden(entry):
                yield from _files(entry)
    elif place.is_file():
        yield place
    else:
        raise BadInput(
            "is neither a file nor a folder", where=Where(str(place)), cure="mend the link, or take it away"
        )


def _hidden(place: Path) -> bool:
    """Tell dot files, such as .DS_Store, which systems and editors leave behind."""
    return place.name.startswith(".")


# ---- records -----------------------------------------------------------------------------------


def _objects(path: Path) -> Iterator[tuple[int, str, str, str]]:
    """Yield line, id, title and text of BEIR's objects, one a line."""
    for number, line in numbered_lines(path):
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as reason:
            raise _malformed(path, number, f"not JSON: {reason}") from None
        if not isinstance(found, dict):
            raise _malformed(path, number, "expected an object")
        name, title, text = (_text(found, key, path, number) for key in ("_id", "title", "text"))
        if not name.strip():
            raise _malformed(path, number, "'_id' is empty")
        yield number, name, title.strip(), text.strip()


def _text(found: Mapping[str, object], key: str, path: Path, line: int) -> str:
    value = found.get(key)
    if value is None and key == "title":
        return ""
    if not isinstance(value, str):
        raise _malformed(path, line, f"{key!r} is {'missing' if value is None else 'no text'}")
    if _HALF.search(value):
        raise _malformed(path, line, f"{key!r} holds half a character (a lone surrogate)")
    return value


def _beir_qrels(path: Path) -> Iterator[Judged]:
    for number, line in numbered_lines(path):
        fields = line.split("\t")
        if number == 1:
            if fields != _HEADER:
                raise _malformed(path, 1, "expected the header `query-id corpus-id score`, parted by tabs")
        elif len(fields) != 3:
            raise _malformed(
                path, number, f"expected query-id, corpus-id and score, found {len(fields)} columns"
            )
        else:
            yield number, fields[0], fields[1], fields[2]


def _queries(rows: Iterable[Row], path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for line, name, text in rows:
        if name in found:
            raise _malformed(path, line, f"query {name!r} stands for a second time")
        if not text:
            raise _malformed(path, line, f"query {name!r} has no text")
        found[name] = text
    return found


def _documents(
    rows: Iterable[tuple[int, str, str, str]], path: Path, others: Mapping[str, Document] | None = None
) -> dict[str, Document]:
    found: dict[str, Document] = {}
    for line, name, title, text in rows:
        if name in found or name in (others or {}):
            raise _malformed(path, line, f"document {name!r} stands for a second time")
        found[name] = Document(title, text)
    return found


def _malformed(path: Path, line: int, message: str) -> BadInput:
    return BadInput(message, where=Where(str(path), line), cure="correct the line, or get the file again")
