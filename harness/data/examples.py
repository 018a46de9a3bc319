"""What every kind of examples has in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, Self


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
