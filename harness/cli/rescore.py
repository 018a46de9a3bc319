"""Compute scores again from stored outcomes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import submission_argument, submissions_option, target_option
from harness.verbosity import note, print_result, verbosity_options

if TYPE_CHECKING:
    from harness.errors import Fault


@click.command("rescore")
@submission_argument("slugs", nargs=-1, metavar="[SLUG]...")
@target_option("Only this target or group", named=True)
@click.option("--check", is_flag=True, help="Only list what would be rewritten; exit with 1 if there is any.")
@verbosity_options
@submissions_option
def command(slugs: tuple[str, ...], targets: tuple[str, ...], check: bool, submissions: Path) -> None:
    """Score results again by today's protocols, from their outcomes; no model and no text is needed.

    Scores that were added later are added. Results by an earlier version of a protocol are replaced where
    the new version only scores the same outcomes differently; submission.yaml then records the earlier score
    under `supersedes`. Digests of weights and text stay. A result whose outcomes do not suffice is named,
    and not touched.
    """
    from harness.clock import now
    from harness.errors import BadInput, Unreachable
    from harness.store import existing_submission, find_submissions, on_disk
    from harness.upkeep.rescoring import rescore

    folders = [existing_submission(slug, submissions) for slug in slugs] or [
        submissions / slug for slug in find_submissions(submissions)
    ]
    faults: list[Fault] = []
    rewritten = 0
    for folder in folders:
        for target in on_disk(folder).targets():
            if targets and target not in targets:
                continue
            try:
                rescored = rescore(folder, target, now(), write=not check)
            except Unreachable:
                raise
            except BadInput as error:
                faults += error.faults
                continue
            if rescored is not None:
                rewritten += 1
                print_result(f"{folder.name}, {target}: {rescored.text}")
    if faults:
        raise BadInput(faults)
    results = f"{rewritten} {'result' if rewritten == 1 else 'results'}"
    note(f"{results} would be scored again: stiltboard rescore" if check else f"{results} scored again")
    if check and rewritten:
        click.get_current_context().exit(1)
