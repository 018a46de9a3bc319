"""What every kind of examples has in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Protocol, Self, TypeVar

import numpy as np

# Which examples are taken when a recipe limits them does not depend on the seed: seeds differ by training alone.
_CHOICE = 0


class Examples(Protocol):
    """The examples of one target in one language, whichever source they came from."""

    @property
    def source(self) -> str:
        """Say in a few words where the text was read."""

    @property
    def fingerprint(self) -> str:
        """Return sha256 over the content; the source does not enter."""

    @property
    def sides(self) -> Mapping[str, Sequence[str]]:
        """Return every text whose vector is needed, in named lists; the names stand in messages."""

    def __len__(self) -> int:
        """Count the examples, as the catalog does."""

    def first(self, n: int) -> Self:
        """Return a small part for a trial: the first n examples."""


Some = TypeVar("Some", bound=Examples)


def rows_of(examples: Some, rows: Sequence[int] | slice) -> Some:
    """Return the examples in these rows, counted from 0, in this order."""
    assert is_dataclass(examples)
    columns = {field.name: getattr(examples, field.name) for field in fields(examples)}
    kept = {name: column for name, column in columns.items() if isinstance(column, tuple)}
    picked = {name: column[rows] if isinstance(rows, slice) else tuple(column[row] for row in rows) for name, column in kept.items()}
    part: Some = replace(examples, **picked)
    return part


def chosen(examples: Some, n: int) -> Some:
    """Return n of the examples, the same ones every time, in their order."""
    if n >= len(examples):
        return examples
    return rows_of(examples, np.sort(np.random.default_rng(_CHOICE).permutation(len(examples))[:n]).tolist())
