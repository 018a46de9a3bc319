"""Read and write what was verified: <slug>/verification.yaml."""

from __future__ import annotations

import hashlib
from pathlib import Path

from harness.catalog import BY_NAME, is_own
from harness.characters import shown
from harness.errors import Fault
from harness.records import Verification, VerifiedResult
from harness.store.files import no_link, plain_record, read_file, replace_file, typed
from harness.store.results import RESULT_LIMIT, results_lock
from harness.store.yaml.parser import dump, parse, refuse

# Its name is public: whoever judges pull requests refuses a file of this name from everybody but a
# maintainer.
VERIFICATION_FILE = "verification.yaml"
_CURE = "only a maintainer's stiltboard verify writes it; remove it and verify again"


def result_digest(path: Path) -> str:
    """Return the digest of a result's file, by which a verification names it: a change of any byte is another result."""
    return (
        f"sha256:{hashlib.sha256(read_file(path, RESULT_LIMIT, 'stiltboard evaluate writes it')).hexdigest()}"
    )


def load_verification(folder: Path) -> Verification | None:
    """Read and check what a submission's folder says was verified; None where it says nothing."""
    path = folder / VERIFICATION_FILE
    if not path.exists() and not path.is_symlink():
        return None
    return parse_verification(read_file(path, RESULT_LIMIT, _CURE), str(path), folder.absolute().name)


def parse_verification(data: bytes, file: str, slug: str) -> Verification:
    """Check the text of a verification that must name the slug of its folder, and targets that exist."""
    document = parse(data, file, limit=RESULT_LIMIT, max_events=RESULT_LIMIT // 4)
    faults: list[Fault] = []
    found = typed(Verification, document, faults, _CURE)
    if found is not None and found.submission != slug:
        message = f"submission: expected {slug} as in the file's path, found {shown(found.submission)}"
        faults.append(Fault(message, document.where(("submission",)), _CURE))
    for index, each in enumerate(found.results if found else ()):
        if each.target not in BY_NAME and not is_own(each.target):
            faults.append(
                Fault(
                    f"unknown target {shown(each.target)}",
                    document.where(("results", index, "target")),
                    _CURE,
                )
            )
    if found is None or faults:
        refuse(faults)
    return found


def add_verified(folder: Path, found: list[VerifiedResult]) -> Path:
    """Add what was found to a submission's verification, whole or not at all, and return its path."""
    path = folder / VERIFICATION_FILE
    no_link(path)
    with results_lock(folder):
        before = load_verification(folder) or Verification(
            schema_=1, submission=folder.absolute().name, results=()
        )
        text = dump(plain_record(before.with_results(found))).encode()
        parse_verification(text, str(path), folder.absolute().name)
        replace_file(path, text)
    return path
