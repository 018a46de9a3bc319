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
@click.option(
    "--from",
    "model",
    metavar="MODEL",
    help="Fill in what a model says itself: a folder, or hub:ORG/MODEL[@REVISION].",
)
def command(slug: str, submissions: Path, title: str, family: str, model: str | None) -> None:
    """Write submissions/SLUG/submission.yaml with every key explained."""
    from harness.store import new_submission

    if model is None:
        path = new_submission(submissions, slug, title=title, family=family)
    else:
        path = _of_model(model, submissions, slug, title, family)
    click.echo(f"wrote {path}")
    click.echo(f"next: fill it in, then run: stiltboard validate {path.parent}")


def _of_model(name: str, submissions: Path, slug: str, title: str, family: str) -> Path:
    from harness.cache import cache_folder
    from harness.errors import WrongUsage
    from harness.evaluation.model_scaffold import new_submission_of_model
    from harness.store.naming import NamedModel, submission_or_model
    from harness.verbosity import say

    model = submission_or_model(name, submissions)
    if not isinstance(model, NamedModel):
        raise WrongUsage(f"{name} is a submission already", cure="name a model's folder, or hub:ORG/MODEL")
    return new_submission_of_model(
        submissions, slug, model, cache_folder(), title=title, family=family, report=say
    )
