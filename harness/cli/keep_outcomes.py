"""`stiltboard outcomes`: move outcomes out of git into the place that the board names, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import submission_argument, submissions_option
from harness.errors import CheckFailed, WrongUsage
from harness.verbosity import verbosity_options

if TYPE_CHECKING:
    from harness.object_store import DigestStore
    from harness.upkeep.outcome_moves import MoveReport, StoredOutcomes

_slugs = submission_argument("slugs", nargs=-1, metavar="[SLUG]...")


@click.group("outcomes")
def command() -> None:
    """Keep the outcomes of results outside git, where `outcomes:` in stiltboard.yaml says.

    A file is named by the SHA-256 that its result states. `diff`, `verify`, `build` and all other commands
    find it there; docs/outcomes.md explains the settings. Without them everything is in git.

    Exit code 1: a file is missing or has other content. 3: the place does not answer.
    """


@command.command("push")
@_slugs
@click.option(
    "--remove", is_flag=True, help="Then delete each file that was read back the same; git keeps the text."
)
@click.option("--check", "read_back", is_flag=True, help="Read back all of them, and replace what is other.")
@verbosity_options
@submissions_option
def push_command(slugs: tuple[str, ...], remove: bool, read_back: bool, submissions: Path) -> None:
    """Bring the files next to results into the board's place: of SLUG, or of all submissions.

    What is there already is not sent again. With --remove, commit the deletions: reviews take them from a
    maintainer and from a workflow.
    """
    from harness.cli.progress import watch
    from harness.upkeep.outcome_moves import push

    outcomes, store = _opened(slugs, submissions)
    with watch("outcomes") as reporter:
        report = push(outcomes, store, reporter, read_back=read_back, remove=remove)
    removed = f", {report.removed:,} removed here" if remove else ""
    click.echo(f"{_files(report.moved)} pushed to {store.where}, {report.present:,} there already{removed}")
    _refuse(report)


@command.command("pull")
@_slugs
@click.option(
    "--files", "into_folders", is_flag=True, help="Write them next to their results, not into the cache."
)
@verbosity_options
@submissions_option
def pull_command(slugs: tuple[str, ...], into_folders: bool, submissions: Path) -> None:
    """Fetch outcomes that are not here: of SLUG, or of all submissions.

    They go into the cache, from which other commands then read them without a network. It keeps what
    `cache_gb` allows.
    """
    from harness.cli.progress import watch
    from harness.upkeep.outcome_moves import pull

    outcomes, store = _opened(slugs, submissions)
    with watch("outcomes") as reporter:
        report = pull(outcomes, store, reporter, into_folders=into_folders)
    click.echo(f"{_files(report.moved)} pulled from {store.where}, {report.present:,} here already")
    _refuse(report)
    lost = 0 if into_folders else sum(not (one.path.exists() or store.holds(one.digest)) for one in outcomes)
    if lost:
        message = f"the cache is too small: {lost:,} of them were deleted again to make room for others"
        raise CheckFailed(message, cure="raise cache_gb under outcomes: in stiltboard.yaml, or name fewer")


@command.command("check")
@_slugs
@click.option("--listing", is_flag=True, help="Only look for the names, and read no content.")
@verbosity_options
@submissions_option
def check_command(slugs: tuple[str, ...], listing: bool, submissions: Path) -> None:
    """Read the outcomes of SLUG, or of all submissions, in the board's place, and compare their digests."""
    from harness.cli.progress import watch
    from harness.upkeep.outcome_moves import check

    outcomes, store = _opened(slugs, submissions)
    with watch("outcomes") as reporter:
        report = check(outcomes, store, reporter, listing=listing)
    how = "listed, not read," if listing else "as their results say"
    click.echo(f"{_files(report.moved)} {how} in {store.where}, {report.present:,} next to their results")
    _refuse(report)


def _opened(slugs: tuple[str, ...], submissions: Path) -> tuple[list[StoredOutcomes], DigestStore]:
    """Return the outcomes that are named, and the board's place; raises WrongUsage where it has none."""
    from harness.store import existing_submission, find_submissions
    from harness.store.board_settings import settings_path
    from harness.store.kept_outcomes import store_for
    from harness.upkeep.outcome_moves import outcomes_of

    store = store_for(submissions)
    if store is None:
        message = f"{settings_path(submissions)} names no place for outcomes: all of them are in git"
        raise WrongUsage(message, cure="add outcomes: {where: …}, as docs/outcomes.md says")
    folders = [existing_submission(slug, submissions) for slug in slugs] or [
        submissions / slug for slug in find_submissions(submissions)
    ]
    return outcomes_of(folders), store


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


def _refuse(report: MoveReport) -> None:
    if report.faults:
        raise CheckFailed(list(report.faults))
