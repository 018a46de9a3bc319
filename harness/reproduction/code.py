"""Find the commit that measured a result, and the libraries that its environment had."""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.errors import BadInput
from harness.records import EvaluationRun, Result
from harness.reproduction.requirements import Reach, Requirement
from harness.store import RESULTS_FOLDER
from harness.store.arrivals import arrivals
from harness.store.git import Revision, repository_around, resolved
from harness.store.yaml.parser import DEFAULT_LIMIT

LOCK = "constraints.txt"
# A file of the harness in every commit that can evaluate.
_HARNESS = "harness/__init__.py"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;#]+)", re.MULTILINE)


@dataclass(frozen=True)
class Code:
    """The commit to check out, None if there is none, its lock's pins by name, and what both are worth."""

    revision: Revision | None
    pins: dict[str, str]
    requirement: Requirement


def find_code(folder: Path, result: Result) -> Code:
    """Find the commit that measured a result, in the repository of its submission.

    Without a commit on record it is the first one that has the result: results are committed after they are
    measured. The code may have changed between the two.
    """
    run = result.last_run
    try:
        repository = repository_around(folder.absolute().parent)
    except BadInput as error:
        return _missing(error.faults[0].message)
    try:
        if run is not None and run.commit:
            revision, reach = resolved(repository, run.commit), Reach.EXACT
            lines = [f"commit {run.commit}"]
        else:
            path = f"{folder.absolute().name}/{RESULTS_FOLDER}/{result.target}.yaml"
            path = f"{repository.place}/{path}".lstrip("/")
            arrival = arrivals(resolved(repository, "HEAD")).get(path)
            if arrival is None:
                return _missing("no commit is on record, and the result is not committed")
            revision, reach = resolved(repository, arrival.commit), Reach.SIMILAR
            lines = [f"no commit is on record; the first that has the result is {arrival.commit}"]
    except BadInput:
        assert run is not None
        return _missing(
            f"commit {run.commit} is not in this repository; git fetch from where it was measured"
        )
    if not revision.entries(_HARNESS):
        return _missing(f"commit {revision.commit} has no {_HARNESS}")
    if len(result.runs) > 1:
        reach = Reach.SIMILAR
        lines.append(f"the result is of {len(result.runs)} runs; this is the newest one's")
    return Code(revision, _pins(_lock(revision)), Requirement(part="code", reach=reach, lines=tuple(lines)))


def environment(code: Code, run: EvaluationRun | None) -> tuple[Requirement, list[str]]:
    """Return how the libraries of then can be had, and what pip installs besides those of the lock."""
    versions = dict(run.versions) if run else {}
    python = versions.pop("python", "")
    program = interpreter(run)
    here = platform.python_version() if program in ("", sys.executable) else program
    lines = [f"Python {python or 'of an unknown version'}, here {here}"]
    lock = _lock(code.revision) if code.revision else b""
    digest = f"sha256:{hashlib.sha256(lock).hexdigest()}"
    others = {
        name: version
        for name, version in versions.items()
        if name != "stiltboard" and _public(version) != _public(code.pins.get(name, ""))
    }
    if lock and run and run.lock == digest and not others:
        reach = Reach.EXACT if program else Reach.SIMILAR
        return _environment(reach, [*lines, f"{LOCK} of the commit has the recorded digest"]), []
    if lock and run and run.lock == digest:
        lines.append(f"{LOCK} of the commit has the recorded digest, but other versions were installed")
    elif lock and run and run.lock:
        lines.append(f"{LOCK} of the commit is not the recorded lock {run.lock}")
    elif lock:
        lines.append(f"no lock is on record; {LOCK} of the commit is used")
    else:
        lines.append("there is no lock; only the recorded versions are known")
    if not versions:
        return _environment(Reach.SIMILAR if lock else Reach.MISSING, [*lines, "no version is on record"]), []
    recorded = ", ".join(f"{name} {version}" for name, version in others.items())
    lines.append(f"installed as recorded: {recorded}" if others else "its versions are the recorded ones")
    return _environment(Reach.SIMILAR, lines), [f"{name}=={_public(v)}" for name, v in others.items()]


def interpreter(run: EvaluationRun | None) -> str:
    """Return the program of Python's release, such as 3.11, that a run used; empty if it is not here."""
    recorded = run.versions.get("python", "") if run else ""
    release = ".".join(recorded.split(".")[:2])
    if platform.python_version().startswith(f"{release}."):
        return sys.executable
    return shutil.which(f"python{release}") or "" if re.fullmatch(r"3\.\d+", release) else ""


def _environment(reach: Reach, lines: list[str]) -> Requirement:
    return Requirement(part="environment", reach=reach, lines=tuple(lines))


def _missing(why: str) -> Code:
    return Code(None, {}, Requirement(part="code", reach=Reach.MISSING, lines=(why,)))


def _lock(revision: Revision) -> bytes:
    """Return the constraints that the environments of a commit are installed with; empty without any."""
    entries = {entry.path: entry for entry in revision.entries(LOCK, sizes=True)}
    return revision.contents(entries, {LOCK: DEFAULT_LIMIT})[LOCK] if LOCK in entries else b""


def _pins(lock: bytes) -> dict[str, str]:
    return dict(_PIN.findall(lock.decode(errors="replace")))


def _public(version: str) -> str:
    """Return a version without its local label, such as +cpu, by which no registry finds it."""
    return version.partition("+")[0]
