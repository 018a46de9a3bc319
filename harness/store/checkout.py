"""Write the files of submissions from git's objects into a new folder; no file of them is run."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from harness.errors import BadInput, Where
from harness.store.file_tree import RESULTS_FOLDER
from harness.store.git import Revision, TreeEntry
from harness.store.submissions import slug_fault

_NAME = re.compile(rf"({RESULTS_FOLDER}/)?[^/]+\.(yaml|parquet)")
# The files of so many bytes, or so many files, are in memory at once.
_BYTES, _FILES = 2**26, 1000


def submission_files(revision: Revision) -> dict[str, TreeEntry]:
    """Return all plain files of submissions at a revision, by their path in the folder of submissions."""
    place = revision.repository.place
    inside = {
        entry.path.removeprefix(f"{place}/" if place else ""): entry
        for entry in revision.entries(place, sizes=True)
        if not entry.link
    }
    return {path: entry for path, entry in inside.items() if _is_read(path)}


def _is_read(path: str) -> bool:
    slug, _, name = path.partition("/")
    return slug_fault(slug) is None and _NAME.fullmatch(name) is not None


def write_files(revision: Revision, files: Mapping[str, TreeEntry], folder: Path) -> None:
    """Write files, given by their path inside `folder`, which must not exist yet.

    Raises BadInput if it exists or cannot be written.
    """
    made = False
    try:
        folder.mkdir()
        made = True
        for batch in _batches(files):
            limits = {entry.path: entry.size for entry in batch.values()}
            contents = revision.contents({entry.path: entry for entry in batch.values()}, limits)
            for name, entry in batch.items():
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as file:
                    file.write(contents[entry.path])
    except OSError as reason:
        if made:  # a part of the files is never left
            shutil.rmtree(folder, ignore_errors=True)
        cure = "name a folder that does not exist yet, on a disk with space"
        raise BadInput(f"cannot be written: {reason.strerror}", where=Where(str(folder)), cure=cure) from None


def _batches(files: Mapping[str, TreeEntry]) -> Iterator[dict[str, TreeEntry]]:
    remaining = iter(files.items())
    while batch := dict(islice(_up_to(remaining), _FILES)):
        yield batch


def _up_to(files: Iterator[tuple[str, TreeEntry]]) -> Iterator[tuple[str, TreeEntry]]:
    """Yield files until they have so many bytes together."""
    size = 0
    for name, entry in files:
        yield name, entry
        size += entry.size
        if size > _BYTES:
            return
