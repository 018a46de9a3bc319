"""Read and write records of verification: <slug>/verification.yaml."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from harness.catalog import BY_NAME, is_own
from harness.characters import shown
from harness.errors import Fault
from harness.records import Verification, VerifiedResult
from harness.store.files import no_link, plain_record, read_file, replace_file, typed
from harness.store.results import RESULT_LIMIT, results_lock
from harness.store.yaml.parser import dump, parse, refuse

# Public, because the review of pull requests accepts a file of this name only from maintainers.
VERIFICATION_FILE = "verification.yaml"
_CURE = "only a maintainer's stiltboard verify writes it; remove it and verify again"


def result_digest(path: Path) -> str:
    """Return the sha256 digest of a result's file, by which a verification refers to it."""
    return digest_of(read_file(path, RESULT_LIMIT, "stiltboard evaluate writes it"))


def digest_of(data: bytes) -> str:
    """Return the sha256 digest of a file's content as records name it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def load_verification(folder: Path) -> Verification | None:
    """Read and check a submission's record of verification; None if it has none."""
    path = folder / VERIFICATION_FILE
    if not path.exists() and not path.is_symlink():
        return None
    return parse_verification(read_file(path, RESULT_LIMIT, _CURE), str(path), folder.absolute().name)


def parse_verification(data: bytes, file: str, slug: str) -> Verification:
    """Parse and check a verification, which must name the slug of its folder, and known targets."""
    document = parse(data, file, limit=RESULT_LIMIT, max_events=RESULT_LIMIT // 4)
    faults: list[Fault] = []
    verification = typed(Verification, document, faults, _CURE)
    if verification is not None and verification.submission != slug:
        message = f"submission: expected {slug} as in the file's path, found {shown(verification.submission)}"
        faults.append(Fault(message, document.where(("submission",)), _CURE))
    for index, check in enumerate(verification.results if verification else ()):
        if check.target not in BY_NAME and not is_own(check.target):
            faults.append(
                Fault(
                    f"unknown target {shown(check.target)}",
                    document.where(("results", index, "target")),
                    _CURE,
                )
            )
    if verification is None or faults:
        refuse(faults)
    return verification


def add_verified(folder: Path, checks: list[VerifiedResult]) -> Path:
    """Add checks to a submission's record of verification, written atomically, and return its path."""
    with results_lock(folder):
        before = load_verification(folder) or Verification(
            schema_=1, submission=folder.absolute().name, results=()
        )
        return _write(folder, before.with_results(checks))


def move_checks(folder: Path, digests: Mapping[tuple[str, str], str]) -> None:
    """Let a submission's checks refer to rewritten results that state the same; see `Verification.moved`."""
    with results_lock(folder):
        before = load_verification(folder)
        if before is not None and (after := before.moved(digests)) != before:
            _write(folder, after)


def _write(folder: Path, verification: Verification) -> Path:
    path = folder / VERIFICATION_FILE
    no_link(path)
    text = dump(plain_record(verification)).encode()
    parse_verification(text, str(path), folder.absolute().name)
    replace_file(path, text)
    return path
