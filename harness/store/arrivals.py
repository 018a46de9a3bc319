"""When each file of a board came to its main line."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime

from harness.store.git import Revision, query


@dataclass(frozen=True)
class Arrival:
    """The commit of the main line that first had a file, and its time."""

    commit: str
    time: datetime


def arrivals(head: Revision) -> dict[str, Arrival]:
    """Return for each path in the folder of submissions, present or past, when it first came.

    In a shallow clone that is at the earliest the first commit that the clone has.
    """
    repository = head.repository
    output = query(
        repository.folder,
        "log",
        "-z",
        "--reverse",
        "--first-parent",
        "--diff-merges=first-parent",
        "--diff-filter=A",
        "--name-only",
        "--no-renames",
        "--format=%x01%H %ct",
        head.commit,
        "--",
        str(repository.top / repository.place),
    )
    first: dict[str, Arrival] = {}
    for entry in os.fsdecode(output).split("\x01")[1:]:
        line, _, paths = entry.partition("\0")
        commit, seconds = line.split()
        arrival = Arrival(commit, datetime.fromtimestamp(int(seconds), UTC))
        for path in paths.split("\0"):
            if path.strip("\n"):
                first.setdefault(path.strip("\n"), arrival)
    return first
