"""Test collections over a language pair, in BEIR's or TREC's formats.

A collection is queries, documents in chunks, and graded relevance judgements.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path

from harness.data import beir, trec
from harness.data.chunking import chunks
from harness.data.raw_files import entries, find, is_folder
from harness.data.reading_notes import note
from harness.data.text_encoding import CORRECT
from harness.data.text_files import fingerprint
from harness.data.trec import Judgements, Row
from harness.errors import BadInput, Where
from harness.records import TextRole

_LANGUAGE = r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*"
_PAIR = re.compile(rf"(?=.{{5,24}}\Z){_LANGUAGE}-{_LANGUAGE}")  # a result stores at most 24 characters
_NAMING = "name the folder <query language>-<document language>, at most 24 characters, for instance de-en"
_LAYOUTS = (
    "corpus.jsonl, queries.jsonl and qrels/test.tsv (BEIR), "
    "or topics*, documents* and qrels* (TREC), plain or .gz"
)


@dataclass(frozen=True)
class Document:
    """A document as its file has it; either part may be empty."""

    title: str
    text: str

    @property
    def whole(self) -> str:
        """Return title and text as one text."""
        return f"{self.title} {self.text}".strip()


def cut_at_sentences(document: Document) -> tuple[str, ...]:
    """Return the chunks of a document, cut at sentence ends; one or more."""
    return chunks(document.title, document.text)


@dataclass(frozen=True)
class Collection:
    """Queries and documents by id, in file order, and the grade of each relevant document by query.

    `pair` is `<query language>-<document language>`. With `all_judged` all judged queries are there, also
    those without a relevant document, else those with one; `unscored_queries` counts the others. With
    `ignore_identical_ids` a document is not ranked for the query of the same id. `cut` makes chunks of a
    document.
    """

    pair: str
    queries: Mapping[str, str]
    documents: Mapping[str, Document]
    judgements: Mapping[str, Mapping[str, int]]
    unscored_queries: int
    path: str
    ignore_identical_ids: bool = False
    all_judged: bool = False
    cut: Callable[[Document], tuple[str, ...]] = cut_at_sentences

    @property
    def remarks(self) -> str:
        """Return the numbers of queries without relevant documents and of documents without text, or nothing.

        Official collections contain some empty records; a ranking covers these too.
        """
        empty = sum(not document.whole for document in self.documents.values())
        nothing_relevant = sum(not grades for grades in self.judgements.values())
        lack = "judgements" if self.all_judged else "a relevant document"
        remarks = (
            f"{nothing_relevant} judged queries without a relevant document count as 0"
            if nothing_relevant
            else "",
            f"{self.unscored_queries} queries without {lack} left out" if self.unscored_queries else "",
            f"{empty} documents without a text" if empty else "",
        )
        return ", ".join(filter(None, remarks))

    @property
    def source(self) -> str:
        """Return the path with the remarks."""
        return f"{self.path} ({self.remarks})" if self.remarks else self.path

    @cached_property
    def fingerprint(self) -> str:
        """Return sha256 over all that affects a score: not the format, the path or the unscored queries."""
        queries = (["query", *row] for row in self.queries.items())
        documents = (
            ["document", name, document.title, document.text] for name, document in self.documents.items()
        )
        grades = (
            ["judgement", query, *row] for query, graded in self.judgements.items() for row in graded.items()
        )
        return fingerprint(chain(queries, documents, grades))

    @cached_property
    def chunks(self) -> tuple[tuple[str, ...], ...]:
        """Return the chunks of each document, at least one per document."""
        return tuple(map(self.cut, self.documents.values()))

    @cached_property
    def sides(self) -> Mapping[str, Sequence[str]]:
        """Return queries, whole documents and their chunks."""
        return {
            f"queries of {self.pair}": tuple(self.queries.values()),
            f"documents of {self.pair}": tuple(document.whole for document in self.documents.values()),
            f"chunks of {self.pair}": tuple(chain(*self.chunks)),
        }

    @property
    def languages(self) -> Mapping[str, str | Sequence[str]]:
        """Return the languages of queries and documents, which the pair names, or the same for both."""
        queries, _, documents = self.pair.partition("-")
        return dict.fromkeys(self.sides, documents or queries) | {next(iter(self.sides)): queries}

    @property
    def roles(self) -> Mapping[str, tuple[TextRole, ...]]:
        """Return that documents and their chunks are passages."""
        queries, *passages = self.sides
        return {queries: (TextRole.QUERY,), **dict.fromkeys(passages, (TextRole.PASSAGE,))}

    @cached_property
    def ignored(self) -> Sequence[tuple[int, int]]:
        """Return the indices of each query and the document that is not ranked for it.

        In some collections, such as ArguAna, the queries are documents themselves and would find themselves
        first. A document that is judged relevant is never ignored: there, equal ids are a coincidence.
        """
        if not self.ignore_identical_ids:
            return ()
        order = {name: number for number, name in enumerate(self.documents)}
        return tuple(
            (number, order[name])
            for number, name in enumerate(self.queries)
            if name in order and name not in self.judgements[name]
        )

    def __len__(self) -> int:
        """Count the queries that are scored."""
        return len(self.queries)

    def first(self, n: int) -> Collection:
        """Return the first n queries, with their relevant documents and the first n others."""
        queries = dict(list(self.queries.items())[:n])
        relevant = {document for query in queries for document in self.judgements[query]}
        others = [name for name in self.documents if name not in relevant][:n]
        selected = relevant | set(others)
        documents = {name: document for name, document in self.documents.items() if name in selected}
        return replace(
            self,
            queries=queries,
            documents=documents,
            judgements={query: self.judgements[query] for query in queries},
        )


# ---- folders -----------------------------------------------------------------------------------


def collection_pairs(folder: Path) -> tuple[str, ...]:
    """Return the language pairs of a folder: its sorted subfolders, or itself if it holds a collection.

    A pair is named like `de-en`. Raises BadInput for a collection under a name that a result cannot store;
    subfolders without a collection are ignored.
    """
    if _holds_collection(folder):
        return (_pair(folder, folder.resolve().name),)
    subfolders = [path for path in entries(folder) if not _hidden(path) and is_folder(path)]
    pairs = [
        _pair(subfolder, subfolder.name)
        for subfolder in subfolders
        if _PAIR.fullmatch(subfolder.name) or _holds_collection(subfolder)
    ]
    if not pairs:
        raise BadInput(
            f"{folder} holds no test collection",
            cure="put one folder per language pair into it, "
            f"named <query language>-<document language>, with {_LAYOUTS}",
        )
    return tuple(pairs)


def is_pair(name: str) -> bool:
    """Tell whether a folder of this name can hold a collection: `<query language>-<document language>`."""
    return bool(_PAIR.fullmatch(name))


def is_beir(folder: Path) -> bool:
    """Tell whether a folder, or one of its subfolders, holds a collection in BEIR's layout."""
    return any(find(path / "corpus.jsonl") for path in (folder, *filter(is_folder, entries(folder))))


