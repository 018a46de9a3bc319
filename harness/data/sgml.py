"""Take records, elements and plain text out of SGML, XML and HTML as test collections have them.

None of these files is well-formed: end tags are missing, entities undeclared, and `<` is also text. So tags
are found by name, and nothing is parsed as a tree.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from harness.data.text_encoding import CORRECT
from harness.data.text_files import numbered_lines
from harness.errors import BadInput, Where

_FLAGS = re.IGNORECASE | re.DOTALL
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!\[CDATA\[|\]\]>")
_UNSEEN = re.compile(r"<!--.*?-->|<(script|style)(?:\s[^<>]*)?>.*?</\1\s*>", _FLAGS)
_LITERAL = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
# Entities of TREC's disks that HTML lacks, or in which it is something else.
_TREC_ENTITIES = {"&blank;": " ", "&hyph;": "-"}
_TREC_ENTITY = re.compile("|".join(_TREC_ENTITIES))


class Element:
    """Elements by their names, in any case and with any attributes."""

    def __init__(self, *names: str) -> None:
        """Find elements of any of these names."""
        self.pattern = re.compile(rf"<({'|'.join(names)})(?:\s[^<>]*)?>(.*?)</\1\s*>", _FLAGS)


def element(markup: str, names: Element) -> list[str]:
    """Return the contents of all elements of these names, in order."""
    return [match[2] for match in names.pattern.finditer(markup)]


def without_elements(markup: str, names: Element) -> str:
    """Return the markup with a space in place of all elements of these names."""
    return names.pattern.sub(" ", markup)


def plain_text(parts: Iterable[str]) -> str:
    """Return the text of parts of a document, a line each: without markup, entities replaced."""
    markup = "\n".join(part.strip() for part in parts)
    text = ""
    for number, piece in enumerate(_LITERAL.split(markup)):
        text += f" {piece} " if number % 2 else _replaced(_TAG.sub(" ", _UNSEEN.sub(" ", piece)))
    return text.strip()


def records(path: Path, names: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Yield first line, start tag and content of every record; only markup is allowed between records."""
    pattern = "|".join(names)
    boundary = re.compile(rf"(<(?:{pattern})(?:\s[^<>]*)?>|</(?:{pattern})\s*>)", re.IGNORECASE)
    start, tag = 0, ""
    body: list[str] = []
    for number, line in numbered_lines(path):
        for part in boundary.split(line + "\n"):
            is_boundary = boundary.fullmatch(part) is not None
            opens, closes = is_boundary and part[1] != "/", is_boundary and part[1] == "/"
            if opens and start:
                message = f"a second {tag} before the {_end(tag)} of line {start}"
                raise _malformed(path, number, message)
            if closes and not start:
                raise _malformed(path, number, f"a {part} without its <{part[2:]}")
            if opens:
                start, tag, body = number, part, []
            elif closes:
                yield start, tag, "".join(body)
                start = 0
            elif start:
                body.append(part)
            elif part.strip() and not part.lstrip().startswith("<"):
                raise _malformed(path, number, f"text outside of <{names[0]}>")
    if start:
        raise _malformed(path, start, f"the {tag} has no {_end(tag)}")


def _end(tag: str) -> str:
    return f"</{tag[1:-1].split(maxsplit=1)[0]}>"


def _replaced(text: str) -> str:
    return html.unescape(_TREC_ENTITY.sub(lambda match: _TREC_ENTITIES[match[0]], text))


def _malformed(path: Path, line: int, message: str) -> BadInput:
    return BadInput(message, where=Where(str(path), line), cure=CORRECT)
