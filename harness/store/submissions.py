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
from harness.store.files import link_fault, located, no_link, plain_record, read_file, replace_file, typed
from harness.store.results import RESULTS_FOLDER, find_results, load_outcomes, load_result
from harness.store.scaffold import scaffold
from harness.store.sweeps import load_sweeps
from harness.store.training import TRAINING_FILE, load_training
from harness.store.verification import load_verification
from harness.store.yaml.parser import DEFAULT_LIMIT, MAX_FAULTS, dump, parse, refuse
from harness.store.yaml.positions import Plain
from harness.store.yaml.schema_errors import PATTERNS

SUBMISSION_FILE = "submission.yaml"


def find_submissions(root: Path) -> tuple[str, ...]:
    """Return the sorted slugs under a folder: the names of the folders that hold a submission.yaml."""
    if not root.is_dir():
        raise BadInput(f"no folder {root}", cure="name the folder of the submissions with --submissions")
    with os.scandir(root) as entries:
        found = [entry for entry in entries if not entry.name.startswith(".") and Path(entry.path, SUBMISSION_FILE).exists()]
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


def load_submission(folder: Path) -> AnySubmission:
    """Read and check a folder's submission.yaml; its slug is the folder's name. Published numbers stand alone in it."""
    if faults := _folder_faults(folder, folder.absolute().name):
        refuse(faults)
    path = folder / SUBMISSION_FILE
    submission = parse_submission(read_file(path, DEFAULT_LIMIT, f"stiltboard new {folder.name} scaffolds one"), str(path))
    beside = [folder / name for name in (RESULTS_FOLDER, TRAINING_FILE) if (folder / name).exists()]
    if isinstance(submission, ReportedSubmission) and beside:
        message = "stands beside reported numbers, for which nothing was trained or measured here"
        cure = "remove it, or make one submission with checkpoints and another with reported"
        refuse([Fault(message, Where(str(path)), cure) for path in beside])
    return submission


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


def submission_faults(folder: Path) -> tuple[Fault, ...]:
    """Return everything that is wrong with a submission, its results and their outcomes files."""
    if folder.is_symlink():
        return (link_fault(folder),)
    faults: list[Fault] = []
    try:
        load_submission(folder)
    except BadInput as error:
        faults += error.faults
    try:
        paths = find_results(folder)
    except BadInput as error:
        return (*faults, *error.faults)
    for path in paths:
        try:
            load_outcomes(path, load_result(path))
        except BadInput as error:
            faults += error.faults
    for load in (load_sweeps, load_training, load_verification):
        try:
            load(folder)
        except BadInput as error:
            faults += error.faults
    return tuple(faults)


def new_submission(root: Path, slug: str, *, title: str = "", family: str = "") -> Path:
    """Scaffold a submission with every key explained and return the path of its file; what exists is never overwritten."""
    folder = root / slug
    if faults := _folder_faults(folder, slug):
        refuse(faults)
    path = folder / SUBMISSION_FILE
    if path.exists() or path.is_symlink():
        raise BadInput("the submission exists already", where=Where(str(path)), cure="choose another slug, or edit the file")
    try:
        text = scaffold(slug, title, family)
    except ValueError as error:
        raise BadInput(str(error), cure="leave the character out") from None
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(path, text.encode())
    return path


def new_trained_submission(folder: Path, submission: Submission) -> bool:
    """Write a submission that the harness made, whole; False, and nothing done, where one is there already."""
    if faults := _folder_faults(folder, folder.name):
        refuse(faults)
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


def _folder_faults(folder: Path, slug: str) -> list[Fault]:
    no_link(folder)
    message = slug_fault(slug)
    return [Fault(message, Where(str(folder)), PATTERNS[SLUG][1])] if message else []
