"""Check a pull request against the base: ownership, and results that are lost or replaced silently."""

from __future__ import annotations

import json
import re
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
    Sweep,
)
from harness.review.losses import shrinkage
from harness.review.submission_at import SubmissionAt
from harness.review.verdict import Reason, ResultChange, question, refusal
from harness.scoring.outcomes import cells
from harness.store.file_tree import RESULTS_FOLDER
from harness.store.results import SWEEP_SUFFIX
from harness.store.submissions import SUBMISSION_FILE
from harness.store.training import TRAINING_FILE

_ACCOUNT = re.compile(r"https://(?:www\.)?github\.com/([A-Za-z0-9_-]{1,39})/?(?:[?#]\S*)?")
_ASK = "a maintainer asks its submitters"


def owners(submission: AnySubmission | None) -> frozenset[str]:
    """Return the GitHub accounts of a submission's submitters, from their urls, in lowercase."""
    urls = [submitter.url or "" for submitter in submission.submitters] if submission else []
    return frozenset(match[1].lower() for url in urls if (match := _ACCOUNT.fullmatch(url)))


def ownership(
    before: SubmissionAt | None, after: SubmissionAt, actor: str | None, folder: str
) -> Iterator[Reason]:
    """Check that the author of a pull request is a submitter, by the base's submission if it exists there."""
    file = f"{folder}/{SUBMISSION_FILE}"
    accounts = owners(before.submission) if before else owners(after.submission)
    author = actor.lower() if actor else None
    if before is None and after.submission is None:  # its file has faults, which are reported already
        return
    if author is None:
        yield question(
            "ownership", file, "the author of the pull request is unknown", "name the account with --actor"
        )
    elif before and accounts and author not in accounts:
        yield refusal(
            "ownership",
            file,
            f"belongs to {', '.join(sorted(accounts))}, not to {author}",
            "add a separate submission",
        )
    elif not accounts:
        what = "names no submitter's GitHub account"
        yield question(
            "ownership", file, what, "write url: https://github.com/<account> after a submitter's name"
        )
    elif author not in accounts:
        what = f"{author} is not among its submitters, {', '.join(sorted(accounts))}"
        yield question("ownership", file, what, _ASK)
    if before and after.submission and owners(after.submission) != accounts:
        yield question("ownership", file, "other accounts would be its submitters from now on", _ASK)


def changes_of_results(before: SubmissionAt, after: SubmissionAt, folder: str) -> Iterator[Reason]:
    """Check that existing results stay or are superseded with a reason, and lose nothing silently."""
    reasons = _superseded(after.submission)
    recorded = _superseded(before.submission)
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
        elif reason is None and not _extends(target, before, after):
            line = f"supersedes: [{{target: {target}, outcomes: {old.outcomes.sha256}, reason: …}}]"
            yield refusal(
                "superseded", file, "replaces a result without a reason", f"add to submission.yaml {line}"
            )


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


def edits(before: SubmissionAt, after: SubmissionAt, folder: str) -> Iterator[Reason]:
    """Ask a maintainer about what changes in a submission besides new results, checkpoints and reasons."""
    file = f"{folder}/{SUBMISSION_FILE}"
    ask = "a maintainer decides whether the earlier results are still of this submission"
    if before.submission is not None and after.submission is not None:
        old, new = (snapshot.model_dump(mode="json") for snapshot in (before.submission, after.submission))
        for key in dict.fromkeys((*old, *new)):
            left, right = old.get(key), new.get(key)
            is_new_seed = key == "checkpoints" and all(
                checkpoint in (right or ()) for checkpoint in left or ()
            )
            if left != right and key != "supersedes" and not is_new_seed:
                yield question("edited", file, f"{key}: {_shortened(left)} becomes {_shortened(right)}", ask)
    if before.training is not None and after.training is not None:
        rest = [record.model_copy(update={"seeds": ()}) for record in (before.training, after.training)]
        if rest[0] != rest[1] or any(seed not in after.training.seeds for seed in before.training.seeds):
            what = "the record of the training is another"
            yield question("edited", f"{folder}/{TRAINING_FILE}", what, ask)
    for target, sweep in before.sweeps.items():
        if target in after.sweeps and _without_run(sweep) != _without_run(after.sweeps[target]):
            path = f"{folder}/{RESULTS_FOLDER}/{target}{SWEEP_SUFFIX}"
            yield question("edited", path, "scores of layers are others than before", ask)
    for target, result in before.results.items():
        sizes = {c.weights: c.parameters for c in result.checkpoints}
        for checkpoint in after.results[target].checkpoints if target in after.results else ():
            size = sizes.get(checkpoint.weights, checkpoint.parameters)
            if size != checkpoint.parameters:
                path = f"{folder}/{RESULTS_FOLDER}/{target}.yaml"
                numbers = f"{checkpoint.parameters.total:,} parameters, and had {size.total:,}"
                cure = "the same weights have the same size; evaluate again"
                yield refusal("edited", path, f"seed {checkpoint.seed} has {numbers}", cure)


def _shortened(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _without_run(sweep: Sweep) -> Sweep:
    return sweep.model_copy(update={"run": {}})


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
        date = str(result.run.get("date", ""))
        if date > tomorrow:
            file = f"{folder}/{RESULTS_FOLDER}/{target}.yaml"
            yield refusal(
                "date", file, f"was measured on {date}, in the future", "set the clock; evaluate again"
            )


def _checkpoints(submission: Submission) -> list[Checkpoint]:
    return [*submission.checkpoints, *submission.finetuned.values()]


def _superseded(submission: AnySubmission | None) -> dict[tuple[str, str], str]:
    entries: tuple[Superseded, ...] = submission.supersedes if isinstance(submission, Submission) else ()
    return {(entry.target, entry.outcomes): entry.reason for entry in entries}


def _same(old: Result, new: Result) -> bool:
    """Whether nothing but the run block differs."""
    return old.model_copy(update={"run": {}}) == new.model_copy(update={"run": {}})


def _extends(target: str, before: SubmissionAt, after: SubmissionAt) -> bool:
    """Whether every measured cell is unchanged, row by row, on the same weights, text and protocol."""
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
