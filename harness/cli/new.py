"""Scaffold a submission."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import submissions_option


@click.command("new")
@click.argument("slug")
@submissions_option
@click.option("--title", default="", help="The row's name on the leaderboard.")
@click.option(
    "--family", default="", help="The model family, whose sizes one curve joins, such as xlm-roberta."
)
def command(slug: str, submissions: Path, title: str, family: str) -> None:
    """Write submissions/SLUG/submission.yaml with every key explained."""
    from harness.store import new_submission

    path = new_submission(submissions, slug, title=title, family=family)
    click.echo(f"wrote {path}")
    click.echo(f"next: fill it in, then run: stiltboard validate {path.parent}")
