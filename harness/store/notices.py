"""Read and write <slug>/notices.yaml, and the tombstone of a withdrawn submission, <slug>/tombstone.yaml."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from harness.records import Notice, NoticeKind, Notices, Record, Tombstone
from harness.store.files import no_link, parse_of_submission, plain_record, read_file, replace_file
from harness.store.results import results_lock
from harness.store.yaml.parser import DEFAULT_LIMIT, dump

# Public, because the review of pull requests accepts files of these names only from maintainers.
NOTICES_FILE = "notices.yaml"
TOMBSTONE_FILE = "tombstone.yaml"
_CURE = "only a maintainer writes it, with stiltboard notice, check-weights or withdraw"


def load_notices(folder: Path) -> Notices | None:
    """Read and check the notices about a submission; None if there are none."""
    path = folder / NOTICES_FILE
    if not path.exists() and not path.is_symlink():
        return None
    return parse_notices(read_file(path, DEFAULT_LIMIT, _CURE), str(path), folder.absolute().name)


def parse_notices(data: bytes, file: str, slug: str) -> Notices:
    """Parse and check notices, which must name the slug of their folder."""
    return parse_of_submission(Notices, data, file, slug, _CURE)


def parse_tombstone(data: bytes, file: str, slug: str) -> Tombstone:
    """Parse and check a tombstone, which must name the slug of its folder."""
    return parse_of_submission(Tombstone, data, file, slug, _CURE)


def add_notice(folder: Path, notice: Notice) -> Path:
    """Add a notice to a submission's, written atomically, and return the file's path."""
    with results_lock(folder):
        before = load_notices(folder)
        earlier = before.notices if before else ()
        return _write(folder, (*earlier, notice))


def lift_notices(folder: Path, kind: str, date: str) -> int:
    """Mark the notices of a kind that hold now as lifted, and return how many there were."""
    with results_lock(folder):
        before = load_notices(folder)
        earlier = before.notices if before else ()
        lifted = [notice for notice in earlier if notice.kind == kind and notice.lifted is None]
        if lifted:
            _write(
                folder,
                tuple(
                    notice.model_copy(update={"lifted": date}) if notice in lifted else notice
                    for notice in earlier
                ),
            )
    return len(lifted)


def record_gone_weights(folder: Path, gone: Mapping[tuple[str, ...], str], date: str) -> tuple[int, int]:
    """Let exactly these notices hold that weights are gone, and return how many were added and lifted.

    `gone` gives the reason by the targets that it is about; no targets stand for all. Without a change
    nothing is written.
    """
    with results_lock(folder):
        before = load_notices(folder)
        earlier = before.notices if before else ()
        holding = {
            (notice.targets, notice.reason): notice
            for notice in earlier
            if notice.kind is NoticeKind.WEIGHTS_GONE and notice.lifted is None
        }
        ended = [notice for key, notice in holding.items() if key not in gone.items()]
        added = [
            Notice(kind=NoticeKind.WEIGHTS_GONE, date=date, reason=reason, targets=targets)
            for targets, reason in gone.items()
            if (targets, reason) not in holding
        ]
        if ended or added:
            kept = (
                notice.model_copy(update={"lifted": date}) if notice in ended else notice
                for notice in earlier
            )
            _write(folder, (*kept, *added))
    return len(added), len(ended)


def _write(folder: Path, notices: tuple[Notice, ...]) -> Path:
    path = folder / NOTICES_FILE
    no_link(path)
    record = Notices(schema_=1, submission=folder.absolute().name, notices=notices)
    text = _text(record)
    parse_notices(text, str(path), folder.absolute().name)
    replace_file(path, text)
    return path


def find_withdrawn(root: Path) -> tuple[str, ...]:
    """Return the sorted slugs of withdrawn submissions: the names of the folders that hold a tombstone."""
    with os.scandir(root) as entries:
        return tuple(
            sorted(
                entry.name
                for entry in entries
                if not entry.name.startswith(".") and Path(entry.path, TOMBSTONE_FILE).is_file()
            )
        )


def find_tombstones(root: Path) -> tuple[Tombstone, ...]:
    """Read the tombstones of all withdrawn submissions under a folder, by slug."""
    return tuple(load_tombstone(root / slug) for slug in find_withdrawn(root))


def load_tombstone(folder: Path) -> Tombstone:
    """Read and check the tombstone of a withdrawn submission."""
    path = folder / TOMBSTONE_FILE
    return parse_tombstone(read_file(path, DEFAULT_LIMIT, _CURE), str(path), folder.absolute().name)


def write_tombstone(folder: Path, tombstone: Tombstone) -> Path:
    """Write a tombstone atomically into a folder, and return its path."""
    path = folder / TOMBSTONE_FILE
    no_link(path)
    text = _text(tombstone)
    parse_tombstone(text, str(path), folder.absolute().name)
    replace_file(path, text)
    return path


def _text(record: Record) -> bytes:
    return dump(plain_record(record)).encode()
