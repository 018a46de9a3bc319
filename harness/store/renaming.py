"""Give a submission another slug, or withdraw it: its old slug leads to it, or to its tombstone, for ever."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from harness.errors import BadInput, SystemRefused, Where
from harness.records import Tombstone
from harness.store.file_tree import RESULTS_FOLDER, FolderOnDisk
from harness.store.files import plain_record, read_file
from harness.store.migration import migration_of
from harness.store.notices import NOTICES_FILE, TOMBSTONE_FILE, write_tombstone
from harness.store.results import LOCK_FILE, result_text, results_lock
from harness.store.side_files import SIDE_FILES
from harness.store.slugs import slug_taken
from harness.store.submission_folder import SubmissionFolder
from harness.store.submissions import SUBMISSION_FILE, parse_submission, slug_faults
from harness.store.training import TRAINING_FILE
from harness.store.verification import VERIFICATION_FILE, digest_of
from harness.store.yaml.parser import DEFAULT_LIMIT, dump, refuse


def rename_submission(root: Path, old: str, new: str) -> Path:
    """Move a submission to another slug and return its new folder; `old` becomes one of its aliases.

    All its results must be readable. Every file names the new slug afterwards; checks by others refer to the
    rewritten results. Raises BadInput where the new slug is in use, was in use, or is no slug.
    """
    source, target = root / old, root / new
    if faults := slug_faults(new, str(target)):
        refuse(faults)
    if taken := slug_taken(root, new):
        raise BadInput(taken, where=Where(str(target)), cure="choose another slug")
    folder = SubmissionFolder(FolderOnDisk(source))
    contents = folder.contents(outcomes=lambda _: ())
    if contents.faults or contents.submission is None:
        refuse(list(contents.faults))
    with results_lock(source):
        if migration_of(FolderOnDisk(source)).files:
            raise BadInput(f"{source} has files of older formats", cure=f"first run stiltboard migrate {old}")
        text = (source / SUBMISSION_FILE).read_text(encoding="utf-8")
        with_alias = with_key(text, "aliases", [*contents.submission.aliases, old])
        files = {SUBMISSION_FILE: with_alias.encode(), **with_slug(source, new)}
        partial = root / f".{new}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        try:
            shutil.copytree(source, partial)
            for name, data in files.items():
                (partial / name).write_bytes(data)
            partial.rename(target)
        except BaseException as reason:
            shutil.rmtree(partial, ignore_errors=True)
            if isinstance(reason, shutil.Error):  # one entry for each file
                message = f"{source} cannot be copied: {reason.args[0][0][2]}"
                raise SystemRefused(message, cure=f"free space; {old} is as it was") from reason
            raise
    shutil.rmtree(source)
    return target


def withdraw_submission(folder: Path, reason: str, url: str | None, date: str) -> Path:
    """Replace a submission by its tombstone, and return the tombstone's path.

    Raises BadInput where there is no submission. What git and published sites hold of it is not touched.
    """
    path = folder / SUBMISSION_FILE
    submission = parse_submission(read_file(path, DEFAULT_LIMIT, "name a submission's slug"), str(path))
    tombstone = Tombstone(
        schema_=1,
        submission=folder.absolute().name,
        date=date,
        reason=reason,
        url=url,
        aliases=submission.aliases,
    )
    with results_lock(folder):
        written = write_tombstone(folder, tombstone)
        for inner in folder.iterdir():
            if inner.name not in (TOMBSTONE_FILE, LOCK_FILE):
                shutil.rmtree(inner) if inner.is_dir() and not inner.is_symlink() else inner.unlink()
    (folder / LOCK_FILE).unlink(missing_ok=True)
    return written


def with_slug(source: Path, new: str) -> dict[str, bytes]:
    """Return the files of a folder that name its slug, with another one; results are sealed again."""
    files: dict[str, bytes] = {}
    digests: dict[tuple[str, str], str] = {}
    folder = SubmissionFolder(FolderOnDisk(source))
    for target in folder.targets():
        name = f"{RESULTS_FOLDER}/{target}.yaml"
        result = folder.result(target).model_copy(update={"submission": new})
        files[name] = result_text(result)
        digests[target, digest_of((source / name).read_bytes())] = digest_of(files[name])
        for kind in SIDE_FILES:
            if kind.path(source, target).is_file():
                record = kind.read(folder.tree, target).model_copy(update={"submission": new})
                files[kind.name(target)] = kind.text(record)
    if (source / TRAINING_FILE).is_file():
        training = folder.training().model_copy(update={"submission": new})
        files[TRAINING_FILE] = dump(plain_record(training)).encode()
    if (source / NOTICES_FILE).is_file():
        notices = folder.notices().model_copy(update={"submission": new})
        files[NOTICES_FILE] = dump(plain_record(notices)).encode()
    if (source / VERIFICATION_FILE).is_file():
        renamed = folder.verification().moved(digests).model_copy(update={"submission": new})
        files[VERIFICATION_FILE] = dump(plain_record(renamed)).encode()
    return files


def with_key(text: str, key: str, value: object) -> str:
    """Return a submission.yaml with another value of a key, or without it; the rest, comments too, stays."""
    text = text if text.endswith("\n") else f"{text}\n"
    lines = re.sub(rf"(?m)^{key}:.*\n(?:(?:[ -].*)?\n)*", "", text)
    return lines + dump({key: value}) if value else lines
