"""Rewrite submissions in the current formats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import submissions_option

if TYPE_CHECKING:
    from harness.errors import Fault


@click.command("migrate")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@submissions_option
@click.option("--check", is_flag=True, help="Only list what would be rewritten; exit with 1 if there is any.")
def command(paths: tuple[str, ...], submissions: Path, check: bool) -> None:
    """Rewrite submissions in the current formats of this version; what they state does not change.

    PATH is a slug or a submission's folder; without one, all submissions are rewritten. Older formats stay
    readable, so there is no hurry. Scores, digests of weights, text and outcomes, marks of verification and
    superseded results are kept.
    """
    from harness.errors import BadInput
    from harness.store import existing_submission, find_submissions
    from harness.store.file_tree import FolderOnDisk
    from harness.store.migration import migrate, migration_of

    folders = [existing_submission(path, submissions) for path in paths] or [
        submissions / slug for slug in find_submissions(submissions)
    ]
    faults: list[Fault] = []
    rewritten = 0
    for folder in folders:
        migration = migration_of(FolderOnDisk(folder)) if check else migrate(folder)
        faults += migration.faults
        rewritten += len(migration.files)
        for name in migration.files:
            click.echo(f"{folder / name}: {'older format' if check else 'rewritten'}")
    if faults:
        raise BadInput(faults)
    files = f"{rewritten} {'file' if rewritten == 1 else 'files'}"
    if not rewritten:
        click.echo("all files are in the current formats")
    elif check:
        click.echo(f"{files} would be rewritten: stiltboard migrate")
        click.get_current_context().exit(1)
    else:
        click.echo(f"{files} rewritten")
