"""`stiltboard publish`."""

from __future__ import annotations

from pathlib import Path

import click

from site_gen.build import build
from site_gen.commands.build import refuse_partial, site_options
from site_gen.writing.publish import plan, push


@click.command("publish")
@click.option("--remote", default="origin", show_default=True, help="The git remote to push the site to.")
@click.option("--branch", default="gh-pages", show_default=True, help="The branch that GitHub Pages serves.")
@click.option("--dry-run", is_flag=True, help="Build and report what would be pushed, without pushing.")
@click.option("--yes", is_flag=True, help="Do not ask before the first push.")
@site_options
def command(
    remote: str, branch: str, dry_run: bool, yes: bool, submissions: Path, out: Path, base_url: str
) -> None:
    """Build the site and push it to a branch of a remote as one commit without a history.

    Nothing else in the repository changes. A custom domain (CNAME) on the branch is kept. Asks before it
    overwrites a branch that no earlier build wrote.
    """
    site = build(submissions, out, base_url)
    repository = Path.cwd()
    planned = plan(out, repository, remote, branch)
    size = f"{planned.files:,} files, {planned.size / 1e6:,.1f} MB"
    click.echo(f"{planned.address}, branch {branch}: {size}, commit {planned.commit[:12]}")
    if planned.before.commit is None:
        click.echo(f"the branch {branch} is new on the remote")
    else:
        origin = "from an earlier build" if planned.before.ours else "which no build of this site wrote"
        domain = ", and keeps its CNAME" if planned.before.cname else ""
        click.echo(f"it replaces {planned.before.commit[:12]}, {origin}{domain}")
    if dry_run:
        click.echo("dry run: nothing was pushed")
        refuse_partial(site)
        return
    if planned.first and not yes:
        click.confirm("push it?", abort=True)
    push(planned, repository, remote)
    click.echo("published")
    refuse_partial(site)
