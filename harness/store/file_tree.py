"""The files of one submission, in a folder on disk or in a git tree.

Names are paths inside the submission's folder, such as `results/tatoeba.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from harness.errors import BadInput, Where
from harness.store.files import no_link, read_file
from harness.store.git import Revision, TreeEntry
from harness.store.yaml.parser import refuse

RESULTS_FOLDER = "results"


class FileTree(Protocol):
    """The files of one submission, wherever they are stored."""

    @property
    def slug(self) -> str:
        """Return the name of the submission's folder."""

    def names(self) -> Sequence[str]:
        """Return the names of all files, sorted, links included; raises BadInput where a folder is a link."""

    def read(self, name: str, limit: int | None, cure: str) -> bytes:
        """Return a file's bytes, at most one more than `limit`; raises BadInput if there is no such file."""

    def where(self, name: str) -> str:
        """Return a file's name for messages."""


@dataclass(frozen=True)
class FolderOnDisk:
    """A submission's folder on disk; `named` is the submission's name where it is not that of the folder."""

    folder: Path
    named: str = ""

    @property
    def slug(self) -> str:
        """Return the name of the folder, or the name given instead."""
        return self.named or self.folder.absolute().name

    def names(self) -> Sequence[str]:
        """Return the names in the folder and in results/, including folders, except hidden ones."""
        no_link(self.folder)
        results = self.folder / RESULTS_FOLDER
        no_link(results)
        top = [path.name for path in self.folder.iterdir()] if self.folder.is_dir() else []
        inside = [f"{RESULTS_FOLDER}/{path.name}" for path in results.iterdir()] if results.is_dir() else []
        return sorted(name for name in (*top, *inside) if not name.rpartition("/")[2].startswith("."))

    def read(self, name: str, limit: int | None, cure: str) -> bytes:
        """Read a regular file, at most one byte more than `limit`."""
        return read_file(self.folder / name, limit, cure)

    def where(self, name: str) -> str:
        """Return the file's path."""
        return str(self.folder / name)


@dataclass(frozen=True)
class FolderAtRevision:
    """A submission's folder at a commit; `entries` are its files by their path in the repository.

    No file may be longer than `longest` bytes. `cure`, if set, is the cure for missing and too long files.
    """

    revision: Revision
    folder: str
    entries: Mapping[str, TreeEntry]
    longest: int
    cure: str = ""

    @property
    def slug(self) -> str:
        """Return the name of the folder; at the repository's root, that of its folder on disk."""
        return (self.revision.repository.top / self.folder).name

    def names(self) -> Sequence[str]:
        """Return all files below the folder; raises BadInput if results/ is a link."""
        results = self._path(RESULTS_FOLDER)
        if results in self.entries:
            refuse([self.revision.link_fault(self.entries[results])])
        return sorted(path.removeprefix(self._path("")) for path in self.entries)

    def read(self, name: str, limit: int | None, cure: str) -> bytes:
        """Return a file's bytes; the first call reads all files from git at once."""
        path = self._path(name)
        entry = self.entries.get(path)
        if entry is None:
            raise BadInput("the file does not exist", where=Where(self.where(name)), cure=self.cure or cure)
        if entry.link:
            refuse([self.revision.link_fault(entry)])
        maximum = min(limit or self.longest, self.longest)
        if entry.size > maximum:
            message = f"the file is longer than the {maximum:,} bytes allowed"
            raise BadInput(
                message, where=Where(self.where(name)), cure=self.cure or "keep to what the harness writes"
            )
        return self._contents[path]

    def where(self, name: str) -> str:
        """Return the file's name as in git: `revision:path`."""
        return self.revision.file(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self.folder}/{name}" if self.folder else name

    @cached_property
    def _contents(self) -> Mapping[str, bytes]:
        readable = [
            path for path, entry in self.entries.items() if not entry.link and entry.size <= self.longest
        ]
        return self.revision.contents(self.entries, dict.fromkeys(readable, self.longest))
