"""Read a strict subset of YAML as text, lists and mappings with positions, and write it.

Built on PyYAML's events, so no tag is resolved, no alias expanded and no Python object built. A document
is first read without positions, at the speed of the C parser; only if the YAML, or later the schema, has a
fault, it is read again with positions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, NoReturn

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

from harness.characters import character_faults, described, place, refused
from harness.errors import BadInput, Fault, Where
from harness.store.yaml.positions import MAX_DEPTH, Path, Plain, Survey, event_parser

MAX_FAULTS = 50
DEFAULT_LIMIT = 64 * 1024
DEFAULT_EVENTS = 2048


@dataclass(frozen=True)
class YamlDocument:
    """The value of a YAML file, and the position of every value in it."""

    value: Plain
    file: str
    data: bytes = field(repr=False)

    def where(self, path: Path, *, key: bool = False) -> Where:
        """Return the position of a value, or with `key` of its key; of the nearest parent if there is none.

        The position of a mapping or a list is that of its key, where a reader looks for it.
        """
        existing = path
        while existing and existing not in self._survey.positions:
            existing = existing[:-1]
        if not existing:
            return Where(self.file, 1, 1)
        position = self._survey.positions[existing]
        at_key = key or not position.scalar or existing != path
        return Where(self.file, *(position.key if position.key and at_key else position.value))

    def nearest(self, path: Path) -> Path:
        """Return the longest prefix of the path that exists in the value.

        The value of an older format has been upgraded, so that the file may not have all of its paths.
        """
        value = self.value
        for depth, step in enumerate(path):
            if isinstance(value, dict) and step in value:
                value = value[str(step)]
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return path[:depth]
        return path

    def value_at(self, path: Path) -> Plain:
        """Return the value at an existing path."""
        value: Any = self.value
        for step in path:
            value = value[step]
        return value  # type: ignore[no-any-return]  # each step was in the document

    @cached_property
    def _survey(self) -> Survey:
        return Survey(self.data, self.file)


def parse(
    data: bytes, file: str, *, limit: int = DEFAULT_LIMIT, max_events: int = DEFAULT_EVENTS
) -> YamlDocument:
    """Read one document of at most `limit` bytes; raises BadInput with all faults that can be found.

    At most 12 levels and `max_events` events (a scalar, or the start or end of a collection) are read, which
    bounds the time for any input.
    """
    if len(data) > limit:
        message = f"the file is longer than the {limit:,} bytes allowed"
        raise BadInput(message, where=Where(file), cure="keep descriptions short and put data elsewhere")
    text = _decoded(data, file)
    if faults := character_faults(data, text, file):
        refuse(faults)
    value, sound = _composed(data, max_events, escapes=b"\\" in data)
    if not sound and (faults := Survey(data, file, max_events).faults):
        refuse(faults)
    return YamlDocument(value, file, data)


def refuse(faults: list[Fault]) -> NoReturn:
    """Raise BadInput with the first 50 faults and the number of the others."""
    listed = faults[:MAX_FAULTS]
    if more := len(faults) - len(listed):
        listed.append(Fault(f"and {more} more faults", cure="fix these first"))
    raise BadInput(listed)


def _decoded(data: bytes, file: str) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        message = f"byte 0x{data[error.start]:02X} is not valid UTF-8"
        raise BadInput(
            message, where=place(before, len(before), file), cure="save the file as UTF-8"
        ) from None
    if text.startswith("\ufeff"):
        raise BadInput(
            "the file begins with a byte order mark",
            where=Where(file, 1, 1),
            cure="save it as UTF-8 without one",
        )
    return text


def _composed(data: bytes, max_events: int, *, escapes: bool) -> tuple[Plain, bool]:
    """Build the document's value, and tell whether it is sound.

    For speed, the loop holds every collection as a flat list until it ends, and only detects that there is a
    fault; `Survey` finds which and where.
    """
    sound = True
    items: list[Any] = []
    stack: list[list[Any]] = []
    next_event = event_parser(data).get_event
    try:
        for _ in range(max_events + 1):
            event = next_event()
            kind = type(event)
            if kind is ScalarEvent:
                items.append(event.value)
                if (
                    event.anchor is not None
                    or event.tag is not None
                    or (escapes and event.style == '"' and refused(event.value))
                ):
                    sound = False
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                stack.append(items)
                items = []
                if len(stack) > MAX_DEPTH:
                    return "", False
                if event.anchor is not None or event.tag is not None:
                    sound = False
            elif kind is MappingEndEvent:
                mapping = dict(zip(items[::2], items[1::2], strict=True))
                sound = sound and 2 * len(mapping) == len(items) and "<<" not in mapping
                items = stack.pop()
                items.append(mapping)
            elif kind is SequenceEndEvent:
                stack[-1].append(items)
                items = stack.pop()
            elif kind is StreamEndEvent:
                return (items[0] if items else ""), sound and len(items) < 2
            elif kind is AliasEvent:
                items.append("")
                sound = False
            elif kind is DocumentStartEvent and (event.version or event.tags):
                sound = False
    except (yaml.YAMLError, TypeError):  # not YAML, or a key that is not text
        pass
    return "", False


# ---- writing -----------------------------------------------------------------------------------

# Begins with a letter or a slash, so no reader takes it for a number, a date or an indicator.
_BARE = re.compile(r"[^\W\d_](?:[^:#]|:(?=[^\s])|(?<=[^\s])#)*|/(?:[^:#\s])*")
_WORDS = frozenset({"y", "n", "yes", "no", "true", "false", "on", "off", "null"})
_MAX_KEY = 1000  # libyaml reads longer keys only after a question mark


def dump(value: object) -> str:
    """Return plain values, lists and mappings as block-style YAML: the same bytes for the same value."""
    return "\n".join(_block(value, 0)) + "\n"


def scalar(value: object) -> str:
    """Return one scalar as YAML; text that a YAML reader could take for another type is quoted."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, str):
        return _text(str(value))
    raise TypeError(f"cannot write {type(value).__name__} as YAML")


