"""Read a test collection in TREC's formats: topics, documents and judgements, as SGML or as two columns, plain or gzipped."""

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

_SHOWN = 10
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->|<!\[CDATA\[|\]\]>", re.DOTALL)
_NUMBER = re.compile(r"<(?:\w\w-)?num>\s*(?:Number:)?\s*([^<\n]+)", re.IGNORECASE)
_TITLE = re.compile(r"<(?:\w\w-)?title>\s*(?:Topic:)?\s*([^<]+)", re.IGNORECASE)
_NAME = re.compile(r"<DOCNO(?:\s[^<>]*)?>([^<]*)</DOCNO>", re.IGNORECASE)
_IDENTITY = re.compile(r"<(DOCNO|DOCID)(?:\s[^<>]*)?>.*?</\1>", re.IGNORECASE | re.DOTALL)
_HEADLINE = re.compile(r"<(TITLE|HEADLINE|TI)(?:\s[^<>]*)?>(.*?)</\1>", re.IGNORECASE | re.DOTALL)
_TEXT = re.compile(r"<TEXT(?:\s[^<>]*)?>(.*?)</TEXT>", re.IGNORECASE | re.DOTALL)


def read_topics(path: Path) -> Iterator[Row]:
    """Yield line, id and title of every topic: `<top>` records with `<num>` and `<title>`, or an id, a tab and a text a line."""
    if not _is_sgml(path):
        yield from _columns(path)
        return
    for line, body in _records(path, "top"):
        number, title = _NUMBER.search(body), _TITLE.search(body)
        if number is None or title is None:
            raise _malformed(path, line, f"the topic has no <{'title' if number else 'num'}>")
        yield line, number[1].strip(), " ".join(html.unescape(title[1]).split())


def read_documents(path: Path) -> Iterator[tuple[int, str, str, str]]:
    """Yield line, id, title and text of every document: `<DOC>` records with `<DOCNO>` and `<TEXT>`, or an id, a tab and a text a line.

    `<TITLE>`, `<HEADLINE>` or `<TI>` gives the title; several `<TEXT>` are one text. Collections name the
    parts of a text in many ways, such as SDA's `<LD>` and `<TX>`: a record without `<TEXT>` is text as a
    whole, but for its ids and titles. Markup inside is dropped.
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
        yield line, number[1].strip(), _plain(titles), _plain(texts)


def read_qrels(path: Path) -> Iterator[Judged]:
    """Yield line, query, document and grade of every judgement: `qid 0 docid rel`, parted by white space."""
    for line, text in numbered_lines(path):
        fields = text.split()
        if len(fields) != 4:
            raise _malformed(path, line, f"expected `query 0 document grade`, found {len(fields)} fields")
        yield line, fields[0], fields[2], fields[3]


def judgements(
    rows: Iterable[Judged], path: Path, queries: Collection[str], documents: Collection[str]
) -> Judgements:
    """Return the grade of every relevant document by query; a grade of 0 or less is not relevant.

    Raises BadInput for ids that are not in the collection, a grade that is no whole number, and a pair that
    is judged twice.
    """
    found: Judgements = {}
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
            faults.append(Fault(f"the grade {grade!r} is no whole number", where, "grades are 0, 1, 2, …"))
        elif (query, document) in seen:
            faults.append(
                Fault(
                    f"query {query!r} and document {document!r} are judged for a second time",
                    where,
                    "keep one of the two",
                )
            )
        elif int(grade) > 0:
            found.setdefault(query, {})[document] = int(grade)
        seen.add((query, document))
    if faults:
        raise BadInput(faults[:_SHOWN])
    return found


def _is_sgml(path: Path) -> bool:
    return next((line.lstrip().startswith("<") for _, line in numbered_lines(path) if line.strip()), False)


def _columns(path: Path) -> Iterator[Row]:
    for number, line in numbered_lines(path):
        fields = line.split("\t")
        if len(fields) != 2 or not fields[0].strip():
            raise _malformed(path, number, f"expected an id, a tab and a text, found {len(fields)} columns")
        yield number, fields[0].strip(), fields[1].strip()


def _records(path: Path, tag: str) -> Iterator[tuple[int, str]]:
    """Yield the first line and the inside of every record; outside of them only markup may stand."""
    border = re.compile(rf"(<{tag}(?:\s[^<>]*)?>|</{tag}>)", re.IGNORECASE)
    begun = 0
    body: list[str] = []
    for number, line in numbered_lines(path):
        for part in border.split(line + "\n"):
            opens, closes = (
                bool(border.fullmatch(part)) and part[1] != "/",
                part.startswith("</") and bool(border.fullmatch(part)),
            )
            if (opens and begun) or (closes and not begun):
                message = (
                    f"a second <{tag}> before the </{tag}> of line {begun}"
                    if opens
                    else f"a </{tag}> without its <{tag}>"
                )
                raise _malformed(path, number, message)
            if opens:
                begun, body = number, []
            elif closes:
                yield begun, "".join(body)
                begun = 0
            elif begun:
                body.append(part)
            elif part.strip() and not part.lstrip().startswith("<"):
                raise _malformed(path, number, f"text outside of <{tag}>")
    if begun:
        raise _malformed(path, begun, f"the <{tag}> has no </{tag}>")


def _plain(parts: Iterable[str]) -> str:
    return html.unescape(_TAG.sub(" ", "\n".join(part.strip() for part in parts))).strip()


def _malformed(path: Path, line: int, message: str) -> BadInput:
    return BadInput(message, where=Where(str(path), line), cure="correct the line, or get the file again")
