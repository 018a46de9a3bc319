"""A submission as it enters the board: its results in compact form, and where the rest of them is kept; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from harness.records import Submission, Target
from harness.scoring.statistics.pairwise import Entrant
from site_gen.board.compact_result import CompactResult, compact
from site_gen.board.ranking_input import unpaired_entrant
from site_gen.board.trust import Trust
from site_gen.board.whole import WholeCell, WholeRow


@dataclass(frozen=True, eq=False)
class Contender:
    """A submission on one target as it enters a ranking: its result, what is unsure about its score, and whose word it is.

    `entrant` is None while a language is missing. `stamp` is the digest of all three: two of one stamp rank
    alike.
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
    """One submission with its contenders by target; `stamp` is the digest of everything that its files say."""

    slug: str
    submission: Submission
    contenders: Mapping[str, Contender]
    details: Details
    stamp: bytes


class Details(Protocol):
    """What nothing on the board depends on: what a submission's own page and its files show of its results."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the paths of the submission's own files within the site."""

    def file(self, path: str) -> bytes:
        """Return one of these files."""

    def lines(self, target: str) -> bytes:
        """Return the lines of a target's CSV by language."""

    def page(self, targets: Mapping[str, Target], language_paths: Mapping[str, str]) -> Sections:
        """Return what the page shows of these targets; `language_paths` leads to the languages that have a page."""


class Sections(NamedTuple):
    """Parts of a submission's page: what it says of each result, by target, and of the training, and whether a chart is in them."""

    results: Mapping[str, str]
    training: str
    charted: bool


def make_entry(row: WholeRow, details: Details, stamp: bytes) -> Entry:
    """Return a submission as it enters the board."""
    contenders = {name: _contender(row.submission, cell) for name, cell in row.cells.items()}
    return Entry(row.slug, row.submission, contenders, details, stamp)


def _contender(submission: Submission, cell: WholeCell) -> Contender:
    entrant = (
        cell.entrant or unpaired_entrant(cell.target, submission, cell.result)
        if cell.result.complete
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
                )
            ).encode()
        )
        digest.update(
            entrant.seeds.tobytes() + (b"" if entrant.examples is None else entrant.examples.tobytes())
        )
    return Contender(result, entrant, trust, digest.digest()[:16])
