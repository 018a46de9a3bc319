"""The board's input for one submission: compact results, and access to their details; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from harness.records import Notice, Submission, Target, Tombstone
from harness.scoring.statistics.entrant import Entrant
from site_gen.board.compact_result import CompactResult, compact
from site_gen.board.ranking_input import unpaired_entrant
from site_gen.board.reported import ReportedEntry
from site_gen.board.trust import Trust
from site_gen.board.whole import WholeCell, WholeRow


@dataclass(frozen=True, eq=False)
class Contender:
    """A submission's input to the ranking of one target: its result, the uncertainty of its score, its trust.

    `entrant` is None while a language is missing. `stamp` is the digest of all three: contenders with equal
    stamps rank alike.
    """

    result: CompactResult
    entrant: Entrant | None
    trust: Trust
    stamp: bytes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Contender) and self.stamp == other.stamp

    def __hash__(self) -> int:
        return hash(self.stamp)


@dataclass(frozen=True)
class Entry:
    """One submission with its contenders by target; `stamp` is the digest of all its files.

    `notices` are all about the submission, also those that were lifted.
    """

    slug: str
    submission: Submission
    contenders: Mapping[str, Contender]
    details: Details
    stamp: bytes
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class WithdrawnEntry:
    """What is left of a withdrawn submission: its slug leads to its tombstone."""

    slug: str
    tombstone: Tombstone


AnyEntry = Entry | ReportedEntry | WithdrawnEntry


class Details(Protocol):
    """The parts of a submission's results that only its page and files show, not the board."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the paths of the submission's files within the site."""

    def file(self, path: str) -> bytes:
        """Return the content of the file at one of `paths`."""

    def lines(self, target: str) -> bytes:
        """Return the submission's lines in the by-language CSV of a target."""

    def page(self, targets: Mapping[str, Target], language_paths: Mapping[str, str]) -> Sections:
        """Return the page's sections on these targets; `language_paths` has the languages with a page."""


class Sections(NamedTuple):
    """Rendered parts of a submission's page: results by target, the training, whether there is a chart."""

    results: Mapping[str, str]
    training: str
    charted: bool


def make_entry(row: WholeRow, details: Details, stamp: bytes) -> Entry:
    """Return the board's input for a submission."""
    contenders = {name: _contender(row.submission, cell) for name, cell in row.cells.items()}
    return Entry(row.slug, row.submission, contenders, details, stamp, row.notices)


def _contender(submission: Submission, cell: WholeCell) -> Contender:
    entrant = (
        cell.entrant or unpaired_entrant(cell.target, submission, cell.result)
        if cell.result.covers(cell.target.languages)
        else None
    )
    return contender(compact(cell.result), entrant, cell.trust)


def contender(result: CompactResult, entrant: Entrant | None, trust: Trust) -> Contender:
    """Return a contender with its stamp."""
    digest = hashlib.sha256(result.stamp + repr(trust).encode())
    if entrant is not None:
        digest.update(
            repr(
                (
                    entrant.score,
                    entrant.variance,
                    entrant.interaction,
                    entrant.trained,
                    entrant.count,
                    entrant.design,
                    entrant.regime,
                    entrant.lengths,
                    entrant.binary,
                )
            ).encode()
        )
        digest.update(
            b"".join(
                array.tobytes()
                for array in (entrant.seeds, entrant.examples, entrant.keys)
                if array is not None
            )
        )
    return Contender(result, entrant, trust, digest.digest()[:16])