def _block(value: object, depth: int) -> list[str]:
    if depth > MAX_DEPTH:
        raise ValueError(f"cannot write lists and mappings more than {MAX_DEPTH} deep")
    lines: list[str] = []
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            name = _text(str(key))
            head = f"{name}:"
            if len(name) > _MAX_KEY:
                lines.append(f"? {name}")
                head = ":"
            inline = _inline(inner)
            if inline is not None:
                lines.append(f"{head} {inline}")
            else:
                lines += [head, *("  " + line for line in _block(inner, depth + 1))]
        return lines
    if isinstance(value, (list, tuple)) and value:
        for inner in value:
            inline = _inline(inner)
            block = [inline] if inline is not None else _block(inner, depth + 1)
            lines += ["- " + block[0], *("  " + line for line in block[1:])]
        return lines
    return [_inline(value) or ""]


def _inline(value: object) -> str | None:
    """Return a scalar, an empty collection or a list of numbers on one line, else None."""
    if isinstance(value, dict):
        return None if value else "{}"
    if isinstance(value, (list, tuple)):
        if all(isinstance(inner, (int, float)) for inner in value):
            return "[" + ", ".join(map(scalar, value)) + "]"
        return None
    return scalar(value)


def _float(value: float) -> str:
    """Return the shortest decimal that reads back as the same number, if short without an exponent."""
    text = float.__repr__(value)
    if text in ("inf", "-inf", "nan"):
        raise ValueError(f"cannot write {text} as YAML")
    if "e" not in text:
        return text
    if 1e-12 < abs(value) < 1e18:
        plain = format(Decimal(text), "f")
        return plain if "." in plain else plain + ".0"
    mantissa, exponent = text.split("e")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{int(exponent)}"


def _text(text: str) -> str:
    if char := refused(text):
        raise ValueError(f"cannot write {described(char)} in YAML text")
    if text.isprintable() and _BARE.fullmatch(text) and not text.endswith(" ") and text.lower() not in _WORDS:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
