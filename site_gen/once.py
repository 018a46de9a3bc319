"""Cache computed values on the record that they were computed from, for several pages or builds."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar, TypeVarTuple

_Record = TypeVar("_Record")
_Arguments = TypeVarTuple("_Arguments")
_Value = TypeVar("_Value")


def once(compute: Callable[[_Record, *_Arguments], _Value]) -> Callable[[_Record, *_Arguments], _Value]:
    """Decorate a function to cache its value, by the other arguments, on the frozen record given first."""
    name = f"_{compute.__module__}.{compute.__qualname__}"

    @wraps(compute)
    def computed(record: _Record, *arguments: *_Arguments) -> _Value:
        values = vars(record).get(name)
        if values is None:
            values = vars(record)[name] = {}
        if arguments not in values:
            values[arguments] = compute(record, *arguments)
        value: _Value = values[arguments]
        return value

    return computed
