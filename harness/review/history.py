"""Check a pull request against the base: results that are lost, replaced silently, or cannot be checked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from harness.catalog import is_own
from harness.clock import written
from harness.records import (
    AnySubmission,
    Checkpoint,
    ReportedSubmission,
    Result,
    Submission,
    Superseded,
)
from harness.review.losses import shrinkage
from harness.review.submission_at import SubmissionAt
from harness.review.verdict import Reason, ResultChange, question, refusal
from harness.scoring.outcomes import cells
from harness.store.agreement import behind, false_supersession
from harness.store.file_tree import RESULTS_FOLDER
from harness.store.submissions import SUBMISSION_FILE


def changes_of_results(before: SubmissionAt, after: SubmissionAt, folder: str) -> Iterator[Reason]:
    """Check that existing results stay or are superseded with a reason, and lose nothing silently."""
    reasons = superseded(after.submission)
    recorded = superseded(before.submission)
    for target, digest in recorded.keys() - reasons.keys():
        what = f"supersedes: the entry on {target} {digest[:12]}… is missing"
        yield refusal(
            "history",
            f"{folder}/{SUBMISSION_FILE}",
            what,
            "restore it; superseded results stay on record",
        )
    for target, old in before.results.items():
        new = after.results.get(target)
        if new is None or _same(old, new):  # a removed file is reported by `path_reasons`
            continue
        file = f"{folder}/{RESULTS_FOLDER}/{target}.yaml"
        reason = reasons.get((target, old.outcomes.sha256))
        lost = shrinkage(old, new)
        if lost and reason:
            yield question(
                "shrunk",
                file,
                f"loses {_listed(lost)}, with the reason: {reason}",
                "a maintainer decides whether the reason is sufficient",
            )
        elif lost:
            yield refusal(
                "shrunk",
                file,
                f"loses {_listed(lost)}",
                "evaluate what is missing; languages and seeds are not removed without a reason",
            )
        elif reason is None and not is_extended(target, before, after):
            line = f"supersedes: [{{target: {target}, outcomes: {old.outcomes.sha256}, reason: …}}]"
            yield refusal(
                "superseded", file, "replaces a result without a reason", f"add to submission.yaml {line}"
            )


def outdated(before: SubmissionAt | None, after: SubmissionAt, folder: str) -> Iterator[Reason]:
    """Refuse new and changed results by a former protocol or on text of before a correction.

    Their numbers cannot be computed again by today's protocol, so that nothing would check them.
    """
    known = before.results if before else {}
    for target, result in after.results.items():
        if target in known and _same(known[target], result):
            continue
        file = f"{folder}/{RESULTS_FOLDER}/{target}.yaml"
        for what in behind(result):
            cure = f"stiltboard stale {after.slug} says what mends it"
            yield refusal("behind", file, what, cure)


def supersessions(before: SubmissionAt, after: SubmissionAt, folder: str) -> Iterator[Reason]:
    """Refuse new entries of replaced results that state another score or version than the result had."""
    file = f"{folder}/{SUBMISSION_FILE}"
    earlier = before.submission.supersedes if isinstance(before.submission, Submission) else ()
    entries = after.submission.supersedes if isinstance(after.submission, Submission) else ()
    for entry in entries:
        result = before.results.get(entry.target)
        if entry in earlier or (entry.score is None and entry.version is None):
            continue
        if result is None or result.outcomes.sha256 != entry.outcomes:
            what = f"supersedes: states a score of {entry.target} {entry.outcomes[:12]}…, which is not merged"
            yield refusal("history", file, what, "stiltboard supersede writes the entry before evaluating")
            continue
        for what in false_supersession(entry, result):
            cure = "remove the entry; stiltboard supersede writes it"
            yield refusal("history", file, f"supersedes: the entry on {entry.target} {what}", cure)


def changed_results(before: SubmissionAt | None, after: SubmissionAt) -> tuple[ResultChange, ...]:
    """Return the new and the changed results of a submission."""
    known = before.results if before else {}
    return tuple(
        ResultChange(
            submission=after.slug,
            target=target,
            before=known[target].score if target in known else None,
            after=result.score,
            new=target not in known,
            measured=result.measured,
            of=result.of,
        )
        for target, result in after.results.items()
        if target not in known or not _same(known[target], result)
    )


def claims(before: SubmissionAt | None, after: SubmissionAt, folder: str) -> Iterator[Reason]:
    """Ask a maintainer about what cannot be checked: published numbers, private weights and private text."""
    file = f"{folder}/{SUBMISSION_FILE}"
    known = before.submission if before else None
    if isinstance(after.submission, ReportedSubmission) and after.submission != known:
        yield question(
            "reported",
            file,
            "contains numbers from a publication",
            f"look them up in {after.submission.reported.source}",
        )
    if isinstance(after.submission, Submission):
        existing = _checkpoints(known) if isinstance(known, Submission) else []
        sources = {checkpoint.source for checkpoint in existing}
        for checkpoint in _checkpoints(after.submission):
            if checkpoint.path is not None and checkpoint.source not in sources:
                yield question(
                    "unverifiable",
                    file,
                    f"nobody else has the weights in {checkpoint.path}",
                    "ask for them on the Hub",
                )
            if checkpoint.python is not None and checkpoint.source not in sources:
                yield question(
                    "unverifiable",
                    file,
                    f"results are of {checkpoint.source}, which no check and no workflow runs",
                    "read the code, and evaluate it yourself if you trust it",
                )
    for target in after.results:
        if is_own(target) and (before is None or target not in before.results):
            yield question(
                "own-target",
                f"{folder}/{RESULTS_FOLDER}/{target}.yaml",
                "was measured on text that nobody else has",
                "ask for the text",
            )


def dates(after: SubmissionAt, folder: str) -> Iterator[Reason]:
    """Refuse results of a day that has not come: feeds, citations and the order of news go by it."""
    tomorrow = written(datetime.now(UTC) + timedelta(days=1))  # clocks of two machines may differ
    for target, result in after.results.items():
        date = result.last_run.date if result.last_run else ""
        if date > tomorrow:
            file = f"{folder}/{RESULTS_FOLDER}/{target}.yaml"
            yield refusal(
                "date", file, f"was measured on {date}, in the future", "set the clock; evaluate again"
            )


def _checkpoints(submission: Submission) -> list[Checkpoint]:
    return [*submission.checkpoints, *submission.finetuned.values()]


def superseded(submission: AnySubmission | None) -> dict[tuple[str, str], str]:
    """Return the reasons for replaced results, by target and digest of the outcomes."""
    entries: tuple[Superseded, ...] = submission.supersedes if isinstance(submission, Submission) else ()
    return {(entry.target, entry.outcomes): entry.reason for entry in entries}


def _same(old: Result, new: Result) -> bool:
    """Whether nothing but the runs differ."""
    return old.model_copy(update={"runs": ()}) == new.model_copy(update={"runs": ()})


def is_extended(target: str, before: SubmissionAt, after: SubmissionAt) -> bool:
    """Tell whether every measured cell is unchanged, row by row, on the same weights, text and protocol."""
    old, new = before.results[target], after.results[target]
    if target not in before.outcomes or target not in after.outcomes or old.signature != new.signature:
        return False
    if any(new.data.get(language) != digest for language, digest in old.data.items()):
        return False
    weights = {checkpoint.seed: checkpoint.weights for checkpoint in new.checkpoints}
    if any(weights.get(checkpoint.seed) != checkpoint.weights for checkpoint in old.checkpoints):
        return False
    new_cells = cells(after.outcomes[target])
    return all(
        cell in new_cells and rows.equals(new_cells[cell])
        for cell, rows in cells(before.outcomes[target]).items()
    )


def _listed(lost: list[str]) -> str:
    return ", ".join(lost[:5]) + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
