"""Read topics, documents and judgements in TREC's formats: SGML, XML or two columns, plain or gzipped."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from harness.data.delimited import named_columns, tab_separated
from harness.data.sgml import Element, element, plain_text, records, without_elements
from harness.data.text_encoding import CORRECT
from harness.data.text_files import numbered_lines
from harness.errors import BadInput, Fault, Where

Judgements = dict[str, dict[str, int]]
Row = tuple[int, str, str]  # line, id, text
Judged = tuple[int, str, str, str]  # line, query, document, grade

# Ids end at these characters only, as for trec_eval; they may contain other spaces of Unicode.
ASCII_SPACE = " \t\n\r\f\v"

_MAX_FAULTS = 10
_ID_NAMES = ("id", "_id", "qid", "query_id", "query-id", "docid", "doc_id", "docno", "pid", "corpus-id")
_COLUMNS = {
    "id": _ID_NAMES,
    "text": ("text", "query", "title", "document", "passage", "contents", "body"),
}
_NUMBER = re.compile(
    r"<(?:\w\w-)?(?:num|number|identifier|qid|id)(?:\s[^<>]*)?>\s*(?:Number:)?\s*([^<\n]+)", re.IGNORECASE
)
_NUMBER_ATTRIBUTE = re.compile(r"\s(?:number|num|identifier|qid|id)\s*=\s*[\"']?([^\"'<>]+)", re.IGNORECASE)
_TOPIC_FIELDS = (
    "num|number|identifier|qid|id|title|query|question|desc|description|narr|narrative|smry|summary|con|"
    "concepts|fac|def|dom|head|nat|time"
)
_FIELD = rf"</?(?:\w\w-)?(?:{_TOPIC_FIELDS})(?:\s[^<>]*)?>"
# A field of a topic needs no end tag. It ends where the next one begins, or at a tag that begins a line; any
# other `<` is text.
_TITLE = re.compile(
    r"<(?:\w\w-)?(?:title|query)(?:\s[^<>]*)?>\s*(?:Topic:)?(.*?)"
    rf"(?={_FIELD}|\n\s*</?[a-z][\w-]*(?:\s[^<>]*)?>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_ANY_FIELD = re.compile(_FIELD, re.IGNORECASE)
_DOCNO = Element("DOCNO")
_TITLES = Element("TITLE", "HEADLINE", "TI")
_TEXT = Element("TEXT")
# Elements of a record that are not its text, even where no element says which is: ids, and what a web server
# said about a page.
_NO_TEXT = Element("DOCNO", "DOCID", "DOCOLDNO", "DOCHDR")


def read_topics(path: Path) -> Iterator[Row]:
    """Yield line, id and title of every topic.

    A topic is a `<top>` or `<topic>` record, or a line with an id, a tab and a text. Its id is in `<num>`,
    `<number>` or `<identifier>`, or an attribute; its title in `<title>` or `<query>`, or, without any field,
    the whole record. Raises BadInput for a file without a topic.
    """
    if not _is_markup(path):
        yield from _columns(path)
        return
    topics = 0
    for topics, (line, tag, body) in enumerate(records(path, ("top", "topic")), start=1):  # noqa: B007
        number = _NUMBER.search(body) or _NUMBER_ATTRIBUTE.search(tag)
        if number is None or not number[1].strip(ASCII_SPACE):
            raise _malformed(path, line, "the topic has no <num>, nor an attribute with its number")
        title, rest = _TITLE.search(body), _NUMBER.sub("", body)
        if title is None and (not rest.strip() or _ANY_FIELD.search(rest)):
            raise _malformed(path, line, "the topic has no <title> or <query>")
        text = title[1] if title else rest
        yield line, number[1].strip(ASCII_SPACE), " ".join(plain_text([text]).split())
    if not topics:
        raise BadInput(
            "holds no topic",
            where=Where(str(path)),
            cure="a topic is <top> … </top> or <topic> … </topic>, or an id, a tab and a text",
        )


def read_documents(path: Path) -> Iterator[tuple[int, str, str, str]]:
    """Yield line, id, title and text of every document.

    A document is a `<DOC>` record with `<DOCNO>` and `<TEXT>`, or a line with an id, a tab and a text.
    `<TITLE>`, `<HEADLINE>` or `<TI>` is the title; several `<TEXT>` are joined. Some collections have other
    elements for the text, such as SDA's `<LD>` and `<TX>`, or are web pages: of a record without `<TEXT>` all
    but ids, headers of servers and titles is text. Markup, styles and scripts are removed.
    """
    if not _is_markup(path):
        for line, name, text in _columns(path):
            yield line, name, "", text
        return
    for line, _, body in records(path, ("DOC",)):
        name = next(iter(element(body, _DOCNO)), "").strip(ASCII_SPACE)
        if not name:
            raise _malformed(path, line, "the document has no <DOCNO>")
        content = without_elements(body, _NO_TEXT)
        titles = element(content, _TITLES)
        texts = element(content, _TEXT) or [without_elements(content, _TITLES)]
        yield line, name, plain_text(titles), plain_text(texts)


def read_qrels(path: Path) -> Iterator[Judged]:
    """Yield line, query, document and grade of every line `qid 0 docid rel`, separated by white space."""
    for line, text in numbered_lines(path):
        fields = [field.decode() for field in text.encode().split()]  # bytes split at ASCII white space
        if len(fields) != 4:
            raise _malformed(path, line, f"expected `query 0 document grade`, found {len(fields)} fields")
        yield line, fields[0], fields[2], fields[3]


def read_run(path: Path) -> Iterator[tuple[int, str, str, float]]:
    """Yield line, query, document and score of every line `qid Q0 docid rank score tag` of a run.

    Neither rank nor order count: trec_eval orders by score. Raises BadInput for other lines, and for a score
    that is no number.
    """
    for line, text in numbered_lines(path):
        fields = [field.decode() for field in text.encode().split()]
        if len(fields) != 6:
            message = f"expected `query Q0 document rank score tag`, found {len(fields)} fields"
            raise _malformed(path, line, message)
        try:
            score = float(fields[4])
        except ValueError:
            raise _malformed(path, line, f"the score {fields[4]!r} is not a number") from None
        if not math.isfinite(score):
            raise _malformed(path, line, f"the score {fields[4]!r} is not a finite number")
        yield line, fields[0], fields[2], score


def judgements(
    rows: Iterable[Judged], path: Path, queries: Collection[str], documents: Collection[str]
) -> Judgements:
    """Return the grade of every relevant document by judged query, of which some may have none.

    A grade of 0 or less is not relevant. Raises BadInput for ids that are not in the collection, a grade that
    is not a whole number, and a pair that is judged twice.
    """
    judged: Judgements = {}
    seen: set[tuple[str, str]] = set()
    faults: list[Fault] = []
    for line, query, document, grade in rows:
        where = Where(str(path), line)
        if query not in queries:
            faults.append(
                Fault(f"query {query!r} is not among the queries", where, "take all files of one collection")
            )
        elif document not in documents:
            faults.append(
                Fault(
                    f"document {document!r} is not among the documents",
                    where,
                    "take all files of one collection",
                )
            )
        elif not re.fullmatch(r"-?[0-9]{1,9}", grade):
            faults.append(Fault(f"the grade {grade!r} is not a whole number", where, "grades are 0, 1, 2, …"))
        elif (query, document) in seen:
            faults.append(
                Fault(
                    f"query {query!r} and document {document!r} are judged twice",
                    where,
                    "keep one of the two",
                )
            )
        else:
            grades = judged.setdefault(query, {})
            if int(grade) > 0:
                grades[document] = int(grade)
        seen.add((query, document))
    if faults:
        raise BadInput(faults[:_MAX_FAULTS])
    return judged


def _is_markup(path: Path) -> bool:
    return next((line.lstrip().startswith("<") for _, line in numbered_lines(path) if line.strip()), False)


def _columns(path: Path) -> Iterator[Row]:
    cure = "a line is an id, a tab and a text"
    rows = named_columns(path, tab_separated(path), _COLUMNS, order=tuple(_COLUMNS), cure=cure)
    for number, (name, text) in rows:
        if not name.strip(ASCII_SPACE):
            raise BadInput("the id is empty", where=Where(str(path), number), cure=cure)
        yield number, name.strip(ASCII_SPACE), text.strip()


def _malformed(path: Path, line: int, message: str) -> BadInput:
    return BadInput(message, where=Where(str(path), line), cure=CORRECT)
