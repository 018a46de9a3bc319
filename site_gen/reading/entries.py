"""Read submissions whole: what was declared, every result, and what their outcomes give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from harness.catalog import target_named
from harness.errors import BadInput, Fault, Where
from harness.records import ReportedSubmission, Result, Submission, Training
from harness.scoring.statistics.pairwise import Entrant
from harness.store import (
    find_results,
    find_submissions,
    load_outcomes,
    load_result,
    load_submission,
    load_sweeps,
    load_training,
    load_verification,
    result_digest,
)
from site_gen.board.board import Entry
from site_gen.board.mining_curves import MinedCurve, mined_curves
from site_gen.board.ranking_input import paired_entrant
from site_gen.board.reported import ReportedEntry

# With more, every pair's examples would take longer than the site is worth: ranks are then made from intervals alone.
PAIRED_SUBMISSIONS = 300


def gather(submissions: Path) -> tuple[Entry | ReportedEntry, ...]:
    """Read every submission and result, and refuse all of them with all faults when one is malformed."""
    slugs = find_submissions(submissions)
    paired = len(slugs) <= PAIRED_SUBMISSIONS
    faults: list[Fault] = []
    entries = [_collected(lambda folder: read_entry(folder, paired), submissions / slug, faults) for slug in slugs]
    if faults:
        raise BadInput(faults)
    return tuple(entry for entry in entries if entry is not None)


_Found = TypeVar("_Found")


def _collected(read: Callable[[Path], _Found], path: Path, faults: list[Fault]) -> _Found | None:
    """Read, or leave what is wrong in `faults`."""
    try:
        return read(path)
    except BadInput as error:
        faults += error.faults
        return None


def read_entry(folder: Path, paired: bool) -> Entry | ReportedEntry:
    """Read one submission with its results and sweeps."""
    faults: list[Fault] = []
    submission = _collected(load_submission, folder, faults)
    if isinstance(submission, ReportedSubmission):
        return ReportedEntry(folder.name, submission)
    paths = _collected(find_results, folder, faults) or ()
    sweeps = _collected(load_sweeps, folder, faults)
    training = _collected(load_training, folder, faults)
    verification = _collected(load_verification, folder, faults)
    results = [_collected(load_result, path, faults) for path in paths]
    read = [
        _collected(lambda path, result=result: _read_outcomes(path, result, submission, training, paired), path, faults)  # type: ignore[misc]
        for path, result in zip(paths, results, strict=True)
        if result is not None and submission is not None
    ]
    if faults or submission is None or sweeps is None:
        raise BadInput(faults)
    kept = [each for each in read if each is not None]
    return Entry(
        folder.name,
        submission,
        tuple(result for result in results if result is not None),
        sweeps,
        {each.target: each.mined for each in kept if each.mined},
        {each.target: each.entrant for each in kept if each.entrant is not None},
        training,
        verification,
        {path.stem: result_digest(path) for path in paths} if verification else {},
    )


@dataclass(frozen=True)
class _Read:
    """What the outcomes of a result give: the curves of what was mined, and how it enters a ranking."""

    target: str
    mined: tuple[MinedCurve, ...] = ()
    entrant: Entrant | None = None


def _read_outcomes(path: Path, result: Result, submission: Submission, training: Training | None, paired: bool) -> _Read:
    """Read a result's outcomes where they are at hand; without them the site lacks its curves and its pairing."""
    target = target_named(result.target, result.languages)
    outcomes = path.parent / result.outcomes.file
    if target is None or not outcomes.exists() or not (paired or target.kind == "mining"):
        return _Read(result.target)
    table = load_outcomes(path, result)
    try:
        mined = mined_curves(target, result, table) if target.kind == "mining" else ()
        entrant = paired_entrant(target, submission, result, table, training) if paired and result.complete else None
    except (ValueError, KeyError) as error:
        message = error.args[0] if isinstance(error, KeyError) else str(error)
        cure = f"stiltboard evaluate {result.submission} -t {result.target} --overwrite measures it again"
        raise BadInput(str(message), where=Where(str(outcomes)), cure=cure) from None
    return _Read(result.target, mined, entrant)
