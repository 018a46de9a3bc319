"""Find, read, check and scaffold what people write: <slug>/submission.yaml."""

from __future__ import annotations

import os
import re
from pathlib import Path

from harness.characters import shown
from harness.errors import BadInput, Fault, Where
from harness.records import AnySubmission, ReportedSubmission, Submission
from harness.records.scalars import SLUG
from harness.store.consistency import clash, placeholders, submission_findings
from harness.store.files import link_fault, located, no_link, plain_record, replace_file, typed
from harness.store.scaffold import scaffold
from harness.store.yaml.parser import MAX_FAULTS, dump, parse, refuse
from harness.store.yaml.positions import Plain
from harness.store.yaml.schema_errors import PATTERNS

SUBMISSION_FILE = "submission.yaml"


def find_submissions(root: Path) -> tuple[str, ...]:
    """Return the sorted slugs under a folder: the names of the folders that hold a submission.yaml."""
    if not root.is_dir():
        raise BadInput(f"no folder {root}", cure="name the folder of the submissions with --submissions")
    with os.scandir(root) as entries:
        found = [
            entry
            for entry in entries
            if not entry.name.startswith(".") and Path(entry.path, SUBMISSION_FILE).exists()
        ]
    folders = sorted(found, key=lambda entry: entry.name)
    if links := [link_fault(Path(folder.path)) for folder in folders if folder.is_symlink()]:
        refuse(links)
    return tuple(folder.name for folder in folders)


def locate(name: str, root: Path) -> Path:
    """Return the folder that a slug under `root`, a folder, or a path to a submission.yaml means, whether or not it exists."""
    path = Path(name)
    if re.fullmatch(SLUG, name) and ((root / name).is_dir() or not path.exists()):
        return root / name
    return path.parent if path.name == SUBMISSION_FILE else path


def parse_submission(data: bytes, file: str) -> AnySubmission:
    """Check the text of a submission, measured or reported; `file` names it in messages."""
    document = parse(data, file)
    found = located([*placeholders(document.value), *clash(document.value)], document)
    if len(found) > MAX_FAULTS:
        refuse(found)
    faults: list[Fault] = []
    submission = typed(_record(document.value), document, faults)
    at = {fault.where for fault in found}  # what the schema says of a placeholder helps nobody
    faults = found + [fault for fault in faults if fault.where not in at]
    if submission is not None:
        faults += located(submission_findings(submission), document)
    if submission is None or faults:
        refuse(faults)
    return submission


def _record(value: Plain) -> type[Submission] | type[ReportedSubmission]:
    """Return what a document is typed as: the faults of a union would name the keys of both."""
    return ReportedSubmission if isinstance(value, dict) and "reported" in value else Submission


def new_submission(root: Path, slug: str, *, title: str = "", family: str = "") -> Path:
    """Scaffold a submission with every key explained and return the path of its file; what exists is never overwritten."""
    folder = root / slug
    _refuse_folder(folder, slug)
    path = folder / SUBMISSION_FILE
    if path.exists() or path.is_symlink():
        raise BadInput(
            "the submission exists already",
            where=Where(str(path)),
            cure="choose another slug, or edit the file",
        )
    try:
        text = scaffold(slug, title, family)
    except ValueError as error:
        raise BadInput(str(error), cure="leave the character out") from None
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(path, text.encode())
    return path


def new_trained_submission(folder: Path, submission: Submission) -> bool:
    """Write a submission that the harness made, whole; False, and nothing done, where one is there already."""
    _refuse_folder(folder, folder.name)
    path = folder / SUBMISSION_FILE
    if path.exists() or path.is_symlink():
        return False
    text = dump(plain_record(submission)).encode()
    parse_submission(text, str(path))
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(path, text)
    return True


def slug_fault(slug: str) -> str | None:
    """Say what is wrong with a folder's name as a slug, or None."""
    if len(slug) <= 80 and re.fullmatch(SLUG, slug):
        return None
    return f"the slug, which names the folder, must be {PATTERNS[SLUG][0]}, at most 80 characters; found {shown(slug)}"


def slug_faults(slug: str, folder: str) -> list[Fault]:
    """Return what is wrong with a folder's name, at the folder."""
    message = slug_fault(slug)
    return [Fault(message, Where(folder), PATTERNS[SLUG][1])] if message else []


def _refuse_folder(folder: Path, slug: str) -> None:
    """Refuse a folder that is a link, or whose name is no slug."""
    no_link(folder)
    if faults := slug_faults(slug, str(folder)):
        refuse(faults)
