"""Read JSON that somebody else wrote: one object, no key twice, nothing that another parser would read differently."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from harness.characters import shown
from harness.errors import BadInput

_DEPTH = 32
_CURE = "save the checkpoint again, with save_pretrained"


def read_object(data: bytes, fault: str) -> dict[str, Any]:
    """Return the object that `data` holds. Raises BadInput, which begins with `fault`, for anything else.

    Two parsers may each take another one of two equal keys, so that what was checked is not what is opened: a
    key that stands twice is refused. Depth is bounded, since parsers recurse.
    """
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except RecursionError:
        raise BadInput(f"{fault}: it is nested deeper than {_DEPTH} levels", cure=_CURE) from None
    except ValueError as reason:
        raise BadInput(f"{fault}: {reason}", cure=_CURE) from reason
    if not isinstance(value, dict):
        raise BadInput(f"{fault}: it holds {type(value).__name__}, not an object", cure=_CURE)
    if max(depth for depth, _, _, _ in walk(value)) > _DEPTH:
        raise BadInput(f"{fault}: it is nested deeper than {_DEPTH} levels", cure=_CURE)
    return value


def walk(value: Any) -> Iterator[tuple[int, tuple[str, ...], str, Any]]:
    """Yield depth, the keys above, key and value of everything inside an object; elements of lists have their list's key."""
    waiting: list[tuple[int, tuple[str, ...], str, Any]] = [(0, (), "", value)]
    while waiting:
        depth, above, key, inner = waiting.pop()
        yield depth, above, key, inner
        if isinstance(inner, dict):
            path = (*above, key) if key else above
            waiting.extend((depth + 1, path, name, each) for name, each in inner.items())
        elif isinstance(inner, list):
            waiting.extend((depth + 1, above, key, each) for each in inner)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {shown(twice)} stands twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
