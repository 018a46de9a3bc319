"""The commit that a board is the content of, and snapshots: commits with a name that never moves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """A commit, and its date in UTC, such as 2026-03-02T09:14:07Z."""

    commit: str
    date: str

    @property
    def short(self) -> str:
        """Return the first twelve digits of the commit."""
        return self.commit[:12]

    @property
    def day(self) -> str:
        """Return the day of the date, such as 2026-03-02."""
        return self.date[:10]


@dataclass(frozen=True)
class Snapshot:
    """A snapshot's name, such as 2026-11, and the commit that it is."""

    name: str
    origin: Origin

    @property
    def label(self) -> str:
        """Return what a citation names: the snapshot, and its commit."""
        return f"snapshot {self.name}, commit {self.origin.short}"
