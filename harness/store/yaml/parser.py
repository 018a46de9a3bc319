"""Read YAML as text, lists and mappings with positions, and write it; refuse what hides or surprises.

Built on PyYAML's events, so no tag is resolved, no alias expanded and no Python object built. A document
is read once without positions, at the speed of the C parser; only where something is wrong, in the YAML or
later in the schema, is it surveyed again with them.
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
    """What a file says, and where in it each value stands."""

    value: Plain
    file: str
    data: bytes = field(repr=False)

    def where(self, path: Path, *, key: bool = False) -> Where:
        """Return the place of a value, or of its key if asked; a path that does not exist gives its nearest parent.

        A mapping or a list stands at its key, where a reader looks for it.
        """
        known = self.nearest(path)
        if not known:
            return Where(self.file, 1, 1)
        found = self._survey.spots[known]
        at = found.key if found.key and (key or not found.scalar or known != path) else found.value
        return Where(self.file, *at)

    def nearest(self, path: Path) -> Path:
        """Return the longest beginning of the path that exists in the document."""
        while path and path not in self._survey.spots:
            path = path[:-1]
        return path

    def found(self, path: Path) -> Plain:
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
    """Read one document of at most `limit` bytes; every fault that can be found is reported at once.

    Nothing is read past the twelfth level or past `max_events` (a scalar, or the start or end of a
    collection, is one), which bounds the time for any input.
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
    """Raise the faults together; past the fiftieth only their number is told."""
    kept = faults[:MAX_FAULTS]
    if more := len(faults) - len(kept):
        kept.append(Fault(f"and {more} more faults", cure="mend these first"))
    raise BadInput(kept)


def _decoded(data: bytes, file: str) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        found = f"byte 0x{data[error.start]:02X} is not valid UTF-8"
        raise BadInput(found, where=place(before, len(before), file), cure="save the file as UTF-8") from None
    if text.startswith("\ufeff"):
        raise BadInput(
            "the file begins with a byte order mark",
            where=Where(file, 1, 1),
            cure="save it as UTF-8 without one",
        )
    return text


def _composed(data: bytes, max_events: int, *, escapes: bool) -> tuple[Plain, bool]:
    """Build the document's value, and tell whether it is sound or needs a survey.

    The loop keeps every collection as a flat list until it ends, which is what makes it fast; it says that
    something is wrong, and leaves what and where to the survey.
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
    except (yaml.YAMLError, TypeError):  # not YAML, or a key that is no text
        pass
    return "", False


# ---- writing -----------------------------------------------------------------------------------

# Begins with a letter or a slash, so no reader takes it for a number, a date or an indicator.
_BARE = re.compile(r"[^\W\d_](?:[^:#]|:(?=[^\s])|(?<=[^\s])#)*|/(?:[^:#\s])*")
_WORDS = frozenset({"y", "n", "yes", "no", "true", "false", "on", "off", "null"})
_LONGEST_KEY = 1000  # libyaml takes a longer one only behind a question mark


def dump(value: object) -> str:
    """Write text, numbers, truth values, None, lists and mappings as block-style YAML: the same value, the same bytes."""
    return "\n".join(_block(value, 0)) + "\n"


def scalar(value: object) -> str:
    """Write one scalar; text that any YAML reader might take for something else is quoted."""
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
            if len(name) > _LONGEST_KEY:
                lines.append(f"? {name}")
                head = ":"
            written = _inline(inner)
            if written is not None:
                lines.append(f"{head} {written}")
            else:
                lines += [head, *("  " + line for line in _block(inner, depth + 1))]
        return lines
    if isinstance(value, (list, tuple)) and value:
        for inner in value:
            written = _inline(inner)
            block = [written] if written is not None else _block(inner, depth + 1)
            lines += ["- " + block[0], *("  " + line for line in block[1:])]
        return lines
    return [_inline(value) or ""]


def _inline(value: object) -> str | None:
    """Write what stands on one line: a scalar, something empty, or a list of numbers."""
    if isinstance(value, dict):
        return None if value else "{}"
    if isinstance(value, (list, tuple)):
        if all(isinstance(inner, (int, float)) for inner in value):
            return "[" + ", ".join(map(scalar, value)) + "]"
        return None
    return scalar(value)


def _float(value: float) -> str:
    """Write the shortest decimal that reads back as the same number, without an exponent where it stays short."""
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
