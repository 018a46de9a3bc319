"""Read complete submissions: the declaration, every result, and statistics of their outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.catalog import target_of
from harness.errors import BadInput, Fault, Unreachable, Where
from harness.records import ReportedSubmission, Result, Submission, Training
from harness.records.result import INTERVAL_METHOD
from harness.scoring.recalculation import with_present_intervals
from harness.scoring.statistics.entrant import Entrant
from harness.store import RESULTS_FOLDER, SUBMISSION_FILE, find_results, on_disk, result_digest
from harness.store.notices import TOMBSTONE_FILE, load_tombstone
from site_gen.board.entry import AnyEntry, Entry, WithdrawnEntry, make_entry
from site_gen.board.language_examples import LanguageExamples, language_examples
from site_gen.board.mining_curves import MinedCurve, mined_curves
from site_gen.board.ranking_input import paired_entrant
from site_gen.board.reported import ReportedEntry
from site_gen.board.whole import WholeEntry, whole_row
from site_gen.pages.submission_details import WholeDetails
from site_gen.reading.folder_state import folder_key, is_paired, shown_folders

if TYPE_CHECKING:
    import pyarrow as pa

ReadEntry = WholeEntry | ReportedEntry | WithdrawnEntry


def gather(submissions: Path) -> tuple[AnyEntry, ...]:
    """Read every submission and result; raise BadInput with all faults if any is malformed."""
    slugs = shown_folders(submissions)
    paired = is_paired(len(slugs))
    faults: list[Fault] = []
    entries: list[AnyEntry] = []
    for slug in slugs:
        try:
            entry = read_entry(submissions / slug, paired)
        except Unreachable:
            raise
        except BadInput as error:
            faults += error.faults
        else:
            entries.append(
                _entry(entry, folder_key(submissions / slug, paired))
                if isinstance(entry, WholeEntry)
                else entry
            )
    if faults:
        raise BadInput(faults)
    return tuple(entries)


def _entry(entry: WholeEntry, stamp: bytes) -> Entry:
    row = whole_row(entry)
    return make_entry(row, WholeDetails(row), stamp)


def read_entry(folder: Path, paired: bool) -> ReadEntry:
    """Read one submission with its results and their curves; raise BadInput if any is malformed."""
    if (folder / TOMBSTONE_FILE).exists() and not (folder / SUBMISSION_FILE).exists():
        return WithdrawnEntry(folder.name, load_tombstone(folder))

    def columns(result: Result) -> Sequence[str] | None:
        needed = target_of(result).kind == "mining" or result.interval_method != INTERVAL_METHOD
        return None if paired or needed else ()

    contents = on_disk(folder).contents(outcomes=columns, required=False)
    submission = contents.submission
    if contents.faults or submission is None:
        raise BadInput(contents.faults)
    notices = contents.notices.notices if contents.notices else ()
    if isinstance(submission, ReportedSubmission):
        return ReportedEntry(folder.name, submission, notices)
    faults: list[Fault] = []
    read_outcomes = []
    for target, table in contents.outcomes.items():
        try:
            read_outcomes.append(
                _read_outcomes(folder, contents.results[target], table, submission, contents.training, paired)
            )
        except BadInput as error:
            faults += error.faults
    if faults:
        raise BadInput(faults)
    return WholeEntry(
        folder.name,
        submission,
        tuple(
            with_present_intervals(target_of(result), result, contents.outcomes[name])
            if name in contents.outcomes
            else result
            for name, result in contents.results.items()
        ),
        tuple(contents.sweeps.values()),
        {outcome.target: outcome.mined for outcome in read_outcomes if outcome.mined},
        {outcome.target: outcome.entrant for outcome in read_outcomes if outcome.entrant is not None},
        {outcome.target: outcome.examples for outcome in read_outcomes if outcome.examples},
        contents.training,
        contents.verification,
        {path.stem: result_digest(path) for path in find_results(folder)} if contents.verification else {},
        notices,
        tuple(contents.curves.values()),
    )


@dataclass(frozen=True)
class _OutcomeStatistics:
    """What is computed from the outcomes of a result: mining curves, the entrant of the ranking, examples."""

    target: str
    mined: tuple[MinedCurve, ...] = ()
    entrant: Entrant | None = None
    examples: tuple[LanguageExamples, ...] = ()


def _read_outcomes(
    folder: Path,
    result: Result,
    table: pa.Table,
    submission: Submission,
    training: Training | None,
    paired: bool,
) -> _OutcomeStatistics:
    """Return the statistics of a result's outcomes; raise BadInput where they do not match the result."""
    target = target_of(result)
    try:
        mined = mined_curves(target, result, table) if target.kind == "mining" else ()
        entrant = (
            paired_entrant(target, submission, result, table, training)
            if paired and result.covers(target.languages)
            else None
        )
        examples = language_examples(target, result, table) if paired else ()
    except (ValueError, KeyError) as error:
        message = error.args[0] if isinstance(error, KeyError) else str(error)
        cure = f"stiltboard evaluate {result.submission} -t {result.target} --overwrite measures it again"
        raise BadInput(
            str(message), where=Where(str(folder / RESULTS_FOLDER / result.outcomes.file)), cure=cure
        ) from None
    return _OutcomeStatistics(result.target, mined, entrant, examples)
