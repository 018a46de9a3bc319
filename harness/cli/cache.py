"""`stiltboard cache`: what lies in the cache, and how to make room."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cache import cache_folder
from harness.errors import WrongUsage

if TYPE_CHECKING:
    from harness.cache_inventory import CacheEntry

_MIB = 2**20


@click.group("cache", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each entry instead.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List what lies in the cache, the largest first: what it belongs to, its size and its age.

    The cache is the folder that $STILTBOARD_CACHE names, or else stiltboard's in the user's cache. All of it
    can be deleted: it is computed or downloaded again. What was downloaded from the Hub lies in the Hub's own
    cache ($HF_HOME), which `hf cache` manages.
    """
    if context.invoked_subcommand is not None:
        return
    from harness.cache_inventory import cache_entries
    from harness.text_table import print_table

    root = cache_folder()
    entries = cache_entries(root)
    if as_json:
        for entry in entries:
            fields = {"kind": entry.kind, "about": entry.about, "path": str(entry.path)}
            click.echo(json.dumps({**fields, "bytes": entry.size, "days": round(entry.days, 1)}))
        return
    rows = [(entry.kind, entry.about, _size(entry.size), f"{entry.days:.0f}") for entry in entries]
    if rows:
        print_table(("kind", "what", "MiB", "days"), rows, right={"MiB", "days"})
    click.echo(f"{len(entries)} entries, {_size(sum(entry.size for entry in entries))} MiB in {root}")


@command.command("clean")
@click.option("--older-than", type=click.FloatRange(min=0), metavar="DAYS", help="Not used for so many days.")
@click.option("--larger-than", type=click.FloatRange(min=0), metavar="MIB", help="Larger than this.")
@click.option("--model", metavar="TEXT", help="Whose description has this text, such as a model's name.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Of this kind (repeatable).")
@click.option("--all", "everything", is_flag=True, help="Everything.")
@click.option("--dry-run", is_flag=True, help="Only list what would be deleted.")
def clean(
    older_than: float | None,
    larger_than: float | None,
    model: str | None,
    kinds: tuple[str, ...],
    everything: bool,
    dry_run: bool,
) -> None:
    """Delete entries of the cache that meet all conditions given.

    An evaluation that is running keeps what it has opened; a later one computes the rest again.
    """
    from harness.cache_inventory import KINDS, cache_entries, remove_entry

    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise WrongUsage(f"unknown kind {unknown[0]!r}", cure=f"one of: {', '.join(KINDS)}")
    if not (everything or kinds or model) and older_than is None and larger_than is None:
        raise WrongUsage("nothing says what to delete", cure="for example --older-than 30, or --all")
    chosen = [
        entry
        for entry in cache_entries(cache_folder())
        if (older_than is None or entry.days >= older_than)
        and (larger_than is None or entry.size > larger_than * _MIB)
        and (model is None or model in entry.about)
        and (not kinds or entry.kind in kinds)
    ]
    for entry in chosen:
        if not dry_run:
            remove_entry(entry)
        click.echo(_removed(entry, dry_run=dry_run))
    click.echo(f"{len(chosen)} entries, {_size(sum(entry.size for entry in chosen))} MiB")


def _removed(entry: CacheEntry, *, dry_run: bool) -> str:
    verb = "would delete" if dry_run else "deleted"
    return f"{verb} {Path(entry.kind) / entry.path.name}: {entry.about}, {_size(entry.size)} MiB"


def _size(size: int) -> str:
    return f"{size / _MIB:,.1f}"
