"""Withdraw a submission."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import submission_argument, submissions_option


@click.command("withdraw")
@submission_argument("slug")
@click.option("--reason", required=True, help="Why, in one line; the site shows it.")
@click.option("--url", help="Where it is discussed: an address that begins with https://")
@submissions_option
def command(slug: str, reason: str, url: str | None, submissions: Path) -> None:
    """Remove a submission and leave its tombstone, so that nobody else takes its slug.

    git's history and the sites that are published already keep what they hold: docs/maintaining.md lists the
    steps of a purge.
    """
    from pydantic import ValidationError

    from harness.clock import now
    from harness.errors import WrongUsage
    from harness.store import existing_submission
    from harness.store.renaming import withdraw_submission

    try:
        path = withdraw_submission(existing_submission(slug, submissions), reason, url, now())
    except ValidationError as error:
        option = error.errors()[0]["loc"][0]
        cure = "a reason is one line of at most 200 characters, an address begins with https://"
        raise WrongUsage(f"--{option} is not valid", cure=cure) from None
    click.echo(f"wrote {path}; everything else of the submission was removed")
    click.echo(f"next: git add -A {path.parent}, and open a pull request")
