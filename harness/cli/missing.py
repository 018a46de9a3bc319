"""List which rows lack which targets."""

from __future__ import annotations

import json
from pathlib import Path

import click

from harness.cli.options import submissions_option, target_option


@click.command("missing")
@target_option("Only this target or group", named=True)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
@submissions_option
def command(targets: tuple[str, ...], as_json: bool, submissions: Path) -> None:
    """List the targets that submissions have no result on, and the languages that their results lack.

    By default of every target that belongs to a benchmark or that any submission has. Rows of published
    numbers are left out.
    """
    from harness.upkeep.coverage import missing_targets

    found = missing_targets(submissions, targets)
    if as_json:
        click.echo(json.dumps([missing.model_dump(mode="json") for missing in found], indent=2))
        return
    for missing in found:
        slugs = "" if len(missing.lacking) in (0, missing.of) else f": {' '.join(missing.lacking)}"
        click.echo(f"{missing.target}: {len(missing.lacking)} of {missing.of} submissions lack it{slugs}")
        for slug, languages in missing.languages.items():
            click.echo(f"  {slug} lacks {' '.join(languages)}")
    if not found:
        click.echo("no submission lacks a target")
