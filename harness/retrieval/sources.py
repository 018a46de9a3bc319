"""What is searched, and runs of others over it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from harness.catalog import BY_NAME, conventions
from harness.catalog.lookup import language_named
from harness.data import find_own_target, load_examples
from harness.data.document_collection import CollectionWithoutTranslations, as_documents
from harness.data.ir_collection import Collection
from harness.data.lareqa import Questions
from harness.data.ntrex import ParallelDocuments
from harness.data.question_collection import as_collection
from harness.errors import BadInput, WrongUsage
from harness.evaluation.run import Options
from harness.kinds.search.term_scores import TermIndex
from harness.kinds.search.terms import WORDS, Terms, terms_of
from harness.records import Signature, Target
from harness.reporter import Reporter
from harness.retrieval.ranked_run import RankedRun, file_digest, read_run

_LONGEST_TAG = 80


SENTENCES = "c512"
"""In a signature: documents are cut at sentence ends, at most 512 characters a chunk."""


class _Ignored(Mapping[str, set[str]]):
    """The documents that are not ranked for a query, collected when the query is asked for."""

    def __init__(self, collection: Collection) -> None:
        pairs = np.array(collection.ignored, dtype=np.int64).reshape(-1, 2)
        pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
        self._queries = {name: number for number, name in enumerate(collection.queries)}
        self._names, self._documents = list(collection.documents), pairs[:, 1]
        self._starts = np.searchsorted(pairs[:, 0], np.arange(len(self._queries) + 1))

    def __getitem__(self, query: str) -> set[str]:
        number = self._queries[query]
        part = self._documents[self._starts[number] : self._starts[number + 1]]
        return {self._names[document] for document in part}

    def __iter__(self) -> Iterator[str]:
        return iter(self._queries)

    def __len__(self) -> int:
        return len(self._queries)


@dataclass(frozen=True)
class Searched:
    """A collection, the target by whose protocol it is scored, and how its texts are cut into terms."""

    collection: Collection
    target: Target
    kind_of_terms: str = WORDS

    @property
    def protocol(self) -> Signature:
        """Return what all signatures share; what is said of a system follows the collection's options."""
        return replace(self.target.signature, options=conventions(self.target))

    @property
    def has_single_sentences(self) -> bool:
        """Tell whether single sentences are searched, as LAReQA does, which also has a measure of its own."""
        return self.target.kind == "question_retrieval"

    @cached_property
    def ignored(self) -> Mapping[str, set[str]]:
        """Return the documents that are not ranked for a query."""
        return _Ignored(self.collection)

    @property
    def chunks_are(self) -> str:
        """Return what a signature says of chunks that a collection cuts itself."""
        return "sentences" if isinstance(self.collection, CollectionWithoutTranslations) else SENTENCES

    @property
    def query_terms(self) -> Terms:
        """Return what cuts queries into terms, by their language."""
        return terms_of(self.kind_of_terms, self.collection.pair.partition("-")[0])[0]

    @property
    def document_terms(self) -> tuple[Terms, str]:
        """Return what cuts documents into terms, and how a signature names it."""
        return terms_of(self.kind_of_terms, self.collection.pair.partition("-")[2])

    @cached_property
    def index(self) -> TermIndex:
        """Return the terms of all documents."""
        cut, _ = self.document_terms
        return TermIndex.of((document.whole for document in self.collection.documents.values()), cut)


def open_collection(place: Path, part: str | None, options: Options) -> tuple[Collection, Target]:
    """Return the collection, and the target by whose protocol it is scored.

    `place` is the folder of a test collection, or the name of a target with questions and answers, or with
    parallel documents; `part` says which pair of a folder, or which language of a target. Raises BadInput and
    WrongUsage for anything else.
    """
    if (target := BY_NAME.get(str(place))) is not None:
        if target.kind == "clir":
            return as_documents(_documents(target, part, options)), target
        return as_collection(_questions(target, part, options)), target
    return _own_collection(place, part, options)


def _documents(target: Target, language: str | None, options: Options) -> ParallelDocuments:
    """Return the parallel documents of a language, which has to be named."""
    if language is None:
        raise WrongUsage(
            f"{target.name} has {len(target.languages)} languages",
            cure=f"-l {' or -l '.join(target.languages)}",
        )
    examples = load_examples(target, language_named(language, target.languages, target.name), options.data)
    assert isinstance(examples, ParallelDocuments)
    return examples.first(options.limit) if options.limit else examples


def _questions(target: Target, language: str | None, options: Options) -> list[Questions]:
    """Return the questions of a language, or of all, of a target that has questions and answers."""
    if target.kind != "question_retrieval":
        kinds = ("question_retrieval", "clir")
        searched = [name for name, other in BY_NAME.items() if other.kind in kinds]
        raise WrongUsage(
            f"{target.name} is no collection that is searched",
            cure=f"the folder of a test collection, or {', '.join(searched)}",
        )
    if language is not None:
        language = language_named(language, target.languages, target.name)
    examples = [
        load_examples(target, code, options.data) for code in target.languages if language in (None, code)
    ]
    questions = [part for part in examples if isinstance(part, Questions)]
    return [part.first(options.limit) for part in questions] if options.limit else questions


def _own_collection(folder: Path, part: str | None, options: Options) -> tuple[Collection, Target]:
    if not folder.is_dir():
        raise BadInput(
            f"{folder} is no folder",
            cure="name the folder of a test collection, or a target such as xquad_r with --data DIR",
        )
    target = find_own_target(
        f"clir.{_target_name(folder)}",
        folder,
        ignore_identical_ids=options.ignore_identical_ids,
        all_judged=options.all_judged,
    )
    pairs = target.languages
    if part is None and len(pairs) > 1:
        raise WrongUsage(f"{folder} holds {len(pairs)} collections", cure=f"-l {' or -l '.join(pairs)}")
    collection = load_examples(target, part or pairs[0], folder)
    assert isinstance(collection, Collection)
    return collection.first(options.limit) if options.limit else collection, target


def _target_name(folder: Path) -> str:
    """Return the name of the collection: of its folder, or of the folder above where that is a pair."""
    folder = folder.resolve()
    name = folder.parent.name if re.fullmatch(r"[a-z]{2,3}-[a-z]{2,3}", folder.name) else folder.name
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "collection"


def read_other_run(path: Path, searched: Searched, reporter: Reporter) -> RankedRun:
    """Read a run over the collection; raises BadInput where it shares no query or no document with it."""
    collection, ignored = searched.collection, searched.ignored
    rankings = {
        query: ranking.without(ignored.get(query, set())) for query, ranking in read_run(path).items()
    }
    documents = {name for ranking in rankings.values() for name in ranking.documents}
    for what, own, ranked in (
        ("judged query", set(collection.queries), set(rankings)),
        ("document", set(collection.documents), documents),
    ):
        if own.isdisjoint(ranked):
            raise BadInput(
                f"{path} has no {what} of {collection.path}",
                cure="take a run over this collection, with its ids",
            )
    missing = len(collection.queries.keys() - rankings.keys())
    unknown = len(documents - collection.documents.keys())
    if missing or unknown:
        reporter.report(
            f"{path}: {missing:,} judged queries have no ranking and count as 0; {unknown:,} of its "
            f"{len(documents):,} documents are not in the collection and count as not relevant"
        )
    name = _tag(re.sub(r"(\.(gz|trec|run|txt))+$", "", path.name))
    return RankedRun(name, (f"run={file_digest(path)}",), rankings)


def _tag(name: str) -> str:
    """Return a file's name as the name of a run, which the format and signatures can hold."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:_LONGEST_TAG].strip("-") or "run"
