"""`stiltboard build`."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from harness.characters import shown
from harness.errors import BadInput, CheckFailed
from harness.records.scalars import WEB_ADDRESS
from harness.store import existing_submission, find_submissions
from harness.store.board_settings import load_board_settings
from harness.verbosity import current_verbosity, verbosity_options
from site_gen.build import Site, build
from site_gen.commands.shared_options import submissions_option
from site_gen.commands.snapshot_sites import snapshot_sites
from site_gen.commands.terminal import print_board
from site_gen.reading.source import open_source

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _web_address(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Return a value that may be published as an address, refuse any other, and show no password."""
    example = "such as https://user.github.io/leaderboard"
    if "@" in value.partition("://")[2].partition("/")[0]:
        raise click.BadParameter(
            f"an address with a name or a password would be published: give one {example}"
        )
    if value and not re.fullmatch(WEB_ADDRESS, value):
        raise click.BadParameter(f"{shown(value)} is not a web address {example}")
    return value


base_url_option = click.option(
    "--base-url", default="", callback=_web_address, metavar="URL",
    help="The site's public address, before base_url of stiltboard.yaml: adds canonical links, a sitemap and "
    "preview pictures.",
)  # fmt: skip


outcomes_option = click.option(
    "--outcomes/--no-outcomes",
    default=True,
    show_default=True,
    help="Whether the site has the outcomes of every example, up to 400 MB in all; else pages link those of "
    "the repository.",
)


def site_options(command: _Command) -> _Command:
    """Add the options that all commands of the site share."""
    out = click.option(
        "--out", type=click.Path(path_type=Path), default=Path("public"), show_default=True,
        help="The output folder: a new one, or that of an earlier build.",
    )  # fmt: skip
    return submissions_option(out(base_url_option(command)))


at_option = click.option(
    "--at", default="", metavar="REV",
    help="Build the submissions as of this git revision, or snapshot, with this version of the software.",
)  # fmt: skip


@click.command("build")
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
@click.option("--only", default="", metavar="GLOB", help="A preview of the submissions whose slug matches.")
@at_option
@click.option(
    "--since",
    default="",
    metavar="REV",
    help="List what changed since this git revision, or snapshot; without it, since the newest snapshot.",
)
@click.option("--snapshots", is_flag=True, help="Build every snapshot too, each in the folder of its name.")
@outcomes_option
@verbosity_options
@site_options
def command(
    slugs: tuple[str, ...],
    only: str,
    at: str,
    since: str,
    snapshots: bool,
    outcomes: bool,
    submissions: Path,
    out: Path,
    base_url: str,
) -> None:
    """Build the static site from the results and print the leaderboard.

    With slugs, or --only, it is a preview of a part of the board, and every page says so.

    The new site replaces the old one only when it is complete. Reading it needs no server, no network and no
    JavaScript. A submission that cannot be read is named on the front page and here, and the others are
    shown.

    Exit code 1: the site was built without some submissions. 3: nothing could be read, and nothing was built.
    """
    source = open_source(submissions, at, since)
    base_url = base_url or load_board_settings(submissions).base_url or ""
    inside = snapshot_sites(submissions, base_url) if snapshots else {}
    part = _part(source.folder, slugs, only)
    site = build(source.folder, out, base_url, source.edition, inside, part, outcomes=outcomes)
    if not current_verbosity().quiet:
        print_board(site.board)
    click.echo(f"{site.index}")
    refuse_partial(site)


def _part(submissions: Path, slugs: Sequence[str], pattern: str) -> frozenset[str] | None:
    """Return the submissions that are named or match, None for all; raises BadInput where there is none."""
    if not slugs and not pattern:
        return None
    named = {existing_submission(slug, submissions).name for slug in slugs}
    matching = fnmatch.filter(find_submissions(submissions), pattern) if pattern else []
    if pattern and not matching:
        raise BadInput(f"--only {pattern!r} matches no submission", cure="for example --only '*-english'")
    return frozenset((*named, *matching))


def refuse_partial(site: Site) -> None:
    """Raise CheckFailed with the faults of the submissions that a site does not show."""
    if site.faults:
        raise CheckFailed(list(site.faults))
