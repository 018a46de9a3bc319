"""Read topics, documents and judgements in TREC's formats: SGML or two columns, plain or gzipped."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from harness.data.text_files import numbered_lines
from harness.errors import BadInput, Fault, Where

Judgements = dict[str, dict[str, int]]
Row = tuple[int, str, str]  # line, id, text
Judged = tuple[int, str, str, str]  # line, query, document, grade

_MAX_FAULTS = 10
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->|<!\[CDATA\[|\]\]>", re.DOTALL)
_NUMBER = re.compile(r"<(?:\w\w-)?num>\s*(?:Number:)?\s*([^<\n]+)", re.IGNORECASE)
_TITLE = re.compile(r"<(?:\w\w-)?title>\s*(?:Topic:)?\s*([^<]+)", re.IGNORECASE)
_NAME = re.compile(r"<DOCNO(?:\s[^<>]*)?>([^<]*)</DOCNO>", re.IGNORECASE)
_IDENTITY = re.compile(r"<(DOCNO|DOCID)(?:\s[^<>]*)?>.*?</\1>", re.IGNORECASE | re.DOTALL)
_HEADLINE = re.compile(r"<(TITLE|HEADLINE|TI)(?:\s[^<>]*)?>(.*?)</\1>", re.IGNORECASE | re.DOTALL)
_TEXT = re.compile(r"<TEXT(?:\s[^<>]*)?>(.*?)</TEXT>", re.IGNORECASE | re.DOTALL)


def read_topics(path: Path) -> Iterator[Row]:
    """Yield line, id and title of every topic.

    A topic is a `<top>` record with `<num>` and `<title>`, or a line with an id, a tab and a text.
    """
    if not _is_sgml(path):
        yield from _columns(path)
        return
    for line, body in _records(path, "top"):
        number, title = _NUMBER.search(body), _TITLE.search(body)
        if number is None or title is None:
            raise _malformed(path, line, f"the topic has no <{'title' if number else 'num'}>")
        yield line, number[1].strip(), " ".join(html.unescape(title[1]).split())


def read_documents(path: Path) -> Iterator[tuple[int, str, str, str]]:
    """Yield line, id, title and text of every document.

    A document is a `<DOC>` record with `<DOCNO>` and `<TEXT>`, or a line with an id, a tab and a text.
    `<TITLE>`, `<HEADLINE>` or `<TI>` is the title; several `<TEXT>` are joined. Some collections have other
    elements for the text, such as SDA's `<LD>` and `<TX>`: of a record without `<TEXT>` all but the ids and
    titles is text. Markup inside the text is removed.
    """
    if not _is_sgml(path):
        for line, name, text in _columns(path):
            yield line, name, "", text
        return
    for line, body in _records(path, "DOC"):
        number = _NAME.search(body)
        if number is None or not number[1].strip():
            raise _malformed(path, line, "the document has no <DOCNO>")
        titles = [match[1] for match in _HEADLINE.findall(body)]
        texts = _TEXT.findall(body) or [_HEADLINE.sub(" ", _IDENTITY.sub(" ", body))]
        yield line, number[1].strip(), _without_markup(titles), _without_markup(texts)


def read_qrels(path: Path) -> Iterator[Judged]:
    """Yield line, query, document and grade of every line `qid 0 docid rel`, separated by white space."""
    for line, text in numbered_lines(path):
        fields = text.split()
        if len(fields) != 4:
            raise _malformed(path, line, f"expected `query 0 document grade`, found {len(fields)} fields")
        yield line, fields[0], fields[2], fields[3]


def judgements(
    rows: Iterable[Judged], path: Path, queries: Collection[str], documents: Collection[str]
) -> Judgements:
    """Return the grade of every relevant document by query; a grade of 0 or less is not relevant.

    Raises BadInput for ids that are not in the collection, a grade that is not a whole number, and a pair
    that is judged twice.
    """
    relevant: Judgements = {}
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
        elif int(grade) > 0:
            relevant.setdefault(query, {})[document] = int(grade)
        seen.add((query, document))
    if faults:
        raise BadInput(faults[:_MAX_FAULTS])
    return relevant


def _is_sgml(path: Path) -> bool:
    return next((line.lstrip().startswith("<") for _, line in numbered_lines(path) if line.strip()), False)


def _columns(path: Path) -> Iterator[Row]:
    for number, line in numbered_lines(path):
        fields = line.split("\t")
        if len(fields) != 2 or not fields[0].strip():
            raise _malformed(path, number, f"expected an id, a tab and a text, found {len(fields)} columns")
        yield number, fields[0].strip(), fields[1].strip()


def _records(path: Path, tag: str) -> Iterator[tuple[int, str]]:
    """Yield the first line and the content of every record; only markup is allowed between records."""
    boundary = re.compile(rf"(<{tag}(?:\s[^<>]*)?>|</{tag}>)", re.IGNORECASE)
    start = 0
    body: list[str] = []
    for number, line in numbered_lines(path):
        for part in boundary.split(line + "\n"):
            opens, closes = (
                bool(boundary.fullmatch(part)) and part[1] != "/",
                part.startswith("</") and bool(boundary.fullmatch(part)),
            )
            if (opens and start) or (closes and not start):
                message = (
                    f"a second <{tag}> before the </{tag}> of line {start}"
                    if opens
                    else f"a </{tag}> without its <{tag}>"
                )
                raise _malformed(path, number, message)
            if opens:
                start, body = number, []
            elif closes:
                yield start, "".join(body)
                start = 0
            elif start:
                body.append(part)
            elif part.strip() and not part.lstrip().startswith("<"):
                raise _malformed(path, number, f"text outside of <{tag}>")
    if start:
        raise _malformed(path, start, f"the <{tag}> has no </{tag}>")


def _without_markup(parts: Iterable[str]) -> str:
    return html.unescape(_TAG.sub(" ", "\n".join(part.strip() for part in parts))).strip()


def _malformed(path: Path, line: int, message: str) -> BadInput:
    return BadInput(message, where=Where(str(path), line), cure="correct the line, or get the file again")
