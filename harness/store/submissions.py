"""Find, read, check and scaffold what people write: <slug>/submission.yaml."""

from __future__ import annotations

import re
from pathlib import Path

from harness.characters import shown
from harness.consistency import placeholders, submission_findings
from harness.errors import BadInput, Fault, Where
from harness.faults import PATTERNS
from harness.records import Submission
from harness.scaffold import scaffold
from harness.scalars import SLUG
from harness.store.files import link_fault, located, no_link, read_file, replace_file, typed
from harness.store.results import find_results, load_outcomes, load_result
from harness.store.sweeps import load_sweeps
from harness.strict_yaml import DEFAULT_LIMIT, MAX_FAULTS, parse, refuse

SUBMISSION_FILE = "submission.yaml"


def find_submissions(root: Path) -> tuple[str, ...]:
    """Return the sorted slugs under a folder: the names of the folders that hold a submission.yaml."""
    if not root.is_dir():
        raise BadInput(f"no folder {root}", cure="name the folder of the submissions with --submissions")
    folders = [folder for folder in sorted(root.iterdir()) if not folder.name.startswith(".") and (folder / SUBMISSION_FILE).exists()]
    if links := [link_fault(folder) for folder in folders if folder.is_symlink()]:
        refuse(links)
    return tuple(folder.name for folder in folders)


def locate(name: str, root: Path) -> Path:
    """Return the folder that a slug under `root`, a folder, or a path to a submission.yaml means, whether or not it exists."""
    path = Path(name)
    if re.fullmatch(SLUG, name) and ((root / name).is_dir() or not path.exists()):
        return root / name
    return path.parent if path.name == SUBMISSION_FILE else path


def load_submission(folder: Path) -> Submission:
    """Read and check a folder's submission.yaml; its slug is the folder's name."""
    if faults := _folder_faults(folder, folder.absolute().name):
        refuse(faults)
    path = folder / SUBMISSION_FILE
    return parse_submission(read_file(path, DEFAULT_LIMIT, f"stiltboard new {folder.name} scaffolds one"), str(path))


def parse_submission(data: bytes, file: str) -> Submission:
    """Check the text of a submission; `file` names it in messages."""
    document = parse(data, file)
    unfilled = located(placeholders(document.value), document)
    if len(unfilled) > MAX_FAULTS:
        refuse(unfilled)
    faults: list[Fault] = []
    submission = typed(Submission, document, faults)
    at = {fault.where for fault in unfilled}  # what the schema says of a placeholder helps nobody
    faults = unfilled + [fault for fault in faults if fault.where not in at]
    if submission is not None:
        faults += located(submission_findings(submission), document)
    if submission is None or faults:
        refuse(faults)
    return submission


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
    try:
        load_sweeps(folder)
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


def slug_fault(slug: str) -> str | None:
    """Say what is wrong with a folder's name as a slug, or None."""
    if len(slug) <= 80 and re.fullmatch(SLUG, slug):
        return None
    return f"the slug, which names the folder, must be {PATTERNS[SLUG][0]}, at most 80 characters; found {shown(slug)}"


def _folder_faults(folder: Path, slug: str) -> list[Fault]:
    no_link(folder)
    message = slug_fault(slug)
    return [Fault(message, Where(str(folder)), PATTERNS[SLUG][1])] if message else []
