"""Read a folder of submissions into entries: by several processes, and only what changed since the last build."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from harness.errors import BadInput, Fault, Where
from site_gen.board.entry import Entry, make_entry
from site_gen.board.language_names import find_language, has_page
from site_gen.board.reported import ReportedEntry
from site_gen.board.whole import WholeEntry, whole_row
from site_gen.pages.submission_details import WholeDetails
from site_gen.reading.build_cache import Shelf, packed
from site_gen.reading.cached_details import ShelvedDetails, page_name, page_part
from site_gen.reading.entries import read_entry
from site_gen.reading.folder_state import FolderState, folder_key, folder_state, is_paired
from site_gen.reading.gc_pause import uncollected
from site_gen.reading.serialization import Packer, Unpacker

# Below so many a second process costs more than it saves.
_FEW = 24
# Each process takes some 100 MB.
_MOST_PROCESSES = 4
_SAVE_EVERY = 500
_TRIES = 5

_Task = TypeVar("_Task")
_Done = TypeVar("_Done")


@dataclass(frozen=True)
class _FolderTask:
    """A folder to read, its files' state when it was looked at, and the key of what the shelf has of it."""

    folder: Path
    paired: bool
    state: FolderState
    key: bytes


@dataclass(frozen=True)
class _FolderRead:
    """What a folder holds, packed for the shelf; nothing but its key where the shelf has it, or else what is wrong.

    `state` is the digest of its files where it may be known by that, else empty.
    """

    slug: str
    state: bytes
    key: bytes
    packed: bytes = b""
    shared: Mapping[bytes, str] = field(default_factory=dict)
    parts: Mapping[str, bytes] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()


Held = Mapping[bytes, Entry | ReportedEntry]


def read_submissions(submissions: Path, shelf: Shelf, states: Mapping[str, FolderState], held: Held) -> Held:
    """Read every submission, and refuse all of them with all faults when one is malformed.

    `states` are those of the folders; what is `held` of an earlier build, by the key of its content, is taken
    as it is.
    """
    paired = is_paired(len(states))
    known = shelf.folders()
    nothing = (b"", b"")
    changed = [
        slug
        for slug, state in states.items()
        if not state.settled or known.get(slug, nothing)[0] != state.digest
    ]
    asked = [
        _FolderTask(submissions / slug, paired, states[slug], known.get(slug, nothing)[1]) for slug in changed
    ]
    folders = {slug: known[slug] for slug in states if slug in known}
    faults: list[Fault] = []
    for number, read in enumerate(in_processes(_read, asked), start=1):
        faults += read.faults
        if not read.faults:
            folders[read.slug] = (read.state, read.key)
        if read.packed:
            shelf.keep(read.slug, read.state, read.key, read.packed, read.shared, read.parts)
        if number % _SAVE_EVERY == 0:
            shelf.save()
    shelf.keep_folders(folders)
    shelf.save()
    if faults:
        raise BadInput(faults)
    slugs = {key: slug for slug, (_, key) in folders.items()}
    kept = {key: entry for key, entry in held.items() if key in slugs}
    with uncollected():
        return kept | dict(_entries(submissions, shelf, slugs, paired, kept))


def _entries(
    submissions: Path, shelf: Shelf, slugs: Mapping[bytes, str], paired: bool, but: Held
) -> Iterator[tuple[bytes, Entry | ReportedEntry]]:
    unpacker = Unpacker(shelf.shared())
    for key, data in shelf.entries(but.keys()):
        yield (
            key,
            unpacker.unpack(data, partial(ShelvedDetails, shelf, key, submissions / slugs[key], paired)),
        )


def in_processes(work: Callable[[_Task], _Done], tasks: Sequence[_Task]) -> Iterator[_Done]:
    """Yield what the work makes of each task, in their order: by several processes where there is much to do."""
    processes = min(
        _MOST_PROCESSES,
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
    )
    if len(tasks) < _FEW or processes < 2:
        yield from map(work, tasks)
        return
    with ProcessPoolExecutor(processes) as pool:
        # A few at a time: what waits to be taken is held in memory.
        for start in range(0, len(tasks), 64 * processes):
            yield from pool.map(work, tasks[start : start + 64 * processes], chunksize=4)


def _read(asked: _FolderTask) -> _FolderRead:
    """Read one folder, unless its content is what the shelf has."""
    folder = asked.folder
    state = asked.state.digest if asked.state.settled else b""
    key = folder_key(folder, asked.paired)
    if key == asked.key:
        return _FolderRead(folder.name, state, key)
    try:
        entry, key = _steady(folder, asked.paired, key)
    except BadInput as error:
        return _FolderRead(folder.name, b"", key, faults=tuple(error.faults))
    if folder_state(folder, asked.paired).digest != asked.state.digest:
        state = b""  # it changed since somebody looked
    packer = Packer()
    if isinstance(entry, ReportedEntry):
        return _FolderRead(folder.name, state, key, packer.pack(entry))
    row = whole_row(entry)
    details = WholeDetails(row)
    parts = {f"file/{path}": details.file(path) for path in details.paths}
    parts |= {f"lines/{target}": details.lines(target) for target in row.cells}
    # Which languages have a page shows when all are read; a wrong guess is made good then.
    guess = {
        code: find_language(code).path
        for cell in row.cells.values()
        for code in cell.target.languages
        if has_page(code)
    }
    targets = {name: cell.target for name, cell in row.cells.items()}
    parts[page_name(targets, guess)] = page_part(details.page(targets, guess))
    small = packer.pack(make_entry(row, details, key))
    return _FolderRead(
        folder.name, state, key, small, packer.shared, {name: packed(data) for name, data in parts.items()}
    )


def _steady(folder: Path, paired: bool, key: bytes) -> tuple[WholeEntry | ReportedEntry, bytes]:
    """Read a folder until its content has the same key before and after; return that key, too."""
    for _ in range(_TRIES):
        entry = read_entry(folder, paired)
        before, key = key, folder_key(folder, paired)
        if key == before:
            return entry, key
    raise BadInput(
        "the files change while they are read",
        where=Where(str(folder)),
        cure="build again when nothing writes there",
    )
