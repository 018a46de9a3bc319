"""Read a board's own settings, stiltboard.yaml, from disk or at a git revision."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.catalog import BY_NAME, is_own
from harness.characters import shown
from harness.errors import Fault
from harness.records import BoardSettings
from harness.records.board_settings import NO_SETTINGS
from harness.store.files import read_file, typed
from harness.store.git import Revision, TreeEntry
from harness.store.yaml.parser import DEFAULT_LIMIT, YamlDocument, parse, refuse

SETTINGS_FILE = "stiltboard.yaml"


def settings_path(submissions: Path) -> Path:
    """Return the path of the settings of the board whose submissions are in a folder."""
    return submissions.absolute().parent / SETTINGS_FILE


def load_board_settings(submissions: Path) -> BoardSettings:
    """Read the settings of the board whose submissions are in a folder; defaults where it has none."""
    path = settings_path(submissions)
    if not path.exists() and not path.is_symlink():
        return NO_SETTINGS
    return parse_board_settings(
        read_file(path, DEFAULT_LIMIT, "write it as docs/maintaining.md says"), str(path)
    )


def board_settings_at(revision: Revision, files: Mapping[str, TreeEntry]) -> BoardSettings:
    """Read the settings at a revision; `files` are all of its files. Raises BadInput if they are faulty."""
    path = posixpath.join(posixpath.dirname(revision.repository.place), SETTINGS_FILE)
    if path not in files:
        return NO_SETTINGS
    (data,) = revision.contents(files, {path: DEFAULT_LIMIT}).values()
    return parse_board_settings(data, revision.file(path))


def content_files(revision: Revision) -> dict[str, TreeEntry]:
    """Return the settings of the board at a revision and the files that they name, by path next to them.

    Raises BadInput if the settings are faulty; what they name and the revision lacks is left out.
    """
    top = posixpath.dirname(revision.repository.place)
    files = {entry.path: entry for entry in revision.entries("", sizes=True) if not entry.link}
    settings = board_settings_at(revision, files)
    account = settings.question.account if settings.question else None
    names = (SETTINGS_FILE, *filter(None, (settings.logo, account)))
    paths = {name: posixpath.join(top, name) for name in names}
    return {name: files[path] for name, path in paths.items() if path in files}


def parse_board_settings(data: bytes, file: str) -> BoardSettings:
    """Parse and check the settings of a board."""
    document = parse(data, file)
    faults: list[Fault] = []
    settings = typed(BoardSettings, document, faults)
    if settings is not None:
        faults += _unknown_targets(settings, document)
    if settings is None or faults:
        refuse(faults)
    return settings


def _unknown_targets(settings: BoardSettings, document: YamlDocument) -> Iterator[Fault]:
    """Yield a fault for each name that is no target's."""
    places: dict[tuple[str | int, ...], str] = {
        ("targets", number): name for number, name in enumerate(settings.targets)
    }
    for group, named in enumerate(settings.groups):
        places |= {("groups", group, "targets", number): name for number, name in enumerate(named.targets)}
    for place, name in places.items():
        if name not in BY_NAME and not is_own(name):
            message = f"{place[0]}: there is no target {shown(name)}"
            cure = f"one of: {', '.join(BY_NAME)}, or one's own such as bitext.NAME"
            yield Fault(message, document.where(place), cure)
