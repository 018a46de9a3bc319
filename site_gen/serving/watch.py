"""Watch submissions and the settings next to them for changes; the only importer of watchfiles."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from watchfiles import watch

from harness.errors import StiltboardError
from harness.store import RESULTS_FOLDER, SUBMISSION_FILE
from site_gen.reading.board_content import content_paths
from site_gen.reading.folder_state import FolderState, folder_state, folder_states, is_paired

# Changes that the system does not report, as on some network disks, are seen after this many seconds.
_LOOK_AGAIN = 60.0
# Where it reports nothing, all folders are polled, for at most a third of the time.
_BETWEEN_LOOKS, _REST = 1.0, 2.0
_MILLISECONDS = 200


class _Notice(NamedTuple):
    """The submissions whose folders changed (None: any may have), and whether the system reports changes."""

    slugs: frozenset[str] | None
    is_listening: bool = True


def changes(
    submissions: Path,
    seen: Mapping[str, FolderState],
    look_again: float = _LOOK_AGAIN,
    between: float = _BETWEEN_LOOKS,
) -> Iterator[Mapping[str, FolderState]]:
    """Yield the states of all folders when one differs from `seen` or the last; show a fault once.

    The same when a file next to them changed that a build reads, such as the board's settings.
    """
    states, fault, has_failed = seen, "", False
    content = _content(submissions)
    for notice in _notices(submissions, look_again):
        started = time.monotonic()
        try:
            current = _look(submissions, states, None if has_failed else notice.slugs)
        except FileNotFoundError:  # a file was deleted meanwhile
            has_failed = True
        except (StiltboardError, OSError) as error:
            has_failed, fault = True, _show(error, fault)
        else:
            content, content_before = _content(submissions), content
            changed = content != content_before or (
                {slug: state.digest for slug, state in current.items()}
                != {slug: state.digest for slug, state in states.items()}
            )
            states, fault, has_failed = current, "", False
        looked = time.monotonic()
        if not has_failed and changed:
            yield states
        if not notice.is_listening:
            time.sleep(max(between, _REST * (looked - started)))


def _show(error: StiltboardError | OSError, before: str) -> str:
    """Show a fault unless it is the same as `before`; return its text."""
    if str(error) != before:
        (
            error
            if isinstance(error, StiltboardError)
            else StiltboardError(f"cannot read the submissions: {error}")
        ).show()
    return str(error)


def _look(
    submissions: Path, before: Mapping[str, FolderState], slugs: frozenset[str] | None
) -> Mapping[str, FolderState]:
    """Return the states of all folders, reading only the named ones (None: all)."""
    if slugs is None or not all(
        slug in before and (submissions / slug / SUBMISSION_FILE).exists() for slug in slugs
    ):
        return folder_states(submissions)
    paired = is_paired(len(before))
    return {**before, **{slug: folder_state(submissions / slug, paired) for slug in slugs}}


def _content(submissions: Path) -> list[tuple[Path, int, int] | None]:
    """Return path, size and time of each file next to the submissions that a build reads; None if missing."""
    found: list[tuple[Path, int, int] | None] = []
    for path in content_paths(submissions):
        try:
            status = path.stat()
        except OSError:
            found.append(None)
        else:
            found.append((path, status.st_size, status.st_mtime_ns))
    return found


def _notices(submissions: Path, look_again: float) -> Iterator[_Notice]:
    """Yield notices without end."""
    while True:
        try:
            yield from _notices_of_current_folders(submissions, look_again)
        except (
            OSError,
            RuntimeError,
            UnicodeError,
        ):  # too many folders to watch, a deleted folder, a name that is not text
            yield _Notice(None, is_listening=False)


def _notices_of_current_folders(submissions: Path, look_again: float) -> Iterator[_Notice]:
    """Yield notices until a folder is added or removed."""
    folders, top = set(_folders(submissions)), submissions.resolve()
    looked = float("-inf")  # the first event also covers changes before watching began
    # Each folder separately: a symbolic link in a submission may lead to the whole disk.
    for events in watch(
        *folders,
        watch_filter=None,
        recursive=False,
        rust_timeout=_MILLISECONDS,
        yield_on_timeout=True,
        ignore_permission_denied=True,
    ):
        inside = [Path(path).relative_to(top).parts for _, path in events if Path(path).is_relative_to(top)]
        is_other = any(len(parts) < 2 or parts[1:] == (RESULTS_FOLDER,) for parts in inside)
        if is_other or time.monotonic() - looked > look_again:
            yield _Notice(None)
            looked = time.monotonic()
            if folders != set(_folders(submissions)):
                return
        elif inside:
            yield _Notice(frozenset(parts[0] for parts in inside))
        elif events:  # next to the submissions
            yield _Notice(frozenset())
            if folders != set(_folders(submissions)):
                return


def _folders(submissions: Path) -> Iterator[Path]:
    """Yield the folder itself, every submission's folder with its results, and where the settings are."""
    top = submissions.resolve()
    yield top
    yield from {path.parent.resolve() for path in content_paths(submissions) if path.parent.is_dir()}
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
    """Tell whether a name can be watched; every submission's name can."""
    return name.isprintable()
