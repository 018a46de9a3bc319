"""Find the position of every value in a YAML document, and every fault of its form."""

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
LineColumn: TypeAlias = tuple[int, int]

MAX_DEPTH = 12
_CParser: Any = import_module("yaml.cyaml").CParser if yaml.__with_libyaml__ else None


class _PureParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    """PyYAML's parser in Python, for installations without libyaml; about ten times slower."""

    def __init__(self, data: bytes) -> None:
        yaml.reader.Reader.__init__(self, data)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)


def event_parser(data: bytes) -> Any:
    """Return PyYAML's parser over bytes: the one in C where PyYAML was built with it."""
    return (_CParser or _PureParser)(data)


class ValuePosition(NamedTuple):
    """Where a value and its key begin, as line and column from 1."""

    key: LineColumn | None
    value: LineColumn
    scalar: bool


@dataclass
class _Open:
    """A mapping or list that has not ended: its path, and the next key or index."""

    path: Path
    index: int | None  # None in a mapping
    keys: set[str] = field(default_factory=set)
    key: tuple[str, LineColumn] | None = None


class Survey:
    """All positions and faults of form, found in one pass; some faults end it early."""

    def __init__(self, data: bytes, file: str, max_events: int | None = None) -> None:
        self.positions: dict[Path, ValuePosition] = {}
        self.faults: list[Fault] = []
        self._file = file
        self._open: list[_Open] = []
        self._documents = 0
        self._remaining_events = -1 if max_events is None else max_events
        self._max_events = self._remaining_events
        try:
            self._walk(event_parser(data))
        except yaml.YAMLError as error:
            self._syntax(error)

    def _walk(self, parser: Any) -> None:
        reading = True
        while reading and not isinstance(event := parser.get_event(), StreamEndEvent):
            if self._remaining_events == 0:
                self._add_fault(
                    event,
                    f"the file contains more than {self._max_events:,} YAML events",
                    "shorten its lists",
                )
                return
            self._remaining_events -= 1
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
            self._add_fault(event, "a second document begins", "keep one document in the file")
            return False
        if event.version or event.tags:
            self._add_fault(event, "found a %YAML or %TAG directive", "remove it")
        return True

    def _scalar(self, event: Any) -> None:
        owner = self._open[-1] if self._open else None
        if owner is not None and owner.index is None and owner.key is None:
            self._key(event, owner)
        else:
            self._add_position(event, scalar=True)

    def _key(self, event: Any, owner: _Open) -> None:
        key = event.value if isinstance(event, ScalarEvent) else f"*{event.anchor}"
        if key in owner.keys:
            self._add_fault(event, f"the key {shown(key)} appears twice in its mapping", "keep one of them")
        elif key == "<<" and not event.style:  # '' from the C parser, None from the other
            self._add_fault(
                event, "found the merge key '<<'", "write the keys out; merge keys are not allowed"
            )
        owner.keys.add(key)
        owner.key = (key, _start(event))

    def _collection(self, event: Any) -> bool:
        owner = self._open[-1] if self._open else None
        if owner is not None and owner.index is None and owner.key is None:
            kind = "a mapping" if isinstance(event, MappingStartEvent) else "a list"
            self._add_fault(
                event,
                f"a key must be text, found {kind}",
                "write `key: value`, and quote text that begins with [ or {",
            )
            return False
        path = self._add_position(event, scalar=False)
        self._open.append(_Open(path, 0 if isinstance(event, SequenceStartEvent) else None))
        if len(self._open) > MAX_DEPTH:
            self._add_fault(
                event,
                f"lists and mappings are nested more than {MAX_DEPTH} deep",
                "flatten the file; no key needs such depth",
            )
            return False
        return True

    def _add_position(self, event: Any, *, scalar: bool) -> Path:
        """Record the position of the next value of the open mapping or list, and return its path."""
        path: Path = ()
        key_position: LineColumn | None = None
        if self._open:
            owner = self._open[-1]
            if owner.index is not None:
                path = (*owner.path, owner.index)
                owner.index += 1
            else:
                assert owner.key is not None
                path, key_position = (*owner.path, owner.key[0]), owner.key[1]
                owner.key = None
        self.positions[path] = ValuePosition(key_position, _start(event), scalar)
        return path

    def _properties(self, event: Any) -> None:
        if isinstance(event, AliasEvent):
            self._add_fault(
                event,
                f"found the alias {shown(f'*{event.anchor}')}",
                "write the value out; aliases are not allowed",
            )
            return
        if event.anchor is not None:
            self._add_fault(
                event, f"found the anchor {shown(f'&{event.anchor}')}", "remove it; anchors are not allowed"
            )
        if event.tag is not None:
            self._add_fault(
                event,
                f"found the tag {shown(event.tag)}",
                "remove it; every scalar is text until the schema types it",
            )
        if isinstance(event, ScalarEvent) and (char := refused(event.value)):
            self._add_fault(event, f"found {described(char)} written as an escape", character_cure(char))

    def _syntax(self, error: yaml.YAMLError) -> None:
        mark = getattr(error, "problem_mark", None)
        problem = str(getattr(error, "problem", None) or "it cannot be read")
        where = Where(self._file, mark.line + 1, mark.column + 1) if mark else Where(self._file)
        hint = "check the indentation, the quotes, and the space after each colon"
        self.faults.append(Fault(f"not valid YAML: {shown(problem, 200)[1:-1]}", where, hint))

    def _add_fault(self, event: Any, message: str, cure: str) -> None:
        self.faults.append(Fault(message, Where(self._file, *_start(event)), cure))


def _start(event: Any) -> LineColumn:
    return event.start_mark.line + 1, event.start_mark.column + 1
