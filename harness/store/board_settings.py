"""Read a board's own settings, stiltboard.yaml, from disk or at a git revision."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from harness.catalog import BY_NAME, is_own
from harness.characters import shown
from harness.errors import Fault
from harness.records import BoardSettings, OutcomeSettings
from harness.records.board_settings import NO_SETTINGS
from harness.store.files import plain_record, read_file, typed
from harness.store.git import Revision, TreeEntry
from harness.store.yaml.parser import DEFAULT_LIMIT, YamlDocument, dump, parse, refuse

SETTINGS_FILE = "stiltboard.yaml"
# In a copy of a board's submissions elsewhere: where the board keeps their outcomes.
_OF_COPY = ".stiltboard.yaml"


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


def outcome_settings_of(submissions: Path) -> OutcomeSettings | None:
    """Return where the board of a folder of submissions keeps outcomes; None where they are in git.

    The file is read again when it changed. A folder of the file system is returned as an absolute path.
    """
    submissions = submissions.absolute()
    for path in (submissions / _OF_COPY, submissions.parent / SETTINGS_FILE):
        with suppress(FileNotFoundError, NotADirectoryError):
            state = path.stat()
            return _outcome_settings(path, state.st_mtime_ns, state.st_ino)
    return None


@lru_cache(maxsize=256)
def _outcome_settings(path: Path, *_state: int) -> OutcomeSettings | None:
    cure = "write it as docs/own-board.md says"
    settings = parse_board_settings(read_file(path, DEFAULT_LIMIT, cure), str(path))
    return placed(settings.outcomes, path.parent)


def placed(settings: OutcomeSettings | None, folder: Path) -> OutcomeSettings | None:
    """Return settings with an absolute path, where they name a folder relative to that of stiltboard.yaml."""
    if settings is None or settings.is_address:
        return settings
    return settings.model_copy(update={"where": os.path.normpath(folder.absolute() / settings.where)})


def note_outcome_settings(settings: OutcomeSettings | None, copy: Path) -> None:
    """Let a copy of a board's submissions find the outcomes that the board keeps elsewhere.

    `settings` are those of the board today; a snapshot names a place that may have moved since. Raises
    OSError where the copy cannot be written.
    """
    path = copy / _OF_COPY
    if settings is None:
        path.unlink(missing_ok=True)
        return
    text = dump(plain_record(BoardSettings(schema_=1, outcomes=settings))).encode()
    if not path.is_file() or path.read_bytes() != text:
        partial = path.with_name(f"{path.name}.{os.getpid()}.partial")  # two processes may write at a time
        partial.write_bytes(text)
        partial.replace(path)


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
