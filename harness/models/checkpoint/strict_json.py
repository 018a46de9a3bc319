"""Read untrusted JSON: one object, no repeated key, nothing that another parser would read differently."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from harness.characters import shown
from harness.errors import BadInput

_DEPTH = 32
# An object with this many values takes at most 160 MiB to be parsed, as measured.
_VALUES = 500_000
_CURE = "save the checkpoint again, with save_pretrained"


def read_object(data: bytes, fault: str) -> dict[str, Any]:
    """Return the object in `data`. Raises BadInput, whose message begins with `fault`, for anything else.

    Parsers differ in which of two equal keys they take, so that what was checked might not be what is opened:
    a repeated key is refused. Depth is bounded, since parsers recurse, and so is the number of values, since
    each takes up to forty times its bytes.
    """
    refuse_many_values(data, fault)
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique_keys, parse_constant=_no_constant)
    except RecursionError:
        raise BadInput(f"{fault}: it is nested deeper than {_DEPTH} levels", cure=_CURE) from None
    except ValueError as reason:
        raise BadInput(f"{fault}: {reason}", cure=_CURE) from reason
    if not isinstance(value, dict):
        raise BadInput(f"{fault}: it holds {type(value).__name__}, not an object", cure=_CURE)
    if max(depth for depth, _, _, _ in walk(value)) > _DEPTH:
        raise BadInput(f"{fault}: it is nested deeper than {_DEPTH} levels", cure=_CURE)
    return value


def refuse_many_values(data: bytes, fault: str, most: int = _VALUES) -> None:
    """Raise BadInput where JSON may hold more than `most` values, before it is parsed.

    A value is an item of a list or an entry of an object. Each follows a comma or an opening bracket, and
    those inside of strings count as well.
    """
    if (values := sum(map(data.count, (b",", b"[", b"{")))) > most:
        raise BadInput(f"{fault}: it holds up to {values:,} values, the most is {most:,}", cure=_CURE)


def walk(value: Any) -> Iterator[tuple[int, tuple[str, ...], str, Any]]:
    """Yield (depth, parent keys, key, value) of everything in an object; list items have the list's key."""
    stack: list[tuple[int, tuple[str, ...], str, Any]] = [(0, (), "", value)]
    while stack:
        depth, parents, key, item = stack.pop()
        yield depth, parents, key, item
        if isinstance(item, dict):
            item_parents = (*parents, key) if key else parents
            stack.extend((depth + 1, item_parents, child_key, child) for child_key, child in item.items())
        elif isinstance(item, list):
            stack.extend((depth + 1, parents, key, child) for child in item)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        repeated = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {shown(repeated)} stands twice")
    return result


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
