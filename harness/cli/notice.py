"""Attach a notice to a submission, or lift it."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import submission_argument, submissions_option, target_option


@click.command("notice")
@submission_argument("slug")
@click.option(
    "--kind",
    type=click.Choice(["disputed", "contaminated", "retired", "weights-gone"]),
    required=True,
    help="All but weights-gone take the rank from the results.",
)
@click.option("--reason", default="", help="Why, in one line; the site shows it.")
@click.option("--url", help="Where it is discussed: an address that begins with https://")
@target_option("Only about this target", named=True)
@click.option("--lift", is_flag=True, help="The notices of this kind no longer hold; they stay on record.")
@submissions_option
def command(
    slug: str,
    kind: str,
    reason: str,
    url: str | None,
    targets: tuple[str, ...],
    lift: bool,
    submissions: Path,
) -> None:
    """Say of a submission that it is disputed, contaminated or retired, or that its weights are gone."""
    from pydantic import ValidationError

    from harness.catalog import is_known
    from harness.clock import now
    from harness.errors import BadInput, WrongUsage
    from harness.records import Notice, NoticeKind
    from harness.store import SUBMISSION_FILE, existing_submission
    from harness.store.notices import NOTICES_FILE, add_notice, lift_notices

    folder = existing_submission(slug, submissions)
    if not (folder / SUBMISSION_FILE).is_file():
        raise BadInput(f"there is no submission {folder}", cure="name a slug; ls submissions lists them")
    if lift:
        count = lift_notices(folder, kind, now())
        if not count:
            raise BadInput(f"{folder} has no notice that it is {kind}", cure=f"see {folder / NOTICES_FILE}")
        click.echo(f"{folder / NOTICES_FILE}: {count} {'notice' if count == 1 else 'notices'} lifted")
        return
    if unknown := [target for target in targets if not is_known(target)]:
        raise WrongUsage(f"unknown target {unknown[0]}", cure="stiltboard targets lists them")
    try:
        notice = Notice(kind=NoticeKind(kind), date=now(), reason=reason, url=url, targets=targets)
    except ValidationError as error:
        option = error.errors()[0]["loc"][0]
        cure = "a reason is one line of at most 200 characters, an address begins with https://"
        raise WrongUsage(f"--{option} is not valid", cure=cure) from None
    click.echo(f"wrote {add_notice(folder, notice)}")
