"""`stiltboard review`: judge a pull request's files as data."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import submissions_option
from harness.errors import BadInput, CheckFailed, StiltboardError


@click.command(name="review")
@click.argument("base")
@click.argument("head")
@click.option(
    "--actor",
    help="The GitHub account that opened the pull request; without it a maintainer has to say whose it is.",
)
@click.option(
    "--maintainer",
    is_flag=True,
    help="The author answers for the board: every submission may change, and be verified.",
)
@click.option(
    "--skip-code",
    is_flag=True,
    help="End with 0 where no submission changed: such a pull request is for the tests.",
)
@click.option(
    "--format", "style", type=click.Choice(["markdown", "json"]), default="markdown", show_default=True
)
@click.option(
    "--summary",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the markdown to this file as well.",
)
@click.option(
    "--json",
    "artifact",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the JSON to this file as well.",
)
@submissions_option
def command(
    base: str,
    head: str,
    actor: str | None,
    maintainer: bool,
    skip_code: bool,
    style: str,
    summary: Path | None,
    artifact: Path | None,
    submissions: Path,
) -> None:
    """Judge what the revision HEAD would bring to BASE, by its files, which are read out of git and never checked out or run.

    Exit code 0: accepted. 1: refused, with every reason, its file and its cure. 2: needs a maintainer (or
    wrong usage, in which case nothing is printed to standard output). 3: a revision that does not exist.
    """
    from harness.review import Verdict, markdown, review

    found = review(base, head, submissions, actor=actor, maintainer=maintainer)
    written = {"markdown": markdown(found), "json": found.model_dump_json(indent=2, by_alias=True) + "\n"}
    for path, kind in ((summary, "markdown"), (artifact, "json")):
        if path is not None:
            try:
                with path.open(
                    "a" if kind == "markdown" else "w", encoding="utf-8"
                ) as file:  # a job's summary may hold more
                    file.write(written[kind])
            except OSError as reason:
                raise BadInput(
                    f"{path} cannot be written: {reason.strerror}", cure="name another file"
                ) from None
    click.echo(written[style], nl=False)
    if found.verdict is Verdict.REFUSED:
        count = len(found.reasons) + found.untold
        raise CheckFailed(
            f"refused, for {count} {'reason' if count == 1 else 'reasons'}",
            cure="mend what is said above, and push again",
        )
    if found.verdict is Verdict.MAINTAINER and not (skip_code and not found.submissions):
        raise NeedsMaintainer("needs a maintainer", cure="docs/maintaining.md says how to decide")


class NeedsMaintainer(StiltboardError):
    """Nothing is wrong, and no check can say that all is right."""

    exit_code = 2
