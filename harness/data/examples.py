"""The interface of all examples, and the base class of those that are rows of a table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import cached_property
from typing import Any, Protocol, Self

import numpy as np

from harness.data.text_files import fingerprint
from harness.records import TextRole

# When a recipe limits the examples, the selection does not depend on the seed: seeds differ in training only.
_DRAW = 0


class Examples(Protocol):
    """The examples of one target in one language, from any source."""

    @property
    def source(self) -> str:
        """Describe in a few words where the text was read."""

    @property
    def fingerprint(self) -> str:
        """Return sha256 over the content, independent of the source."""

    @property
    def sides(self) -> Mapping[str, Sequence[str]]:
        """Return every text whose vector is needed, in named lists; the names are for messages."""

    @property
    def roles(self) -> Mapping[str, tuple[TextRole, ...]]:
        """Return the sides whose texts are queries or passages, or both in turn; others are not listed."""

    @property
    def languages(self) -> Mapping[str, str | Sequence[str]]:
        """Return the language of each side, or of each of its texts; unknown ones are not listed."""

    def __len__(self) -> int:
        """Count the examples, as the catalog does."""

    def first(self, n: int) -> Self:
        """Return a small part for a trial: the first n examples."""


class RowExamples(ABC):
    """Examples that are rows of a table: a frozen dataclass whose tuple fields are the columns, in order."""

    source: str

    @property
    @abstractmethod
    def sides(self) -> Mapping[str, Sequence[str]]:
        """Return every text whose vector is needed, in named lists; the names are for messages."""

    @property
    def roles(self) -> Mapping[str, tuple[TextRole, ...]]:
        """Return the sides whose texts are queries or passages: none, where all texts are alike."""
        return {}

    @property
    def languages(self) -> Mapping[str, str | Sequence[str]]:
        """Return the language of each side, or of each of its texts: unknown, where no class says it."""
        return {}

    @property
    def columns(self) -> Mapping[str, tuple[Any, ...]]:
        """Return the fields that are tuples, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        return {name: column for name, column in values.items() if isinstance(column, tuple)}

    @cached_property
    def fingerprint(self) -> str:
        """Return sha256 over the rows in their order, independent of the source."""
        return fingerprint(zip(*self.columns.values(), strict=True))

    def __len__(self) -> int:
        """Count the rows."""
        return len(next(iter(self.columns.values())))

    def rows(self, rows: Sequence[int] | slice) -> Self:
        """Return the examples in these rows, counted from 0, in this order."""
        selected = {
            name: column[rows] if isinstance(rows, slice) else tuple(column[row] for row in rows)
            for name, column in self.columns.items()
        }
        return replace(self, **selected)  # type: ignore[type-var]

    def first(self, n: int) -> Self:
        """Return the first n rows."""
        return self.rows(slice(0, n))

    def draw(self, n: int) -> Self:
        """Return n random examples, the same ones at every call, in their order."""
        if n >= len(self):
            return self
        return self.rows(np.sort(np.random.default_rng(_DRAW).permutation(len(self))[:n]).tolist())
