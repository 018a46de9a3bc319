"""Read submissions whole: what was declared, every result, and what their outcomes give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.catalog import target_of
from harness.errors import BadInput, Fault, Where
from harness.records import ReportedSubmission, Result, Submission, Training
from harness.scoring.statistics.pairwise import Entrant
from harness.store import RESULTS_FOLDER, find_results, find_submissions, on_disk, result_digest
from site_gen.board.entry import Entry, make_entry
from site_gen.board.mining_curves import MinedCurve, mined_curves
from site_gen.board.ranking_input import paired_entrant
from site_gen.board.reported import ReportedEntry
from site_gen.board.whole import WholeEntry, whole_row
from site_gen.pages.submission_details import WholeDetails
from site_gen.reading.folder_state import folder_key, is_paired

if TYPE_CHECKING:
    import pyarrow as pa


def gather(submissions: Path) -> tuple[Entry | ReportedEntry, ...]:
    """Read every submission and result, and refuse all of them with all faults when one is malformed."""
    slugs = find_submissions(submissions)
    paired = is_paired(len(slugs))
    faults: list[Fault] = []
    entries: list[Entry | ReportedEntry] = []
    for slug in slugs:
        try:
            read = read_entry(submissions / slug, paired)
        except BadInput as error:
            faults += error.faults
        else:
            entries.append(
                read
                if isinstance(read, ReportedEntry)
                else _entry(read, folder_key(submissions / slug, paired))
            )
    if faults:
        raise BadInput(faults)
    return tuple(entries)


def _entry(read: WholeEntry, stamp: bytes) -> Entry:
    row = whole_row(read)
    return make_entry(row, WholeDetails(row), stamp)


def read_entry(folder: Path, paired: bool) -> WholeEntry | ReportedEntry:
    """Read one submission with its results and sweeps."""

    def columns(result: Result) -> Sequence[str] | None:
        return None if paired or target_of(result).kind == "mining" else ()

    found = on_disk(folder).contents(outcomes=columns, required=False)
    submission = found.submission
    if found.faults or submission is None:
        raise BadInput(found.faults)
    if isinstance(submission, ReportedSubmission):
        return ReportedEntry(folder.name, submission)
    faults: list[Fault] = []
    read = []
    for target, table in found.outcomes.items():
        try:
            read.append(
                _read_outcomes(folder, found.results[target], table, submission, found.training, paired)
            )
        except BadInput as error:
            faults += error.faults
    if faults:
        raise BadInput(faults)
    return WholeEntry(
        folder.name,
        submission,
        tuple(found.results.values()),
        tuple(found.sweeps.values()),
        {each.target: each.mined for each in read if each.mined},
        {each.target: each.entrant for each in read if each.entrant is not None},
        found.training,
        found.verification,
        {path.stem: result_digest(path) for path in find_results(folder)} if found.verification else {},
    )


@dataclass(frozen=True)
class _FromOutcomes:
    """What the outcomes of a result give: the curves of what was mined, and how it enters a ranking."""

    target: str
    mined: tuple[MinedCurve, ...] = ()
    entrant: Entrant | None = None


def _read_outcomes(
    folder: Path,
    result: Result,
    table: pa.Table,
    submission: Submission,
    training: Training | None,
    paired: bool,
) -> _FromOutcomes:
    """Return what a result's outcomes give: the site lacks curves and pairing of those that are not at hand."""
    target = target_of(result)
    try:
        mined = mined_curves(target, result, table) if target.kind == "mining" else ()
        entrant = (
            paired_entrant(target, submission, result, table, training)
            if paired and result.complete
            else None
        )
    except (ValueError, KeyError) as error:
        message = error.args[0] if isinstance(error, KeyError) else str(error)
        cure = f"stiltboard evaluate {result.submission} -t {result.target} --overwrite measures it again"
        raise BadInput(
            str(message), where=Where(str(folder / RESULTS_FOLDER / result.outcomes.file)), cure=cure
        ) from None
    return _FromOutcomes(result.target, mined, entrant)