def load_collection(pair: str, folder: Path, *, all_judged: bool = True) -> Collection:
    """Read the collection of a language pair from `folder/pair`, or from `folder` itself.

    Without `all_judged` judged queries without a relevant document are left out. Raises BadInput, with the
    line, for missing or malformed parts.
    """
    path = folder / pair if is_folder(folder / pair) else folder
    read = _read_beir if find(path / "corpus.jsonl") else _read_trec
    queries, documents, judged = read(path)
    if not any(document.whole for document in documents.values()):
        raise BadInput(
            "no document has a text",
            where=Where(str(path)),
            cure="the text belongs in `text`, <TEXT> or the second column",
        )
    scored = {name: text for name, text in queries.items() if name in judged and (all_judged or judged[name])}
    if not any(judged.values()):
        raise BadInput(
            "no query has a relevant document",
            where=Where(str(path)),
            cure="take all files of one collection",
        )
    order = {name: number for number, name in enumerate(documents)}
    grades = {query: dict(sorted(judged[query].items(), key=lambda row: order[row[0]])) for query in scored}
    collection = Collection(
        pair, scored, documents, grades, len(queries) - len(scored), str(path), all_judged=all_judged
    )
    if collection.remarks:
        note(path, collection.remarks)
    return collection


def _pair(folder: Path, name: str) -> str:
    if not _PAIR.fullmatch(name):
        raise BadInput(f"{folder} holds a test collection, but its name is not a language pair", cure=_NAMING)
    return name


def _holds_collection(folder: Path) -> bool:
    return bool(find(folder / "corpus.jsonl") or _trec_files(folder, "documents"))


