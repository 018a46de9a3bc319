"""Ask the Hub whether the checkpoints of submissions are still there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import submission_argument, submissions_option
from harness.errors import BadInput, CheckFailed, Fault, MissingExtra

if TYPE_CHECKING:
    from harness.records import Checkpoint, Submission


@click.command("check-weights")
@submission_argument("slugs", nargs=-1, metavar="[SLUG]...")
@submissions_option
def command(slugs: tuple[str, ...], submissions: Path) -> None:
    """Ask the Hub whether the checkpoints of submissions are still there; without SLUG, of all.

    Writes a notice weights-gone for what nobody can download any more, and lifts it when everything is there
    again. Where the Hub gives no clear answer nothing is changed, and the exit code is 1.
    """
    from harness.clock import now
    from harness.records import Submission
    from harness.store import existing_submission, find_submissions, load_submission
    from harness.store.notices import record_gone_weights

    if slugs:
        folders = [existing_submission(slug, submissions) for slug in slugs]
    else:
        folders = [submissions / slug for slug in find_submissions(submissions)]
    unclear: list[Fault] = []
    checked = 0
    for folder in folders:
        try:
            submission = load_submission(folder)
            if not isinstance(submission, Submission) or not _has_weights_on_the_hub(submission):
                continue
            checked += 1
            gone = {targets: reason for targets, reason in _gone(submission) if reason}
            added, lifted = record_gone_weights(folder, gone, now())
        except BadInput as error:
            unclear += [Fault(f"{folder.name}: {fault.message}", cure=fault.cure) for fault in error.faults]
            continue
        changes = f" ({added} added, {lifted} lifted)" if added or lifted else ""
        click.echo(f"{folder.name}: {'; '.join(gone.values()) or 'there'}{changes}")
    click.echo(f"{checked} of {len(folders)} submissions have weights on the Hub")
    if unclear:
        raise CheckFailed(unclear)


def _has_weights_on_the_hub(submission: Submission) -> bool:
    checkpoints = (*submission.checkpoints, *submission.finetuned.values())
    return any(checkpoint.hub is not None for checkpoint in checkpoints)


def _gone(submission: Submission) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield why weights are gone, empty if they are not, by the targets that they are needed for."""
    yield (), _why(submission.checkpoints)
    for target, checkpoint in submission.finetuned.items():
        yield (target,), _why([checkpoint])


def _why(checkpoints: Sequence[Checkpoint]) -> str:
    """Return why some of these checkpoints are gone, in one line; empty if those on the Hub are there."""
    from harness.models.checkpoint import why_gone

    hosted = [
        (checkpoint.hub, checkpoint.revision or "")
        for checkpoint in checkpoints
        if checkpoint.hub is not None
    ]
    try:
        reasons = [reason for hub, revision in hosted if (reason := why_gone(hub, revision))]
    except ModuleNotFoundError as missing:
        raise MissingExtra("check-weights", "eval", str(missing.name)) from missing
    if not reasons or len(checkpoints) == 1:
        return "".join(reasons)
    return f"{len(reasons)} of {len(checkpoints)} seeds: {reasons[0]}"
