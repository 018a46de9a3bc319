"""Rewrite the files of a submission in the current formats, without changing what they state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import BadInput, Fault
from harness.records import Record, Result, Submission, Training, Verification
from harness.store.file_tree import RESULTS_FOLDER, FileTree, FolderOnDisk
from harness.store.files import plain_record, replace_file
from harness.store.formats import current_format, format_of, newer_format
from harness.store.results import (
    RESULT_EVENTS,
    RESULT_LIMIT,
    parse_result_of,
    result_text,
    results_lock,
)
from harness.store.side_files import SIDE_FILES
from harness.store.submissions import SUBMISSION_FILE, parse_submission
from harness.store.training import TRAINING_FILE, parse_training
from harness.store.verification import VERIFICATION_FILE, digest_of, parse_verification
from harness.store.yaml.parser import dump, parse, refuse

_CURE = "it is left as it was; correct it, and migrate again"


@dataclass(frozen=True)
class Migration:
    """The new contents of a submission's files by name, as far as they change, and what was not read."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()


def migration_of(tree: FileTree) -> Migration:
    """Return how a submission's files are written in the current formats.

    Files in the current format are left as they are, byte by byte. A result keeps all its values, among them
    every digest; since the digest of its own file changes, checks in verification.yaml that refer to the old
    file refer to the new one, if they were checks of this version of the result.
    """
    files: dict[str, bytes] = {}
    faults: list[Fault] = []
    digests: dict[tuple[str, str], str] = {}
    for name in tree.names():
        kind = _kind_of(name)
        if kind is None or kind is Verification:
            continue
        try:
            before = tree.read(name, RESULT_LIMIT, _CURE)
            after = _rewritten(kind, before, tree, name)
        except BadInput as error:
            faults += error.faults
            continue
        if after != before:
            files[name] = after
            if kind is Result:
                target = name.removeprefix(f"{RESULTS_FOLDER}/").removesuffix(".yaml")
                digests[target, digest_of(before)] = digest_of(after)
    if VERIFICATION_FILE in tree.names():
        try:
            before = tree.read(VERIFICATION_FILE, RESULT_LIMIT, _CURE)
            after = _verification(before, tree, digests)
            files |= {VERIFICATION_FILE: after} if after != before else {}
        except BadInput as error:
            faults += error.faults
    return Migration(files, tuple(faults))


def migrate(folder: Path) -> Migration:
    """Rewrite a submission's files on disk in the current formats, and return what was rewritten."""
    with results_lock(folder):
        migration = migration_of(FolderOnDisk(folder))
        for name, data in migration.files.items():
            replace_file(folder / name, data)
    return migration


def _kind_of(name: str) -> type[Record] | None:
    """Return which record a file of a submission holds; None for outcomes and for files of other tools."""
    if name in _KINDS:
        return _KINDS[name]
    if not name.startswith(f"{RESULTS_FOLDER}/") or not name.endswith(".yaml"):
        return None
    return next((kind.record for kind in SIDE_FILES if name.endswith(kind.suffix)), Result)


_KINDS: Mapping[str, type[Record]] = {
    SUBMISSION_FILE: Submission,
    TRAINING_FILE: Training,
    VERIFICATION_FILE: Verification,
}


def _rewritten(kind: type[Record], data: bytes, tree: FileTree, name: str) -> bytes:
    """Return a file in the current format; raises BadInput where it cannot be read in any."""
    where = tree.where(name)
    document = parse(data, where, limit=RESULT_LIMIT, max_events=RESULT_EVENTS)
    if newer := newer_format(kind, document):
        refuse([newer])
    number = format_of(document)
    if number is None or number == current_format(kind):
        return data
    stem = name.removeprefix(f"{RESULTS_FOLDER}/")
    if kind is Result:
        result = parse_result_of(data, where, tree.slug, stem.removesuffix(".yaml"))
        return result_text(result)
    for side in SIDE_FILES:
        if kind is side.record:
            return side.text(side.parse(data, where, tree.slug, stem.removesuffix(side.suffix)))
    record = parse_training(data, where, tree.slug) if kind is Training else parse_submission(data, where)
    return dump(plain_record(record)).encode()


def _verification(data: bytes, tree: FileTree, digests: Mapping[tuple[str, str], str]) -> bytes:
    """Return verification.yaml with the digests of rewritten results."""
    record = parse_verification(data, tree.where(VERIFICATION_FILE), tree.slug)
    moved = record.moved(digests)
    return data if moved == record else dump(plain_record(moved)).encode()
