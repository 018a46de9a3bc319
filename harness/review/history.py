"""Judge what a pull request does to what is there: whose it is, and whether anything is lost or replaced in silence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.catalog import is_own
from harness.records import AnySubmission, Checkpoint, ReportedSubmission, Result, Submission, Superseded
from harness.review.losses import shrinkage
from harness.review.submission_at import SubmissionAt
from harness.review.verdict import Reason, ResultChange, question, refusal
from harness.scoring.outcomes import cells
from harness.store.file_tree import RESULTS_FOLDER
from harness.store.submissions import SUBMISSION_FILE

_ACCOUNT = re.compile(r"https://(?:www\.)?github\.com/([A-Za-z0-9-]{1,39})/?")
_ASK = "a maintainer asks those who answer for it"


def owners(submission: AnySubmission | None) -> frozenset[str]:
    """Return the GitHub accounts, in lowercase, of those who answer for a submission: the submitters whose url is one."""
    urls = [submitter.url or "" for submitter in submission.submitters] if submission else []
    return frozenset(found[1].lower() for url in urls if (found := _ACCOUNT.fullmatch(url)))


def ownership(
    before: SubmissionAt | None, after: SubmissionAt, actor: str | None, folder: str
) -> Iterator[Reason]:
    """Say where the author of a pull request may not, or not alone, change a submission; the base says whose it is."""
    file = f"{folder}/{SUBMISSION_FILE}"
    whose = owners(before.submission) if before else owners(after.submission)
    me = actor.lower() if actor else None
    if before is None and after.submission is None:  # what is wrong with its file is told already
        return
    if me is None:
        yield question(
            "ownership", file, "who opened the pull request is not known", "say with --actor who did"
        )
    elif before and whose and me not in whose:
        yield refusal(
            "ownership",
            file,
            f"belongs to {', '.join(sorted(whose))}, not to {me}",
            "add a submission of your own",
        )
    elif not whose:
        what = "names no submitter's GitHub account"
        yield question(
            "ownership", file, what, "write url: https://github.com/<account> beside a submitter's name"
        )
    elif me not in whose:
        yield question(
            "ownership", file, f"{me} is not among its submitters, {', '.join(sorted(whose))}", _ASK
        )
    if before and after.submission and owners(after.submission) != whose:
        yield question("ownership", file, "other accounts would answer for it from now on", _ASK)


def changes_of_results(before: SubmissionAt, after: SubmissionAt, folder: str) -> Iterator[Reason]:
    """Judge results that were there: they stay, or are superseded with a reason, and lose nothing in silence."""
    reasons = _superseded(after.submission)
    kept = _superseded(before.submission)
    for target, digest in kept.keys() - reasons.keys():
        what = f"supersedes: the entry on {target} {digest[:12]}… is gone"
        yield refusal(
            "history",
            f"{folder}/{SUBMISSION_FILE}",
            what,
            "bring it back; what was superseded stays on record",
        )
    for target, old in before.results.items():
        new = after.results.get(target)
        if new is None or _same(old, new):  # a removed file is told where files are
            continue
        file = f"{folder}/{RESULTS_FOLDER}/{target}.yaml"
        reason = reasons.get((target, old.outcomes.sha256))
        lost = shrinkage(old, new)
        if lost and reason:
            yield question(
                "shrunk",
                file,
                f"loses {_listed(lost)}, saying: {reason}",
                "a maintainer decides whether that is a reason",
            )
        elif lost:
            yield refusal(
                "shrunk",
                file,
                f"loses {_listed(lost)}",
                "evaluate what is missing; languages and seeds do not go in silence",
            )
        elif reason is None and not _extends(target, before, after):
            line = f"supersedes: [{{target: {target}, outcomes: {old.outcomes.sha256}, reason: …}}]"
            yield refusal(
                "superseded", file, "replaces a result without a reason", f"add to submission.yaml {line}"
            )


def changed_results(before: SubmissionAt | None, after: SubmissionAt) -> tuple[ResultChange, ...]:
    """Return the results that are new, or others than before."""
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
    """Ask a maintainer about what no check can see: numbers out of a paper, weights and text that nobody else has."""
    file = f"{folder}/{SUBMISSION_FILE}"
    known = before.submission if before else None
    if isinstance(after.submission, ReportedSubmission) and after.submission != known:
        yield question(
            "reported",
            file,
            "holds numbers that others published",
            f"look them up in {after.submission.reported.source}",
        )
    if isinstance(after.submission, Submission):
        here = {each.source for each in _checkpoints(known)} if isinstance(known, Submission) else set()
        for checkpoint in _checkpoints(after.submission):
            if checkpoint.path is not None and checkpoint.source not in here:
                yield question(
                    "unverifiable",
                    file,
                    f"nobody else has the weights in {checkpoint.path}",
                    "ask for them on the Hub",
                )
    for target in after.results:
        if is_own(target) and (before is None or target not in before.results):
            yield question(
                "own-target",
                f"{folder}/{RESULTS_FOLDER}/{target}.yaml",
                "is of text that nobody else has",
                "ask for the text",
            )


def _checkpoints(submission: Submission) -> list[Checkpoint]:
    return [*submission.checkpoints, *submission.finetuned.values()]


def _superseded(submission: AnySubmission | None) -> dict[tuple[str, str], str]:
    entries: tuple[Superseded, ...] = submission.supersedes if isinstance(submission, Submission) else ()
    return {(entry.target, entry.outcomes): entry.reason for entry in entries}


def _same(old: Result, new: Result) -> bool:
    """Tell whether nothing but the run differs."""
    return old.model_copy(update={"run": {}}) == new.model_copy(update={"run": {}})


def _extends(target: str, before: SubmissionAt, after: SubmissionAt) -> bool:
    """Tell whether every cell that was measured is there still, row by row, on the same weights, text and protocol."""
    old, new = before.results[target], after.results[target]
    if target not in before.outcomes or target not in after.outcomes or old.signature != new.signature:
        return False
    if any(new.data.get(language) != digest for language, digest in old.data.items()):
        return False
    weights = {checkpoint.seed: checkpoint.weights for checkpoint in new.checkpoints}
    if any(weights.get(checkpoint.seed) != checkpoint.weights for checkpoint in old.checkpoints):
        return False
    theirs = cells(after.outcomes[target])
    return all(
        cell in theirs and rows.equals(theirs[cell]) for cell, rows in cells(before.outcomes[target]).items()
    )


def _listed(lost: list[str]) -> str:
    return ", ".join(lost[:5]) + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
