"""List what can be evaluated."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from harness.cli.options import language_option, target_option

if TYPE_CHECKING:
    from harness.records import Target

_COLUMNS = ("name", "title", "kind", "metric", "direction", "languages", "benchmark", "licence")


@click.command("targets")
@target_option("Only this target or group, such as xtreme or retrieval")
@language_option("Only those in this language")
@click.option("--json", "as_json", is_flag=True, help="Print their whole entries as JSON.")
def command(targets: tuple[str, ...], languages: tuple[str, ...], as_json: bool) -> None:
    """List the targets of the catalog."""
    from harness.catalog import TARGETS
    from harness.catalog.lookup import languages_named, targets_named
    from harness.text_table import print_table

    named, codes = targets_named(targets), languages_named(languages)
    listed = [
        target
        for target in TARGETS
        if (not named or target.name in named) and (not codes or set(codes) & set(target.languages))
    ]
    if as_json:
        entries = [target.published() for target in listed]
        click.echo(json.dumps(entries, indent=2, ensure_ascii=False))
        return
    print_table(_COLUMNS, [_row(target) for target in listed])


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
