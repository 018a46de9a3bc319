"""Compute once for one object what several pages need."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

_Of = TypeVar("_Of")
_Found = TypeVar("_Found")


def once(compute: Callable[[_Of], _Found]) -> Callable[[_Of], _Found]:
    """Keep what is computed of a frozen record with the record itself, and no longer."""
    name = f"_{compute.__module__}.{compute.__qualname__}"

    @wraps(compute)
    def computed(of: _Of) -> _Found:
        held = vars(of)
        if name not in held:
            held[name] = compute(of)
        found: _Found = held[name]
        return found

    return computed
