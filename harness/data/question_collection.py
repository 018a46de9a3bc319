"""LAReQA's questions as a test collection: every question is a query for its answers in all languages."""

from __future__ import annotations

from collections.abc import Sequence

from harness.data.ir_collection import Collection, Document
from harness.data.lareqa import NO_ANSWER, Questions

ALL = "all"
"""In place of a language: questions, or candidates, of every language."""


def as_collection(parts: Sequence[Questions]) -> Collection:
    """Return the questions of one language or of several over their pool; ids are `<language>.<number>`.

    A candidate is a document of one chunk, and its number that within its language.
    """
    pool = parts[0].pool
    ends = (*pool.starts[1:], len(pool.sentences))
    names = [
        f"{language}.{number}"
        for language, start, end in zip(pool.languages, pool.starts, ends, strict=True)
        for number in range(end - start)
    ]
    queries: dict[str, str] = {}
    judgements: dict[str, dict[str, int]] = {}
    for part in parts:
        for number, (text, answers) in enumerate(zip(part.questions, part.relevant, strict=True)):
            query = f"{part.language}.{number}"
            queries[query] = text
            judgements[query] = {names[answer]: 1 for answer in answers if answer != NO_ANSWER}
    documents = {name: Document("", text) for name, text in zip(names, pool.sentences, strict=True)}
    language = parts[0].language if len(parts) == 1 else ALL
    source = parts[0].source if len(parts) == 1 else f"{len(parts)} languages, such as {parts[0].source}"
    return Collection(f"{language}-{ALL}", queries, documents, judgements, 0, source, cut=_whole)


def _whole(document: Document) -> tuple[str, ...]:
    return (document.whole,)
