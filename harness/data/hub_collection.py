"""Test collections on the Hub: passages, queries and judgements, or questions next to their passages."""

from __future__ import annotations

import re
from typing import Any

from harness.data.hub import DAMAGED_ON_HUB, columns, load_rows
from harness.data.ir_collection import Collection, Document
from harness.errors import BadInput, Where
from harness.records import HubPassages, HubQuestions

_PAIR = re.compile(r"[a-z]{2,3}-[a-z]{2,3}")
_CURE = "choose a target whose text is available"


def whole(document: Document) -> tuple[str, ...]:
    """Return a passage as its only chunk."""
    return (document.whole,)


def passages_from_hub(language: str, hub: HubPassages) -> Collection:
    """Read the collection of a language, or pair of languages, whose three parts are configurations.

    Judged queries without a relevant passage are kept, others left out, as by trec_eval. Raises BadInput,
    with its row, for an id that occurs twice and for a judgement of an unknown query or passage.
    """
    documents = _documents(hub, hub.named(hub.passages, language))
    texts = _queries(hub, hub.named(hub.queries, language))
    name = hub.named(hub.judgements, language)
    rows, source = _rows(hub, name)
    grade_kind = type(rows[0]["score"]) if len(rows) else int
    kinds = {"query-id": str, "corpus-id": str, "score": grade_kind}
    grades: dict[str, dict[str, int]] = {}
    judged = columns(rows, source, kinds, cure=DAMAGED_ON_HUB)
    for number, (query, document, grade) in enumerate(zip(*judged, strict=True), start=1):
        if query not in texts or document not in documents:
            what = f"query {query!r}" if query not in texts else f"passage {document!r}"
            raise BadInput(
                f"{what} is judged, but is not there", where=Where(source, number), cure=DAMAGED_ON_HUB
            )
        relevant = grades.setdefault(query, {})
        if grade > 0:
            relevant[document] = int(grade)
    queries = {query: text for query, text in texts.items() if query in grades}
    return Collection(
        language if _PAIR.fullmatch(language) else language.partition("-")[0],
        queries,
        documents,
        {query: grades[query] for query in queries},
        len(texts) - len(queries),
        f"{hub.repository} {hub.code(language)}",
        all_judged=True,
        cut=whole,
    )


def questions_from_hub(language: str, hub: HubQuestions) -> Collection:
    """Read questions with the passage that answers each; equal questions are one, with all their passages."""
    name = hub.named(hub.configuration, language)
    rows, source = _rows(hub, name)
    kinds = dict.fromkeys((hub.question, hub.passage, hub.passage_id), str)
    documents: dict[str, Document] = {}
    queries: dict[str, str] = {}
    grades: dict[str, dict[str, int]] = {}
    for question, passage, link in zip(*columns(rows, source, kinds, cure=DAMAGED_ON_HUB), strict=True):
        documents.setdefault(link, Document("", passage))
        queries.setdefault(question, question)
        grades.setdefault(question, {})[link] = 1
    return Collection(
        language.partition("-")[0],
        queries,
        documents,
        grades,
        0,
        f"{hub.repository} {name}",
        all_judged=True,
        cut=whole,
    )


def _rows(hub: HubPassages | HubQuestions, name: str) -> tuple[Any, str]:
    rows = load_rows(hub.repository, name, hub.split, cure=_CURE, revision=hub.revision, or_only_split=True)
    return rows, f"{hub.repository} {name}"


def _documents(hub: HubPassages, name: str) -> dict[str, Document]:
    rows, source = _rows(hub, name)
    title = ("title",) if "title" in rows.column_names else ()
    ids, texts, *titles = columns(
        rows, source, dict.fromkeys((_id(rows), "text", *title), str), cure=DAMAGED_ON_HUB
    )
    _refuse_repeated(ids, source)
    parts = zip(titles[0] if titles else [""] * len(ids), texts, strict=True)
    return {
        name: Document((title or "").strip(), (text or "").strip())
        for name, (title, text) in zip(ids, parts, strict=True)
    }


def _queries(hub: HubPassages, name: str) -> dict[str, str]:
    rows, source = _rows(hub, name)
    ids, texts = columns(rows, source, dict.fromkeys((_id(rows), "text"), str), cure=DAMAGED_ON_HUB)
    _refuse_repeated(ids, source)
    return dict(zip(ids, (text or "" for text in texts), strict=True))


def _id(rows: Any) -> str:
    return "_id" if "_id" in rows.column_names else "id"


def _refuse_repeated(ids: list[str], source: str) -> None:
    seen: set[str] = set()
    for number, name in enumerate(ids, start=1):
        if name in seen:
            raise BadInput(f"the id {name!r} occurs twice", where=Where(source, number), cure=DAMAGED_ON_HUB)
        seen.add(name)
