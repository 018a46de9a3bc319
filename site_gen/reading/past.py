"""Submissions as of a git revision: their files in the cache folder, and their board."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

from harness.cache import cache_folder
from harness.errors import BadInput
from harness.store.board_settings import content_files, note_outcome_settings, outcome_settings_of
from harness.store.checkout import submission_files, write_files
from harness.store.git import Revision, query
from site_gen.board.board import Board, NotShown
from site_gen.board.ranking import make_board
from site_gen.reading.build_cache import BuildCache
from site_gen.reading.folder_state import folder_states, unpaired_above
from site_gen.reading.gc_pause import gc_paused
from site_gen.reading.incremental import read_submissions


def folder_at(revision: Revision) -> Path:
    """Return a folder in the cache with the submissions as of a revision; it is written if it is not there.

    Next to it is what the board had of its own; outcomes that it keeps outside git are where they are today.
    The name is the hash of all of it in git, so that it never has to change. Raises BadInput where the
    revision has no submission, or where the folder cannot be written.
    """
    repository = revision.repository
    files = submission_files(revision)
    if not files:
        raise BadInput(f"{revision.name} has no submissions", cure="name another revision")
    tree = query(repository.folder, "rev-parse", "--verify", f"{revision.commit}:{repository.place}")
    name, content = tree.decode().strip(), content_files(revision)
    if content:
        hashes = "".join(f"\n{path} {entry.hash}" for path, entry in sorted(content.items()))
        name = hashlib.sha256(f"{name}{hashes}".encode()).hexdigest()[: len(name)]
    folder = cache_folder() / "revisions" / name / "submissions"
    kept = outcome_settings_of(repository.folder)
    if folder.is_dir():
        note_outcome_settings(kept, folder)
        return folder
    fresh = folder.parent.with_name(f"{folder.parent.name}.{os.getpid()}.new")
    try:
        fresh.parent.mkdir(parents=True, exist_ok=True)
        inside = {f"{folder.name}/{path}": entry for path, entry in files.items()}
        write_files(revision, inside | content, fresh)
        note_outcome_settings(kept, fresh / folder.name)
        fresh.rename(folder.parent)
    except OSError as reason:
        if not folder.is_dir():  # another process may have written it meanwhile
            cure = "make space on the disk, or set STILTBOARD_CACHE to another folder"
            raise BadInput(f"cannot write to {folder.parent}: {reason.strerror}", cure=cure) from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def board_at(folder: Path) -> Board:
    """Read and rank the submissions in a folder; those that cannot be read are not on the board."""
    cache = BuildCache(folder)
    return cache.run_opened(partial(_board, folder, cache))


def _board(folder: Path, cache: BuildCache) -> Board:
    states = folder_states(folder)
    read = read_submissions(folder, cache, states, {})
    not_shown = [NotShown(slug, faults[0].message) for slug, faults in sorted(read.faults.items())]
    with gc_paused():
        board = make_board(read.entries.values(), not_shown=not_shown)
    return replace(board, unpaired_above=unpaired_above(len(states)))
