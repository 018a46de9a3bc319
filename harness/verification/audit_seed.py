"""Where the seed of an audit comes from: a round of a public beacon or a later merge, never the submitter.

A hash that a submitter makes, such as that of their own commit, can be made again with other words until the
sample suits them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.characters import shown
from harness.clock import written
from harness.errors import BadInput, WrongUsage
from harness.store.git import MainLineCommit, Revision, landed, main_line, repository_around, resolved

# drand's quicknet, run by the League of Entropy: a round every three seconds since round 1.
# Source: https://api.drand.sh/52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971/info
_CHAIN = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
_FIRST_ROUND, _SECONDS = 1692803367, 3


@dataclass(frozen=True)
class AuditSeed:
    """The seed, what it was drawn from, and by whom it could have been chosen."""

    seed: str
    origin: str
    chooser: str


@dataclass(frozen=True)
class Beacon:
    """A round of drand's quicknet with its published randomness, 64 hexadecimal digits."""

    round: int
    value: str

    @property
    def time(self) -> int:
        """When the round is published, in Unix seconds."""
        return _FIRST_ROUND + (self.round - 1) * _SECONDS

    @property
    def seed(self) -> AuditSeed:
        """The seed of the round, which no one could know before."""
        return AuditSeed(
            f"drand quicknet {self.round} {self.value}",
            f"round {self.round} of drand's quicknet, published {_date(self.time)} "
            f"(compare https://api.drand.sh/{_CHAIN}/public/{self.round})",
            "no one could choose its value; but among rounds, who did not name one before it was published",
        )


def _date(time: int) -> str:
    return written(datetime.fromtimestamp(time, UTC))


def parse_beacon(text: str, now: datetime) -> Beacon:
    """Return the round that `ROUND:VALUE` names; raises WrongUsage for another form or a round to come."""
    match = re.fullmatch(r"([1-9][0-9]{0,9}):([0-9a-f]{64})", text)
    if match is None:
        raise WrongUsage(
            f"--beacon {shown(text)} is not a round of drand's quicknet and its randomness",
            cure="write ROUND:RANDOMNESS, the randomness as 64 digits 0-9a-f, "
            f"from https://api.drand.sh/{_CHAIN}/public/ROUND",
        )
    beacon = Beacon(int(match[1]), match[2])
    if beacon.time > now.timestamp():
        raise WrongUsage(
            f"round {beacon.round} is not published before {_date(beacon.time)}",
            cure="wait for it, or correct the number of the round",
        )
    return beacon


@dataclass(frozen=True)
class AuditSource:
    """A beacon's round or a revision that names a merge, of which an audit has one."""

    beacon: Beacon | None = None
    merge: str = ""

    def draw_from(self, results: Sequence[Path]) -> tuple[AuditSeed, list[Path], str]:
        """Return the seed, the results that are older than it, and a note about the others, if any.

        Who makes a result after the seed is known can choose whether it is drawn. Raises WrongUsage for a
        commit that is no merge on the main line, and BadInput for a merge without a repository.
        """
        try:
            history = _History.around(results[0].absolute().parents[2])
        except BadInput:
            if self.beacon is None:
                raise
            return self.beacon.seed, list(results), "without a repository, no result is known to be older"
        if self.beacon is not None:
            seed, limit = self.beacon.seed, self.beacon.time
            older = [path for path in results if (found := history.commit_of(path)) and found.time < limit]
        else:
            merge, position = history.merge(self.merge)
            seed = AuditSeed(
                f"merge {merge.commit}",
                f"the merge {merge.commit}, made {_date(merge.time)}",
                "who made this merge could choose it, by making it again; the submitters could not",
            )
            older = [
                path
                for path in results
                if (found := history.commit_of(path)) and history.line.index(found) > position
            ]
        newer = len(results) - len(older)
        return seed, older, f"{newer} that are newer on the main line are left out" if newer else ""


@dataclass(frozen=True)
class _History:
    """The main line of the checked out branch, newest first, and the commit that last changed each file."""

    head: Revision
    line: tuple[MainLineCommit, ...]
    landed: Mapping[str, str]

    @classmethod
    def around(cls, submissions: Path) -> _History:
        head = resolved(repository_around(submissions), "HEAD")
        return cls(head, tuple(main_line(head)), landed(head))

    def merge(self, revision: str) -> tuple[MainLineCommit, int]:
        """Return a merge on the main line with its position."""
        commit = resolved(self.head.repository, revision).commit
        for position, entry in enumerate(self.line):
            if entry.commit == commit and entry.is_merge:
                return entry, position
        raise WrongUsage(
            f"--merge {shown(revision)} is no merge on the main line of the checked out branch",
            cure="name one that git log --first-parent --merges lists, or use --beacon: "
            "the hash of another commit can be chosen by its author",
        )

    def commit_of(self, path: Path) -> MainLineCommit | None:
        """Return the commit that last changed a file; None where it is not on the main line."""
        name = path.resolve().relative_to(self.head.repository.top).as_posix()
        return next((entry for entry in self.line if entry.commit == self.landed.get(name)), None)
