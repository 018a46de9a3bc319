"""Read a folder of submissions, by several processes and only what changed since the last build."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from harness.characters import shown
from harness.errors import BadInput, Fault, Unreachable, Where
from site_gen.board.entry import AnyEntry, make_entry
from site_gen.board.language_names import find_language, has_page
from site_gen.board.whole import WholeEntry, whole_row
from site_gen.pages.submission_details import WholeDetails
from site_gen.reading.build_cache import BuildCache, packed
from site_gen.reading.cached_details import CachedDetails, page_name, page_part
from site_gen.reading.entries import ReadEntry, read_entry
from site_gen.reading.folder_state import FolderState, folder_key, folder_state, is_paired
from site_gen.reading.gc_pause import gc_paused
from site_gen.reading.serialization import Packer, Unpacker

# With fewer folders, starting processes costs more time than it saves.
_PARALLEL_FROM = 24
# Each process needs about 100 MB.
_MOST_PROCESSES = 4
_SAVE_EVERY = 500
_TRIES = 5

_Task = TypeVar("_Task")
_Output = TypeVar("_Output")


@dataclass(frozen=True)
class _FolderTask:
    """A folder to read, the state of its files, and the key of its content in the cache, empty if none."""

    folder: Path
    paired: bool
    state: FolderState
    key: bytes


@dataclass(frozen=True)
class _FolderRead:
    """A folder's content packed for the cache; only its key if that is cached already, or its faults.

    `state` is the digest of its files, empty where it is not reliable.
    """

    slug: str
    state: bytes
    key: bytes
    packed: bytes = b""
    shared: Mapping[bytes, str] = field(default_factory=dict)
    parts: Mapping[str, bytes] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()


EntriesByKey = Mapping[bytes, AnyEntry]


@dataclass(frozen=True)
class Submissions:
    """What could be read of a folder of submissions, and the faults of the others by slug."""

    entries: EntriesByKey
    faults: Mapping[str, tuple[Fault, ...]]


def read_submissions(
    submissions: Path, cache: BuildCache, states: Mapping[str, FolderState], previous: EntriesByKey
) -> Submissions:
    """Read every submission; one that is malformed has faults, and does not keep the others from being read.

    `states` are the current states of the folders. Entries of an earlier build, given as `previous` by the
    key of their content, are reused.
    """
    paired = is_paired(len(states))
    known = cache.folders()
    unknown = (b"", b"")
    changed = [
        slug
        for slug, state in states.items()
        if not state.settled or known.get(slug, unknown)[0] != state.digest
    ]
    tasks = [
        _FolderTask(submissions / slug, paired, states[slug], known.get(slug, unknown)[1]) for slug in changed
    ]
    folders = {slug: known[slug] for slug in states if slug in known}
    faults: dict[str, tuple[Fault, ...]] = {}
    for number, read in enumerate(in_processes(_read, tasks), start=1):
        if read.faults:
            faults[read.slug] = read.faults
            folders.pop(read.slug, None)
        else:
            folders[read.slug] = (read.state, read.key)
        if read.packed:
            cache.store_entry(read.slug, read.state, read.key, read.packed, read.shared, read.parts)
        if number % _SAVE_EVERY == 0:
            cache.commit()
    cache.replace_folders(folders)
    cache.commit()
    slugs = {key: slug for slug, (_, key) in folders.items()}
    reused = {key: entry for key, entry in previous.items() if key in slugs}
    with gc_paused():
        entries = reused | dict(_entries(submissions, cache, slugs, paired, reused))
    return Submissions({key: entry for key, entry in entries.items() if key in slugs}, faults)


def _entries(
    submissions: Path, cache: BuildCache, slugs: Mapping[bytes, str], paired: bool, exclude: EntriesByKey
) -> Iterator[tuple[bytes, AnyEntry]]:
    unpacker = Unpacker(cache.shared())
    for key, data in cache.entries(exclude.keys()):
        yield (
            key,
            unpacker.unpack(data, partial(CachedDetails, cache, key, submissions / slugs[key], paired)),
        )


def in_processes(work: Callable[[_Task], _Output], tasks: Sequence[_Task]) -> Iterator[_Output]:
    """Yield the output of each task, in order; many tasks are shared among several processes."""
    processes = min(
        _MOST_PROCESSES,
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
    )
    if len(tasks) < _PARALLEL_FROM or processes < 2:
        yield from map(work, tasks)
        return
    with ProcessPoolExecutor(processes) as pool:
        # A few at a time: finished outputs wait in memory.
        for start in range(0, len(tasks), 64 * processes):
            yield from pool.map(work, tasks[start : start + 64 * processes], chunksize=4)


def _read(task: _FolderTask) -> _FolderRead:
    """Read one folder, unless its content is in the cache already."""
    folder = task.folder
    state = task.state.digest if task.state.settled else b""
    key = folder_key(folder, task.paired)
    if key == task.key:
        return _FolderRead(folder.name, state, key)
    try:
        return _packed(task, state, *_read_stable(folder, task.paired, key))
    except Unreachable:  # without the board's outcomes no row is right, and the old site stays
        raise
    except BadInput as error:
        return _FolderRead(folder.name, b"", key, faults=tuple(error.faults))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one submission, the others are shown
        message = f"cannot be shown: {type(error).__name__}: {shown(str(error))}"
        cure = (
            f"stiltboard validate {folder.name}; if it finds no fault, this is one of stiltboard's: report it"
        )
        return _FolderRead(folder.name, b"", key, faults=(Fault(message, Where(str(folder)), cure),))


def _packed(task: _FolderTask, state: bytes, entry: ReadEntry, key: bytes) -> _FolderRead:
    """Return an entry packed for the cache, with all parts of its pages and files."""
    folder = task.folder
    if folder_state(folder, task.paired).digest != task.state.digest:
        state = b""  # it changed since its state was taken
    packer = Packer()
    if not isinstance(entry, WholeEntry):
        return _FolderRead(folder.name, state, key, packer.pack(entry))
    row = whole_row(entry)
    details = WholeDetails(row)
    parts = {f"file/{path}": details.file(path) for path in details.paths}
    parts |= {f"lines/{target}": details.lines(target) for target in row.cells}
    # Which languages have a page is known only when all are read; a wrong guess is corrected then.
    guessed_paths = {
        code: find_language(code).path
        for cell in row.cells.values()
        for code in cell.target.languages
        if has_page(code)
    }
    targets = {name: cell.target for name, cell in row.cells.items()}
    parts[page_name(targets, guessed_paths)] = page_part(details.page(targets, guessed_paths))
    packed_entry = packer.pack(make_entry(row, details, key))
    return _FolderRead(
        folder.name,
        state,
        key,
        packed_entry,
        packer.shared,
        {name: packed(data) for name, data in parts.items()},
    )


def _read_stable(folder: Path, paired: bool, key: bytes) -> tuple[ReadEntry, bytes]:
    """Read a folder until its content is the same before and after; return the entry and that key."""
    for _ in range(_TRIES):
        entry = read_entry(folder, paired)
        before, key = key, folder_key(folder, paired)
        if key == before:
            return entry, key
    raise BadInput(
        "the files change while they are read",
        where=Where(str(folder)),
        cure="build again when nothing writes to the folder",
    )
