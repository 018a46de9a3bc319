"""Read JSON: whole files, and one object per line; every value that is taken from it is checked."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from harness.data.delimited import Columns
from harness.data.raw_files import DOWNLOAD_AGAIN
from harness.data.text_encoding import CORRECT
from harness.data.text_files import numbered_lines, read_text
from harness.errors import BadInput, Where

# JSON can escape half a surrogate pair, which no encoder accepts and UTF-8 cannot write.
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_NAMES = {str: "text", int: "a whole number", float: "a number", list: "a list", dict: "an object"}


def read_json(path: Path) -> Any:
    """Return the content of a JSON file; raises BadInput with the place of a fault."""
    text = read_text(path)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as reason:
        position = (reason.lineno, reason.colno) if isinstance(reason, json.JSONDecodeError) else ()
        raise BadInput(_not_json(reason), where=Where(str(path), *position), cure=DOWNLOAD_AGAIN) from None
    _refuse_half_characters(text, content, Where(str(path)))
    return content


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of a file with one per line, numbered from 1; raises BadInput with the line."""
    for number, line in numbered_lines(path):
        where = Where(str(path), number)
        try:
            item = json.loads(line)
        except (ValueError, RecursionError) as reason:
            raise BadInput(_not_json(reason), where=where, cure=CORRECT) from None
        if not isinstance(item, dict):
            raise BadInput(f"found {kind_of(item)}, expected an object", where=where, cure=CORRECT)
        _refuse_half_characters(line, item, where)
        yield number, item


def named_members(
    path: Path,
    items: Iterable[tuple[int, dict[str, Any]]],
    columns: Columns,
    *,
    numbers: Collection[str] = (),
) -> Iterator[tuple[int, list[str]]]:
    """Yield the texts of `columns` of each object, in their order; a key may be any of a column's names.

    An object may be within another, as in {"translation": {"de": …}}, which `datasets` writes. Columns of
    `numbers` may have whole numbers. Raises BadInput with the line for a column that an object lacks, and for
    a value that is no text.
    """
    for number, outer in items:
        inner = next(iter(outer.values())) if len(outer) == 1 else None
        item = inner if isinstance(inner, dict) else outer
        keys = {key.strip().casefold(): key for key in item}
        where = Where(str(path), number)
        texts = []
        for name, aliases in columns.items():
            present = [keys[alias.casefold()] for alias in aliases if alias.casefold() in keys]
            key = present[0] if present else aliases[0]
            is_number = name in numbers and type(item.get(key)) is int
            texts.append(str(item[key]) if is_number else member(item, key, str, where))
        yield number, texts


def member(value: object, key: str, kind: type, where: Where, name: str = "") -> Any:
    """Return value[key]; raises BadInput if there is none of this type. `name` is that of the value."""
    owner = f"{name} " if name else ""
    if not isinstance(value, dict):
        message = f"{owner}is {kind_of(value)}, expected an object"
        raise BadInput(message, where=where, cure=CORRECT)
    if key not in value:
        message = f"{owner}has no {key!r}" if owner else f"{key!r} is missing"
        if value:
            message += f", only {', '.join(map(repr, list(value)[:8]))}"
        raise BadInput(message, where=where, cure=CORRECT)
    return typed(value[key], kind, where, f"{name}.{key}" if name else repr(key))


def typed(value: object, kind: type, where: Where, name: str) -> Any:
    """Return a value of this type; raises BadInput for another. `name` is that of the value."""
    # In Python a bool is an int.
    if type(value) is not kind:
        message = f"{name} is {kind_of(value)}, expected {_NAMES[kind]}"
        raise BadInput(message, where=where, cure=CORRECT)
    return value


def kind_of(value: object) -> str:
    """Return what a value is, in JSON's words."""
    return "null" if value is None else _NAMES.get(type(value), str(value).lower())


def _not_json(reason: Exception) -> str:
    if isinstance(reason, json.JSONDecodeError):
        return f"not JSON: {reason.msg}"
    return f"not JSON: {'nested too deeply' if isinstance(reason, RecursionError) else reason}"


def _refuse_half_characters(text: str, content: object, where: Where) -> None:
    """Refuse strings with half a surrogate pair; only an escape in the text can have made one."""
    if not _ESCAPED_SURROGATE.search(text):
        return
    for place, string in _strings(content, ""):
        if half := _SURROGATE.search(string):
            raise BadInput(
                f"{place or 'the text'} contains half a character (\\u{ord(half[0]):04x})",
                where=where,
                cure="write the whole character: its other half was cut off",
            )


def _strings(value: object, place: str) -> Iterator[tuple[str, str]]:
    """Yield every string in a JSON value with its place, such as data[0].title; keys are strings too."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings(item, f"{place}[{index}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield f"a key of {place or 'the object'}", key
            yield from _strings(item, f"{place}.{key}" if place else key)
