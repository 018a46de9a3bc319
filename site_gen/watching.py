"""What changes in a folder of submissions, told as soon as it does; the only importer of watchfiles."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from watchfiles import watch

from harness.errors import StiltboardError
from harness.store import SUBMISSION_FILE
from site_gen.states import FolderState, folder_state, folder_states, is_paired

# What the system does not tell of, as on some network disks, is seen after so many seconds.
_LOOK_AGAIN = 60.0
# Where it can tell of nothing all folders are looked at again and again, for a third of the time at most.
_BETWEEN_LOOKS, _REST = 1.0, 2.0
_MILLISECONDS = 200


def changes(
    submissions: Path, seen: Mapping[str, FolderState], look_again: float = _LOOK_AGAIN, between: float = _BETWEEN_LOOKS
) -> Iterator[Mapping[str, FolderState]]:
    """Yield the states of all folders when one is another than in `seen`, or than it was last; a fault is told once."""
    states, told = seen, ""
    for slugs in _told(submissions, look_again, between):
        try:
            found = _look(submissions, states, slugs)
        except FileNotFoundError:  # a file went while we looked, of which we are told next
            continue
        except StiltboardError as error:
            if str(error) != told:
                told = str(error)
                error.show()
            continue
        told = ""
        changed = {slug: state.digest for slug, state in found.items()} != {slug: state.digest for slug, state in states.items()}
        states = found
        if changed:
            yield states


def _look(submissions: Path, before: Mapping[str, FolderState], slugs: frozenset[str] | None) -> Mapping[str, FolderState]:
    """Return the states of all folders, of which those not named are as before; look at all where None are named."""
    if slugs is None or not all(slug in before and (submissions / slug / SUBMISSION_FILE).exists() for slug in slugs):
        return folder_states(submissions)
    paired = is_paired(len(before))
    return {**before, **{slug: folder_state(submissions / slug, paired) for slug in slugs}}


def _told(submissions: Path, look_again: float, between: float) -> Iterator[frozenset[str] | None]:
    """Yield the submissions in whose folders something happened, or None where it may be any."""
    while True:
        started = time.monotonic()
        try:
            yield from _told_of(submissions.resolve(), look_again)
        except OSError:  # more folders than the system watches, or one that went
            yield None
            time.sleep(max(between, _REST * (time.monotonic() - started)))


def _told_of(submissions: Path, look_again: float) -> Iterator[frozenset[str] | None]:
    """Yield as long as there are the folders that there were."""
    looked = float("-inf")  # what happened before we were told of anything has to be seen, too
    # Each folder by itself: below a link that somebody sends us may lie the whole disk.
    for events in watch(*_folders(submissions), watch_filter=None, recursive=False, rust_timeout=_MILLISECONDS, yield_on_timeout=True):
        places = [Path(path) for _, path in events]
        inside = [place.relative_to(submissions).parts for place in places if place.is_relative_to(submissions)]
        if time.monotonic() - looked > look_again or len(inside) < len(places) or any(len(parts) < 2 for parts in inside):
            yield None
            looked = time.monotonic()
        elif inside:
            yield frozenset(parts[0] for parts in inside)
        if any(len(parts) < 2 for parts in inside) or any(place.is_dir() for place in places):
            return


def _folders(submissions: Path) -> Iterator[Path]:
    """Yield the folder, those in it, and theirs of results."""
    yield submissions
    with os.scandir(submissions) as entries:
        folders = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    for folder in folders:
        yield folder
        results = folder / "results"
        if results.is_dir() and not results.is_symlink():
            yield results
