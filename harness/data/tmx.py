"""Read translation memories in TMX, the XML of translators' tools.

No entity is expanded and no other file is read. A document type is accepted, since these tools write one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from harness.data.language_codes import LanguageCode, language_code
from harness.data.raw_files import DOWNLOAD_AGAIN, UNPACKING_ERRORS, opened
from harness.data.reading_notes import note
from harness.data.text_encoding import CORRECT
from harness.errors import BadInput, Where

# More would fill the memory before it is known how many units there are.
LARGEST_BYTES = 2**30
_READ_BYTES = 2**20
# Elements of a segment whose characters are codes of the original's format, not text.
_CODES = frozenset({"bpt", "ept", "ph", "it", "ut"})
_LINE_END = re.compile(r"[ \t]*\n[ \t\n]*")


@dataclass
class Unit:
    """A text in several languages, with the line at which it begins."""

    line: int
    texts: dict[LanguageCode, str] = field(default_factory=dict)


def read_tmx(path: Path) -> list[Unit]:
    """Return the translation units of a file, each language as the catalog spells it.

    Codes of formatting are left out of a text, and line ends within it are spaces. Of several variants of a
    language in one unit the first is taken. Raises BadInput with the line for what is not TMX, for an entity
    that the file declares, and for a file of more than LARGEST_BYTES.
    """
    reader = _Reader(path)
    size = 0
    try:
        with opened(path) as stream:
            while block := stream.read(_READ_BYTES):
                size += len(block)
                if size > LARGEST_BYTES:
                    raise BadInput(
                        f"has more than {LARGEST_BYTES // 2**20:,} MiB of XML",
                        where=Where(str(path)),
                        cure="split it into several files, or write its pairs as de-en.tsv",
                    )
                reader.parser.Parse(block, False)
            reader.parser.Parse(b"", True)
    except expat.ExpatError as reason:
        message = f"not XML: {expat.ErrorString(reason.code)}"
        raise BadInput(message, where=Where(str(path), reason.lineno), cure=CORRECT) from None
    except UNPACKING_ERRORS as reason:
        message = f"cannot be unpacked: {reason}"
        raise BadInput(message, where=Where(str(path)), cure=DOWNLOAD_AGAIN) from reason
    reader.report()
    return reader.units


class _Reader:
    """Collects the units of a file while expat parses it."""

    def __init__(self, path: Path) -> None:
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.EntityDeclHandler = self._refuse_entity
        self.units: list[Unit] = []
        self._path = path
        self._open: list[str] = []  # the elements around the current place
        self._language: LanguageCode | None = None
        self._text: list[str] = []
        self._noted: Counter[str] = Counter()

    def report(self) -> None:
        """Note what was left out."""
        for what, count in self._noted.items():
            note(self._path, f"{what} ({count:,})")

    def _where(self) -> Where:
        return Where(str(self._path), self.parser.CurrentLineNumber)

    def _refuse_entity(self, name: str, *_: object) -> None:
        raise BadInput(
            f"declares the entity {name!r}, and no entity is expanded",
            where=self._where(),
            cure="write its text in place of it, and remove the declaration",
        )

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if not self._open and name != "tmx":
            cure = "give a TMX file, whose root is <tmx>"
            raise BadInput(f"found the root element <{name}>, expected <tmx>", where=self._where(), cure=cure)
        self._open.append(name)
        if name == "tu":
            self.units.append(Unit(self.parser.CurrentLineNumber))
        elif name == "tuv":
            self._language = self._code(attributes)
        elif name == "seg":
            self._text = []
        elif name in _CODES:
            self._noted["codes of formatting within texts are left out"] += 1

    def _code(self, attributes: Mapping[str, str]) -> LanguageCode:
        name = attributes.get("xml:lang", attributes.get("lang", "")).strip()
        if not name:
            cure = 'name the language of its text: <tuv xml:lang="de">'
            raise BadInput("a <tuv> names no language", where=self._where(), cure=cure)
        return language_code(name).without_usual._replace(name="")

    def _characters(self, text: str) -> None:
        if "seg" in self._open and _CODES.isdisjoint(self._open):
            self._text.append(text)

    def _end(self, name: str) -> None:
        self._open.pop()
        if name != "seg" or self._language is None or not self.units:
            return
        texts = self.units[-1].texts
        if self._language in texts:
            self._noted[f"of several texts in {self._language} in one unit, the first is read"] += 1
        else:
            texts[self._language] = _LINE_END.sub(" ", "".join(self._text)).strip(" \t\n")
