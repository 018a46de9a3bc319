"""List what can be evaluated."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from harness.records import Target

_COLUMNS = ("name", "title", "kind", "metric", "direction", "languages", "benchmark", "licence")


@click.command("targets")
@click.option("--json", "as_json", is_flag=True, help="Print the whole catalog as JSON.")
def command(as_json: bool) -> None:
    """List the targets of the catalog."""
    from harness.catalog import TARGETS
    from harness.text_table import print_table

    if as_json:
        entries = [target.published() for target in TARGETS]
        click.echo(json.dumps(entries, indent=2, ensure_ascii=False))
        return
    print_table(_COLUMNS, [_row(target) for target in TARGETS])


def _row(target: Target) -> tuple[str, ...]:
    benchmark = "demonstration" if target.demonstration else target.benchmark or "–"
    return (
        target.name,
        target.title,
        target.kind,
        target.metric,
        target.direction,
        str(len(target.languages)),
        benchmark,
        target.licence,
    )
