"""NTREX's parallel documents as a test collection: no query finds its own translation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from harness.data.ir_collection import Collection, Document
from harness.data.ntrex import ParallelDocuments


@dataclass(frozen=True)
class CollectionWithoutTranslations(Collection):
    """Documents, and after them for each query its document without the query's translation.

    A query ranks that one in place of the whole document; those of other queries are not ranked for it.
    """

    whole_documents: int = 0

    @cached_property
    def ignored(self) -> Sequence[tuple[int, int]]:
        """Return the indices of each query and the documents that are not ranked for it."""
        queries, first = len(self.queries), self.whole_documents
        number = {name: i for i, name in enumerate(self.documents)}
        own = [number[name.rpartition("#")[0]] for name in list(self.documents)[first:]]
        query, other = np.nonzero(~np.eye(queries, dtype=bool))
        pairs = np.stack([np.concatenate([np.arange(queries), query]), np.concatenate([own, first + other])])
        return pairs.T  # type: ignore[return-value]  # rows of an array, of which there are millions


def as_documents(examples: ParallelDocuments) -> Collection:
    """Return English sentences as queries for their documents in the other language; ids are line numbers.

    A document's chunks are its sentences. The document of query n without its translation is
    `<document>#n`.
    """
    sentences: dict[str, list[int]] = {}
    for line, name in enumerate(examples.documents):
        sentences.setdefault(name, []).append(line)
    documents = {name: _document(examples, lines) for name, lines in sentences.items()}
    whole = len(documents)
    queries: dict[str, str] = {}
    judgements: dict[str, dict[str, int]] = {}
    for line in examples.queries:
        name = examples.documents[line]
        reduced, query = f"{name}#{line + 1}", str(line + 1)
        queries[query] = examples.english[line]
        documents[reduced] = _document(examples, [other for other in sentences[name] if other != line])
        judgements[query] = {reduced: 1}
    pair = f"en-{examples.language}"
    return CollectionWithoutTranslations(
        pair, queries, documents, judgements, 0, examples.source, cut=_sentences, whole_documents=whole
    )


def _document(examples: ParallelDocuments, lines: Sequence[int]) -> Document:
    return Document("", "\n".join(examples.foreign[line] for line in lines))


def _sentences(document: Document) -> tuple[str, ...]:
    return tuple(document.text.split("\n"))
