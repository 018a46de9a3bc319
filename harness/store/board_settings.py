"""Read a board's own settings, stiltboard.yaml, from disk or at a git revision."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from pathlib import Path

from harness.errors import Fault
from harness.records import BoardSettings
from harness.store.files import read_file, typed
from harness.store.git import Revision, TreeEntry
from harness.store.yaml.parser import DEFAULT_LIMIT, parse, refuse

SETTINGS_FILE = "stiltboard.yaml"


def load_board_settings(submissions: Path) -> BoardSettings:
    """Read the settings of the board whose submissions are in a folder; defaults where it has none."""
    path = submissions.absolute().parent / SETTINGS_FILE
    if not path.exists() and not path.is_symlink():
        return BoardSettings(schema_=1)
    return parse_board_settings(
        read_file(path, DEFAULT_LIMIT, "write it as docs/maintaining.md says"), str(path)
    )


def board_settings_at(revision: Revision, files: Mapping[str, TreeEntry]) -> BoardSettings:
    """Read the settings at a revision; `files` are all of its files. Raises BadInput if they are faulty."""
    path = posixpath.join(posixpath.dirname(revision.repository.place), SETTINGS_FILE)
    if path not in files:
        return BoardSettings(schema_=1)
    (data,) = revision.contents(files, {path: DEFAULT_LIMIT}).values()
    return parse_board_settings(data, revision.file(path))


def parse_board_settings(data: bytes, file: str) -> BoardSettings:
    """Parse and check the settings of a board."""
    document = parse(data, file)
    faults: list[Fault] = []
    settings = typed(BoardSettings, document, faults)
    if settings is None:
        refuse(faults)
    return settings
