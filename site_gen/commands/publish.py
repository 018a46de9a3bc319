"""`stiltboard publish`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.store.board_settings import load_board_settings
from harness.verbosity import note, print_result, say, verbosity_options
from site_gen.board.edition import Edition
from site_gen.build import build
from site_gen.commands.build import at_option, outcomes_option, refuse_partial, site_options
from site_gen.commands.snapshot_sites import snapshot_sites
from site_gen.reading.source import open_source
from site_gen.writing.publish import (
    MESSAGE,
    Publication,
    pages_address,
    plan,
    published,
    push,
    push_address,
    without,
)


@click.command("publish")
@click.option("--remote", default="origin", show_default=True, help="The git remote.")
@click.option("--branch", default="gh-pages", show_default=True, help="The branch that is served.")
@at_option
@click.option(
    "--keep",
    type=click.IntRange(1, 1000),
    default=20,
    show_default=True,
    help="Keep at least so many published sites on the branch.",
)
@click.option(
    "--renew-snapshot",
    "renewed",
    multiple=True,
    metavar="NAME",
    help="Build this snapshot again; remove it if its tag is gone.",
)
@click.option("--dry-run", is_flag=True, help="Build and report what would be pushed, without pushing.")
@click.option("--yes", is_flag=True, help="Do not ask before the first push.")
@outcomes_option
@verbosity_options
@site_options
def command(
    remote: str,
    branch: str,
    at: str,
    keep: int,
    renewed: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    outcomes: bool,
    submissions: Path,
    out: Path,
    base_url: str,
) -> None:
    """Build the site and push it to a branch of a remote as a commit on top of the last published ones.

    Without --base-url the address is that of GitHub Pages for a remote on GitHub. Nothing else in the
    repository changes. A custom domain (CNAME) and the snapshots on the branch are kept, and snapshots that
    are not on it are added. Asks before it overwrites a branch that no earlier build wrote.
    """
    repository = Path.cwd()
    address = push_address(repository, remote)
    before = without(published(repository, remote, branch), renewed)
    base_url = (
        base_url
        or load_board_settings(submissions).base_url
        or ("" if before.cname else pages_address(address))
    )
    source = open_source(submissions, at)
    inside = snapshot_sites(submissions, base_url, exclude=before.snapshots)
    site = build(source.folder, out, base_url, source.edition, inside, outcomes=outcomes)
    planned = plan(out, repository, remote, branch, before, keep, _message(site.board.edition))
    _report(planned, site.board.edition, base_url)
    if dry_run:
        done = "dry run: nothing was pushed"
    elif planned.changes_nothing:
        done = "the branch has this site already: nothing was pushed"
    else:
        if planned.first and not yes:
            click.confirm(f"push it to {planned.address}, branch {planned.branch}?", abort=True)
        push(planned, repository, remote)
        done = "published"
    print_result(done)
    refuse_partial(site)


def _message(edition: Edition) -> str:
    return f"{MESSAGE} from {edition.origin.commit}" if edition.origin else MESSAGE


def _report(planned: Publication, edition: Edition, base_url: str) -> None:
    """Print what is about to be pushed, and what it replaces."""
    if edition.origin:
        note(f"the board of commit {edition.origin.short} of {edition.origin.day}")
    if not base_url:
        say(
            "no --base-url: links of the page for missing addresses lead to the server's root, and there are "
            "no previews"
        )
    size = f"{planned.files:,} files, {planned.size / 1e6:,.1f} MB"
    commits = f"{planned.length:,} {'commit' if planned.length == 1 else 'commits'}"
    note(f"{planned.address}, branch {planned.branch}: {size}, commit {planned.commit[:12]}, then {commits}")
    if planned.before.commit is None:
        note(f"the branch {planned.branch} is new on the remote")
        return
    origin = "from an earlier build" if planned.before.ours else "which no build of this site wrote"
    kept = [*planned.before.snapshots, *(["its CNAME"] if planned.before.cname else [])]
    words = f", and keeps {', '.join(kept)}" if kept else ""
    note(f"it replaces {planned.before.commit[:12]}, {origin}{words}")
