"""Record that results are about to be replaced, and why."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import submission_argument, submissions_option, target_option


@click.command("supersede")
@submission_argument("slugs", nargs=-1, metavar="[SLUG]...")
@target_option("The result on this target", named=True)
@click.option("--reason", default="", help="Why the result is replaced, in one line; the site shows it.")
@click.option(
    "--all-stale",
    is_flag=True,
    help="Every result that has to be measured again, as stale lists it, with its reasons.",
)
@submissions_option
def command(
    slugs: tuple[str, ...], targets: tuple[str, ...], reason: str, all_stale: bool, submissions: Path
) -> None:
    """Write into submission.yaml which result is replaced, so that a new one is accepted in its place.

    The entry under `supersedes` names the present outcomes, the score and the reason; the rest of the file,
    comments included, stays as it is. A result that is on record already is not written twice.
    """
    from pydantic import ValidationError

    from harness.clock import now
    from harness.errors import WrongUsage
    from harness.store import existing_submission
    from harness.store.supersession import supersede

    if not all_stale and not (slugs and targets and reason):
        raise WrongUsage(
            "a slug, -t and --reason are needed", cure='stiltboard supersede SLUG -t TARGET --reason "…"'
        )
    folders = [existing_submission(slug, submissions) for slug in slugs]
    entries = (
        _stale_entries(folders, submissions, targets, reason)
        if all_stale
        else [(folder, target, reason) for folder in folders for target in targets]
    )
    written = 0
    for folder, target, why in entries:
        try:
            is_new = supersede(folder, target, why, now())
        except ValidationError:
            cure = "a reason is one line of at most 200 characters"
            raise WrongUsage("--reason is not valid", cure=cure) from None
        if is_new:
            written += 1
            click.echo(f"{folder.name}, {target}: {why}")
    count = f"{written} {'entry' if written == 1 else 'entries'} written"
    click.echo(f"{count}, {len(entries) - written} on record already")


def _stale_entries(
    folders: list[Path], submissions: Path, targets: tuple[str, ...], reason: str
) -> list[tuple[Path, str, str]]:
    """Return folder, target and reason of every result that has to be measured again."""
    from harness.store import find_submissions
    from harness.store.supersession import joined_reason
    from harness.upkeep.staleness import stale_results

    some = folders or [submissions / slug for slug in find_submissions(submissions)]
    by_slug = {folder.absolute().name: folder for folder in some}
    return [
        (by_slug[stale.submission], stale.target, reason or joined_reason(why.what for why in stale.reasons))
        for stale in stale_results(some, targets)
        if stale.cost is not None
    ]
