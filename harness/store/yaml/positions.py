"""Walk a YAML document with positions: where every value stands, and every fault of its form."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, NamedTuple, TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from harness.characters import cure as character_cure
from harness.characters import described, refused, shown
from harness.errors import Fault, Where

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain]"
Path: TypeAlias = tuple[str | int, ...]
Place: TypeAlias = tuple[int, int]

MAX_DEPTH = 12
_CParser: Any = import_module("yaml.cyaml").CParser if yaml.__with_libyaml__ else None


class _PureParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    """PyYAML's parser in Python, for installations without libyaml; some ten times slower."""

    def __init__(self, data: bytes) -> None:
        yaml.reader.Reader.__init__(self, data)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)


def event_parser(data: bytes) -> Any:
    """Return PyYAML's parser over bytes: the one in C where PyYAML was built with it."""
    return (_CParser or _PureParser)(data)


class Spot(NamedTuple):
    """Where a value and its key begin, as line and column from 1."""

    key: Place | None
    value: Place
    scalar: bool


@dataclass
class _Open:
    """A mapping or list that has not ended: its path, and which key or index is next."""

    path: Path
    index: int | None  # None in a mapping
    keys: set[str] = field(default_factory=set)
    key: tuple[str, Place] | None = None


class Survey:
    """Find every spot and every fault of form in one walk; past some faults nothing can be read, and it ends there."""

    def __init__(self, data: bytes, file: str, max_events: int | None = None) -> None:
        self.spots: dict[Path, Spot] = {}
        self.faults: list[Fault] = []
        self._file = file
        self._open: list[_Open] = []
        self._documents = 0
        self._left = -1 if max_events is None else max_events
        self._max_events = self._left
        try:
            self._walk(event_parser(data))
        except yaml.YAMLError as error:
            self._syntax(error)

    def _walk(self, parser: Any) -> None:
        reading = True
        while reading and not isinstance(event := parser.get_event(), StreamEndEvent):
            if self._left == 0:
                self._note(
                    event, f"the file holds more than {self._max_events:,} YAML events", "shorten its lists"
                )
                return
            self._left -= 1
            if isinstance(event, (MappingEndEvent, SequenceEndEvent)):
                self._open.pop()
            elif isinstance(event, DocumentStartEvent):
                reading = self._document(event)
            elif isinstance(event, (ScalarEvent, AliasEvent)):
                self._properties(event)
                self._scalar(event)
            elif isinstance(event, (MappingStartEvent, SequenceStartEvent)):
                self._properties(event)
                reading = self._collection(event)

    def _document(self, event: Any) -> bool:
        self._documents += 1
        if self._documents > 1:
            self._note(event, "a second document begins", "keep one document in the file")
            return False
        if event.version or event.tags:
            self._note(event, "found a %YAML or %TAG directive", "remove it")
        return True

    def _scalar(self, event: Any) -> None:
        owner = self._open[-1] if self._open else None
        if owner is not None and owner.index is None and owner.key is None:
            self._key(event, owner)
        else:
            self._place(event, scalar=True)

    def _key(self, event: Any, owner: _Open) -> None:
        key = event.value if isinstance(event, ScalarEvent) else f"*{event.anchor}"
        if key in owner.keys:
            self._note(event, f"the key {shown(key)} stands a second time in its mapping", "keep one of them")
        elif key == "<<" and not event.style:  # '' from the C parser, None from the other
            self._note(event, "found the merge key '<<'", "write the keys out; merge keys are not allowed")
        owner.keys.add(key)
        owner.key = (key, _start(event))

    def _collection(self, event: Any) -> bool:
        owner = self._open[-1] if self._open else None
        if owner is not None and owner.index is None and owner.key is None:
            found = "a mapping" if isinstance(event, MappingStartEvent) else "a list"
            self._note(
                event,
                f"a key must be text, found {found}",
                "write `key: value`, and quote text that begins with [ or {",
            )
            return False
        path = self._place(event, scalar=False)
        self._open.append(_Open(path, 0 if isinstance(event, SequenceStartEvent) else None))
        if len(self._open) > MAX_DEPTH:
            self._note(
                event,
                f"lists and mappings stand more than {MAX_DEPTH} deep",
                "flatten the file; no key needs such depth",
            )
            return False
        return True

    def _place(self, event: Any, *, scalar: bool) -> Path:
        """Record where the next value of the open mapping or list stands, and return its path."""
        path: Path = ()
        of_key: Place | None = None
        if self._open:
            owner = self._open[-1]
            if owner.index is not None:
                path = (*owner.path, owner.index)
                owner.index += 1
            else:
                assert owner.key is not None
                path, of_key = (*owner.path, owner.key[0]), owner.key[1]
                owner.key = None
        self.spots[path] = Spot(of_key, _start(event), scalar)
        return path

    def _properties(self, event: Any) -> None:
        if isinstance(event, AliasEvent):
            self._note(
                event,
                f"found the alias {shown(f'*{event.anchor}')}",
                "write the value out; aliases are not allowed",
            )
            return
        if event.anchor is not None:
            self._note(
                event, f"found the anchor {shown(f'&{event.anchor}')}", "remove it; anchors are not allowed"
            )
        if event.tag is not None:
            self._note(
                event,
                f"found the tag {shown(event.tag)}",
                "remove it; every scalar is text until the schema types it",
            )
        if isinstance(event, ScalarEvent) and (char := refused(event.value)):
            self._note(event, f"found {described(char)} written as an escape", character_cure(char))

    def _syntax(self, error: yaml.YAMLError) -> None:
        mark = getattr(error, "problem_mark", None)
        problem = str(getattr(error, "problem", None) or "it cannot be read")
        where = Where(self._file, mark.line + 1, mark.column + 1) if mark else Where(self._file)
        hint = "check the indentation, the quotes, and the space after each colon"
        self.faults.append(Fault(f"not valid YAML: {shown(problem, 200)[1:-1]}", where, hint))

    def _note(self, event: Any, message: str, cure: str) -> None:
        self.faults.append(Fault(message, Where(self._file, *_start(event)), cure))


def _start(event: Any) -> Place:
    return event.start_mark.line + 1, event.start_mark.column + 1
