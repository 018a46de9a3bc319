"""Open another board: its title, its address, and the files of its rows, from git or from disk."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from harness.errors import BadInput, Where
from harness.review.changed_files import OUTCOMES_LIMIT, slug_of
from harness.store import SUBMISSION_FILE
from harness.store.board_settings import board_settings_at, load_board_settings
from harness.store.file_tree import FileTree, FolderAtRevision, FolderOnDisk
from harness.store.git import Repository, Revision, TreeEntry, query, repository_around, resolved

_ROWS = "submissions"


@dataclass(frozen=True)
class OtherBoard:
    """A board: its title, its address if it is known, its commit if it is in git, and its rows by slug."""

    title: str
    url: str | None
    commit: str | None
    rows: Mapping[str, FileTree]


def open_board(path: Path, revision: str = "HEAD") -> OtherBoard:
    """Open a board at a path: a clone, also a bare one, a folder of submissions, or one around it.

    Of a repository the revision is read, never the working tree; files that git does not know are read from
    disk. Raises BadInput where no row is found.
    """
    if not path.is_dir():
        raise BadInput("there is no folder", where=Where(str(path)), cure="clone the other board first")
    try:
        repository = _repository(path)
    except BadInput:
        return _on_disk(path)
    return _in_git(resolved(repository, revision)) or _on_disk(path)


def _repository(path: Path) -> Repository:
    """Return the repository around a path, or the one that is there without a working tree."""
    if (path / "HEAD").is_file() and (path / "objects").is_dir():
        return Repository(path, path.resolve(), "", shallow=(path / "shallow").is_file())
    return repository_around(path)


def _in_git(revision: Revision) -> OtherBoard | None:
    """Return the board at a revision; None where it has no rows at the path."""
    place = revision.repository.place
    files = {entry.path: entry for entry in revision.entries("", sizes=True)}
    for root in (f"{place}/{_ROWS}".lstrip("/"), place):
        if slugs := _slugs(files, root):
            break
    else:
        return None
    repository = Repository(
        revision.repository.folder, revision.repository.top, root, revision.repository.shallow
    )
    found = Revision(repository, revision.revision, revision.commit)
    rows = {}
    for slug in slugs:
        folder = f"{root}/{slug}" if root else slug
        inside = {name: entry for name, entry in files.items() if name.startswith(f"{folder}/")}
        rows[slug] = FolderAtRevision(found, folder, inside, OUTCOMES_LIMIT)
    settings = board_settings_at(found, files)
    return OtherBoard(settings.title, _address(repository), revision.commit, rows)


def _slugs(files: Mapping[str, TreeEntry], root: str) -> list[str]:
    prefix = f"{root}/" if root else ""
    slugs = {slug for name in files if (slug := slug_of(name, root)) is not None}
    return sorted(slug for slug in slugs if f"{prefix}{slug}/{SUBMISSION_FILE}" in files)


def _on_disk(path: Path) -> OtherBoard:
    root = path / _ROWS if (path / _ROWS).is_dir() else path
    rows = {
        folder.name: FolderOnDisk(folder)
        for folder in sorted(root.iterdir())
        if not folder.name.startswith(".") and (folder / SUBMISSION_FILE).is_file()
    }
    if not rows:
        cure = "name a clone of another board, or its folder of submissions"
        raise BadInput("there is no submission", where=Where(str(path)), cure=cure)
    return OtherBoard(load_board_settings(root).title, None, None, rows)


def _address(repository: Repository) -> str | None:
    """Return the web address of the clone's remote, without a user's name or token; None for any other."""
    try:
        text = os.fsdecode(query(repository.folder, "config", "--get", "remote.origin.url")).strip()
    except BadInput:
        return None
    parts = urlsplit(text)
    if parts.scheme != "https" or "@" in parts.netloc:
        return None
    return text.removesuffix(".git")
