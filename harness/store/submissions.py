"""Find, read and check <slug>/submission.yaml."""

from __future__ import annotations

import os
import re
from pathlib import Path

from harness.characters import shown
from harness.errors import BadInput, Fault, Where
from harness.records import AnySubmission, ReportedSubmission, Submission
from harness.records.scalars import SLUG
from harness.store.consistency import conflicting_keys, placeholders, submission_findings
from harness.store.files import link_fault, located, typed
from harness.store.yaml.parser import MAX_FAULTS, parse, refuse
from harness.store.yaml.positions import Plain
from harness.store.yaml.schema_errors import PATTERNS

SUBMISSION_FILE = "submission.yaml"

# Windows takes these names for devices, with any suffix: no folder there can have one.
_DEVICES = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{port}{number}" for port in ("com", "lpt") for number in range(10)),
}


def find_submissions(root: Path) -> tuple[str, ...]:
    """Return the sorted slugs under a folder: the names of the folders that hold a submission.yaml."""
    if not root.is_dir():
        raise BadInput(f"no folder {root}", cure="name the folder of the submissions with --submissions")
    with os.scandir(root) as entries:
        folders = [
            entry
            for entry in entries
            if not entry.name.startswith(".") and Path(entry.path, SUBMISSION_FILE).exists()
        ]
    folders.sort(key=lambda entry: entry.name)
    if links := [link_fault(Path(folder.path)) for folder in folders if folder.is_symlink()]:
        refuse(links)
    return tuple(folder.name for folder in folders)


def parse_submission(data: bytes, file: str) -> AnySubmission:
    """Parse and check a submission, measured or reported; `file` names it in messages."""
    document = parse(data, file)
    findings = [*placeholders(document.value), *conflicting_keys(document.value)]
    early_faults = located(findings, document)
    if len(early_faults) > MAX_FAULTS:
        refuse(early_faults)
    faults: list[Fault] = []
    submission = typed(_record(document.value), document, faults)
    reported = {fault.where for fault in early_faults}  # a schema fault at a placeholder helps nobody
    faults = early_faults + [fault for fault in faults if fault.where not in reported]
    if submission is not None:
        faults += located(submission_findings(submission), document)
    if submission is None or faults:
        refuse(faults)
    return submission


def _record(value: Plain) -> type[Submission] | type[ReportedSubmission]:
    """Return the record to validate a document as; a union's faults would name the keys of both."""
    return ReportedSubmission if isinstance(value, dict) and "reported" in value else Submission


def slug_fault(slug: str) -> str | None:
    """Return why a folder's name is not a slug, or None if it is one."""
    if slug.partition(".")[0] in _DEVICES:
        return f"the slug {shown(slug)} is the name of a device on Windows"
    if len(slug) <= 80 and re.fullmatch(SLUG, slug):
        return None
    return (
        f"the slug, which names the folder, must be {PATTERNS[SLUG][0]}, at most 80 characters; "
        f"found {shown(slug)}"
    )


def slug_faults(slug: str, folder: str) -> list[Fault]:
    """Return the faults of a folder's name as a slug, located at the folder."""
    message = slug_fault(slug)
    return [Fault(message, Where(folder), PATTERNS[SLUG][1])] if message else []
