"""NTREX-128: parallel news text, as pairs of sentences, and as documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from harness.catalog.ntrex_files import NTREX_FILES
from harness.data.bitext import Bitext
from harness.data.raw_files import find, is_folder
from harness.data.text_files import fingerprint, read_lines
from harness.errors import BadInput, Where
from harness.records import TextRole

_CURE = "get MicrosoftTranslator/NTREX from GitHub and give --data DIR, which reads DIR/ntrex"


@dataclass(frozen=True)
class ParallelDocuments:
    """Documents in English and one other language: foreign[i] ↔ english[i], both in document documents[i].

    The sentences of a document are contiguous. A query is a sentence of one language; it is to retrieve its
    document in the other language, from which the query's translation is removed. Only the first `limit`
    queries are used.
    """

    language: str
    foreign: tuple[str, ...]
    english: tuple[str, ...]
    documents: tuple[str, ...]
    source: str
    limit: int | None = None

    @cached_property
    def fingerprint(self) -> str:
        """Return sha256 over document id, foreign and English sentence of each line, without the source."""
        return fingerprint(zip(self.documents, self.foreign, self.english, strict=True))

    @property
    def sides(self) -> Mapping[str, Sequence[str]]:
        """Return both sides; the sentences are the queries of one direction and the chunks of the other."""
        return {f"{self.language} side": self.foreign, "en side": self.english}

    @property
    def languages(self) -> Mapping[str, str | Sequence[str]]:
        """Return the languages of both sides."""
        return dict(zip(self.sides, (self.language, "en"), strict=True))

    @property
    def roles(self) -> Mapping[str, tuple[TextRole, ...]]:
        """Return that each side is searched with queries of the other."""
        return dict.fromkeys(self.sides, (TextRole.QUERY, TextRole.PASSAGE))

    @cached_property
    def queries(self) -> tuple[int, ...]:
        """Return the line numbers, from 0, of the queries: the sentences of documents with more than one.

        A document of a single sentence would be empty for its only query, so that no system could retrieve
        it; it remains a candidate for all other queries.
        """
        size = Counter(self.documents)
        return tuple(line for line, document in enumerate(self.documents) if size[document] > 1)[: self.limit]

    def __len__(self) -> int:
        """Count the queries of one direction."""
        return len(self.queries)

    def first(self, n: int) -> ParallelDocuments:
        """Return the first n queries among the sentences of the first n documents."""
        selected = set(list(dict.fromkeys(self.documents))[:n])
        end = sum(document in selected for document in self.documents)
        return replace(
            self,
            foreign=self.foreign[:end],
            english=self.english[:end],
            documents=self.documents[:end],
            limit=n,
        )


def ntrex_docs(language: str, data: Path | None) -> ParallelDocuments:
    """Read NTREX-128 from `data/ntrex` or `data/ntrex_docs`: its files, or a clone of its repository."""
    if data is None:
        raise BadInput(
            "NTREX-128 is read from its files only: no data set on the Hub names the documents", cure=_CURE
        )
    folder = data / "ntrex"
    if not is_folder(folder) and is_folder(data / "ntrex_docs"):
        folder = data / "ntrex_docs"
    pairs = ntrex_bitext(language, folder)
    path = _find(folder, "DOCUMENT_IDS.tsv")
    documents = read_lines(path)
    _refuse_other_length(documents, path.name, pairs.english, folder)
    _refuse_scattered(documents, path)
    return ParallelDocuments(language, pairs.foreign, pairs.english, documents, str(folder))


def ntrex_bitext(language: str, folder: Path) -> Bitext:
    """Read one language of NTREX-128 with English from its files, or a clone of its repository."""
    reference = NTREX_FILES[language]
    name = f"newstest2019-{reference if reference.startswith('ref') else f'ref.{reference}'}.txt"
    foreign, english = _sentences(folder, name), _sentences(folder, "newstest2019-src.eng.txt")
    _refuse_other_length(foreign, name, english, folder)
    return Bitext(language, foreign, english, str(folder))


def _find(folder: Path, name: str) -> Path:
    for directory in (folder, folder / "NTREX-128"):
        if path := find(directory / name):
            return path
    raise BadInput(f"NTREX-128's {name} is not in {folder} or {folder / 'NTREX-128'}", cure=_CURE)


def _sentences(folder: Path, name: str) -> tuple[str, ...]:
    return read_lines(_find(folder, name))


def _refuse_other_length(lines: Sequence[str], name: str, english: Sequence[str], folder: Path) -> None:
    if len(lines) != len(english):
        message = f"{name} has {len(lines):,} lines, newstest2019-src.eng.txt has {len(english):,}"
        raise BadInput(message, where=Where(str(folder)), cure="take all files of one version")


def _refuse_scattered(documents: Sequence[str], path: Path) -> None:
    """Refuse lines without a document, and documents whose sentences are not contiguous."""
    seen: set[str] = set()
    for number, (document, previous) in enumerate(zip(documents, ("", *documents), strict=False), start=1):
        if not document:
            raise BadInput("expected the id of a document", where=Where(str(path), number), cure=_CURE)
        if document != previous and document in seen:
            message = f"document {document!r} continues after another document"
            raise BadInput(message, where=Where(str(path), number), cure="get the file again")
        seen.add(document)
