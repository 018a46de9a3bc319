"""Give a submission another slug."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import submission_argument, submissions_option


@click.command("rename")
@submission_argument("old")
@click.argument("new")
@submissions_option
def command(old: str, new: str, submissions: Path) -> None:
    """Rename the submission OLD to NEW; links, downloads and commands with the old slug keep working.

    Every file of the submission then names the new slug, and submission.yaml lists the old one under
    `aliases`. No other submission can take it.
    """
    from harness.store.renaming import rename_submission

    folder = rename_submission(submissions, old, new)
    click.echo(f"{submissions / old} is now {folder}; {old} leads there")
    click.echo(f"next: git add -A {submissions / old} {folder}, and open a pull request")
