"""What changes in a folder of submissions, told as soon as it does; the only importer of watchfiles."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from watchfiles import watch

from harness.errors import StiltboardError
from harness.store import RESULTS_FOLDER, SUBMISSION_FILE
from site_gen.reading.folder_state import FolderState, folder_state, folder_states, is_paired

# What the system does not tell of, as on some network disks, is seen after so many seconds.
_LOOK_AGAIN = 60.0
# Where it can tell of nothing all folders are looked at again and again, for a third of the time at most.
_BETWEEN_LOOKS, _REST = 1.0, 2.0
_MILLISECONDS = 200


class _Notice(NamedTuple):
    """The submissions in whose folders something happened, or None where it may be any; and whether the system tells of more."""

    slugs: frozenset[str] | None
    is_listening: bool = True


def changes(
    submissions: Path,
    seen: Mapping[str, FolderState],
    look_again: float = _LOOK_AGAIN,
    between: float = _BETWEEN_LOOKS,
) -> Iterator[Mapping[str, FolderState]]:
    """Yield the states of all folders when one is another than in `seen`, or than it was last; a fault is told once."""
    states, fault, has_failed = seen, "", False
    for told in _told(submissions, look_again):
        started = time.monotonic()
        try:
            found = _look(submissions, states, None if has_failed else told.slugs)
        except FileNotFoundError:  # a file went while we looked
            has_failed = True
        except (StiltboardError, OSError) as error:
            has_failed, fault = True, _show(error, fault)
        else:
            changed = {slug: state.digest for slug, state in found.items()} != {
                slug: state.digest for slug, state in states.items()
            }
            states, fault, has_failed = found, "", False
        looked = time.monotonic()
        if not has_failed and changed:
            yield states
        if not told.is_listening:
            time.sleep(max(between, _REST * (looked - started)))


def _show(error: StiltboardError | OSError, before: str) -> str:
    """Show a fault that is another than the one before; return what it says."""
    if str(error) != before:
        (
            error
            if isinstance(error, StiltboardError)
            else StiltboardError(f"cannot look at the submissions: {error}")
        ).show()
    return str(error)


def _look(
    submissions: Path, before: Mapping[str, FolderState], slugs: frozenset[str] | None
) -> Mapping[str, FolderState]:
    """Return the states of all folders, of which those not named are as before; look at all where None are named."""
    if slugs is None or not all(
        slug in before and (submissions / slug / SUBMISSION_FILE).exists() for slug in slugs
    ):
        return folder_states(submissions)
    paired = is_paired(len(before))
    return {**before, **{slug: folder_state(submissions / slug, paired) for slug in slugs}}


def _told(submissions: Path, look_again: float) -> Iterator[_Notice]:
    """Yield for ever where to look."""
    while True:
        try:
            yield from _told_of(submissions, look_again)
        except (
            OSError,
            RuntimeError,
            UnicodeError,
        ):  # more folders than the system watches, one that went, a name that is no text
            yield _Notice(None, is_listening=False)


def _told_of(submissions: Path, look_again: float) -> Iterator[_Notice]:
    """Yield as long as there are the folders that there were."""
    folders, top = set(_folders(submissions)), submissions.resolve()
    looked = float("-inf")  # what happened before we were told of anything has to be seen, too
    # Each folder by itself: below a link that somebody sends us may lie the whole disk.
    for events in watch(
        *folders,
        watch_filter=None,
        recursive=False,
        rust_timeout=_MILLISECONDS,
        yield_on_timeout=True,
        ignore_permission_denied=True,
    ):
        inside = [
            Path(path).relative_to(top).parts if Path(path).is_relative_to(top) else () for _, path in events
        ]
        is_other = any(len(parts) < 2 or parts[1:] == (RESULTS_FOLDER,) for parts in inside)
        if is_other or time.monotonic() - looked > look_again:
            yield _Notice(None)
            looked = time.monotonic()
            if folders != set(_folders(submissions)):
                return
        elif inside:
            yield _Notice(frozenset(parts[0] for parts in inside))


def _folders(submissions: Path) -> Iterator[Path]:
    """Yield the folder, those in it, and theirs of results."""
    top = submissions.resolve()
    yield top
    with os.scandir(top) as entries:
        folders = [
            Path(entry.path)
            for entry in entries
            if entry.is_dir(follow_symlinks=False) and _is_text(entry.name)
        ]
    for folder in folders:
        yield folder
        results = folder / RESULTS_FOLDER
        if results.is_dir() and not results.is_symlink():
            yield results


def _is_text(name: str) -> bool:
    """Tell whether a name is one that can be watched; no submission has another."""
    return name.isprintable()