def _read_beir(folder: Path) -> tuple[dict[str, str], dict[str, Document], Judgements]:
    paths = []
    for name in ("queries.jsonl", "corpus.jsonl", "qrels/test.tsv"):
        path = find(folder / name)
        if path is None:
            raise BadInput(f"{name} is missing in {folder}", cure=f"a collection is {_LAYOUTS}")
        paths.append(path)
    queries, empty = _queries(beir.read_queries(paths[0]), paths[0])
    documents = _documents(beir.read_documents(paths[1]), paths[1])
    judged = trec.judgements(beir.read_qrels(paths[2]), paths[2], queries, documents)
    _refuse_scored_without_text(judged, empty)
    return queries, documents, judged


def _read_trec(folder: Path) -> tuple[dict[str, str], dict[str, Document], Judgements]:
    single = {}
    for stem in ("topics", "qrels"):
        paths = _trec_files(folder, stem)
        if len(paths) != 1:
            names = ", ".join(path.name for path in paths) or "none"
            raise BadInput(
                f"{folder} must hold one file {stem}*, found {names}", cure=f"a collection is {_LAYOUTS}"
            )
        single[stem] = paths[0]
    parts = _trec_files(folder, "documents")
    if not parts:
        raise BadInput(f"{folder} holds no file documents*", cure=f"a collection is {_LAYOUTS}")
    queries, empty_queries = _queries(trec.read_topics(single["topics"]), single["topics"])
    documents: dict[str, Document] = {}
    empty: dict[str, Path] = {}
    for path in parts:
        additions = _documents(trec.read_documents(path), path, documents)
        if not additions:
            raise BadInput(
                "holds no document",
                where=Where(str(path)),
                cure="a document is <DOC> … </DOC>, or an id, a tab and a text",
            )
        documents |= additions
        empty |= {name: path for name, document in additions.items() if not document.whole}
    judged = trec.judgements(trec.read_qrels(single["qrels"]), single["qrels"], queries, documents)
    _refuse_scored_without_text(judged, empty_queries)
    if len(empty) < len(documents):
        _refuse_relevant_without_text(judged, empty)
    return queries, documents, judged


def _refuse_relevant_without_text(judged: Judgements, empty: Mapping[str, Path]) -> None:
    """Refuse relevant documents without text: an assessor has read them, so the text must be elsewhere.

    Empty records that are not relevant to any query are common in official collections.
    """
    for query, grades in judged.items():
        for name in grades:
            if name in empty:
                message = f"document {name!r} has no text, but is relevant to query {query!r}"
                raise BadInput(
                    message,
                    where=Where(str(empty[name])),
                    cure="put its text into <TEXT>, or remove the judgement",
                )


def _refuse_scored_without_text(judged: Judgements, empty: Mapping[str, Where]) -> None:
    """Refuse queries without text that have a relevant document; others are not scored anyway."""
    for name, where in empty.items():
        if judged.get(name):
            raise BadInput(
                f"query {name!r} has no text, but a relevant document",
                where=where,
                cure="write its text, or remove its judgements",
            )


def _trec_files(folder: Path, stem: str) -> list[Path]:
    """Return, sorted, the files whose names begin with the stem and all files in folders of such a name."""
    return [path for entry in entries(folder) if entry.name.startswith(stem) for path in _all_files(entry)]


def _all_files(path: Path) -> Iterator[Path]:
    """Yield a file, or all files of a folder and its subfolders, sorted; BadInput for anything else."""
    if is_folder(path):
        for entry in entries(path):
            if not _hidden(entry):
                yield from _all_files(entry)
    else:
        find(path)
        yield path


def _hidden(path: Path) -> bool:
    """Return whether it is a dot file, such as .DS_Store, that a system or an editor left behind."""
    return path.name.startswith(".")


# ---- records -----------------------------------------------------------------------------------


def _queries(rows: Iterable[Row], path: Path) -> tuple[dict[str, str], dict[str, Where]]:
    """Return the queries by id, and the places of those without text."""
    queries: dict[str, str] = {}
    empty: dict[str, Where] = {}
    for line, name, text in rows:
        if name in queries:
            raise _malformed(path, line, f"query {name!r} occurs twice")
        if not text:
            empty[name] = Where(str(path), line)
        queries[name] = text
    return queries, empty


def _documents(
    rows: Iterable[tuple[int, str, str, str]], path: Path, earlier: Mapping[str, Document] | None = None
) -> dict[str, Document]:
    documents: dict[str, Document] = {}
    for line, name, title, text in rows:
        if name in documents or name in (earlier or {}):
            raise _malformed(path, line, f"document {name!r} occurs twice")
        documents[name] = Document(title, text)
    return documents


def _malformed(path: Path, line: int, message: str) -> BadInput:
    return BadInput(message, where=Where(str(path), line), cure=CORRECT)
