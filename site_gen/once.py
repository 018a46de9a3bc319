"""Compute once for one object what several pages, or several builds, need."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar, TypeVarTuple

_Of = TypeVar("_Of")
_More = TypeVarTuple("_More")
_Found = TypeVar("_Found")


def once(compute: Callable[[_Of, *_More], _Found]) -> Callable[[_Of, *_More], _Found]:
    """Keep what is computed of a frozen record, and of what else is given, with the record itself, and no longer."""
    name = f"_{compute.__module__}.{compute.__qualname__}"

    @wraps(compute)
    def computed(of: _Of, *more: *_More) -> _Found:
        held = vars(of).get(name)
        if held is None:
            held = vars(of)[name] = {}
        if more not in held:
            held[more] = compute(of, *more)
        found: _Found = held[more]
        return found

    return computed
