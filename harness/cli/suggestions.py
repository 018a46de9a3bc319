"""What the shell completes: slugs of a board, targets and languages. Imported only while a key is pressed."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem


def slugs(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Suggest the submissions of the board, and folders of the working folder."""
    from harness.errors import StiltboardError
    from harness.store import find_submissions

    try:
        found = find_submissions(context.params.get("submissions") or Path("submissions"))
    except StiltboardError:
        found = ()
    items = [CompletionItem(slug) for slug in found if slug.startswith(incomplete)]
    return [*items, CompletionItem(incomplete, type="dir")]


def targets(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Suggest the targets of the catalog, also after a comma."""
    from harness.catalog import TARGETS

    return _listed([target.name for target in TARGETS], incomplete)


def languages(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Suggest the languages of the targets that are named already, or of all."""
    from harness.catalog import TARGETS
    from harness.catalog.lookup import split_names

    named = split_names(context.params.get("targets") or ())
    codes = {code for target in TARGETS if not named or target.name in named for code in target.languages}
    return _listed(sorted(codes), incomplete)


def _listed(names: list[str], incomplete: str) -> list[CompletionItem]:
    before, comma, last = incomplete.rpartition(",")
    return [CompletionItem(f"{before}{comma}{name}") for name in names if name.startswith(last)]
