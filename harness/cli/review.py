"""`stiltboard review`: check a pull request's files without running any of them."""

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
    help="The GitHub account that opened the pull request; without it a maintainer has to decide.",
)
@click.option("--pusher", help="The GitHub account that last changed it; without it the same account.")
@click.option(
    "--maintainer",
    is_flag=True,
    help="Judge it as a maintainer's, whoever the base's stiltboard.yaml names.",
)
@click.option(
    "--skip-code",
    is_flag=True,
    help="Exit with 0 where no submission changed: the tests check such a pull request.",
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
@click.option(
    "--merged",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write all submissions as after merging into this new folder, unless something is refused; "
    "stiltboard build --submissions DIR previews the site.",
)
@submissions_option
def command(
    base: str,
    head: str,
    actor: str | None,
    pusher: str | None,
    maintainer: bool,
    skip_code: bool,
    style: str,
    summary: Path | None,
    artifact: Path | None,
    merged: Path | None,
    submissions: Path,
) -> None:
    """Check the files that merging the revision HEAD would change in BASE.

    They are read from git, and never checked out or run.

    Exit code 0: accepted. 1: refused, with every reason, its file and its cure. 2: needs a maintainer (or
    wrong usage, in which case nothing is printed to standard output). 3: a revision does not exist, or
    the place of outcomes does not answer.
    """
    from harness.review import Verdict, markdown, review

    report = review(
        base, head, submissions, actor=actor, pusher=pusher, maintainer=maintainer, merged_folder=merged
    )
    written = {"markdown": markdown(report), "json": report.model_dump_json(indent=2, by_alias=True) + "\n"}
    for path, kind in ((summary, "markdown"), (artifact, "json")):
        if path is not None:
            mode = "a" if kind == "markdown" else "w"  # a job's summary may have other parts
            try:
                with path.open(mode, encoding="utf-8") as file:
                    file.write(written[kind])
            except OSError as reason:
                raise BadInput(
                    f"{path} cannot be written: {reason.strerror}", cure="name another file"
                ) from None
    click.echo(written[style], nl=False)
    if not report.files:
        swapped = f"was {base} to be merged into {head}? then: stiltboard review {head} {base}"
        click.echo(f"note: merging {head} would change nothing in {base}; {swapped}", err=True)
    if report.verdict is Verdict.REFUSED:
        count = len(report.reasons) + report.untold
        raise CheckFailed(
            f"refused, for {count} {'reason' if count == 1 else 'reasons'}",
            cure="fix the problems listed above, and push again",
        )
    if report.verdict is Verdict.MAINTAINER and not (skip_code and not report.submissions):
        raise NeedsMaintainer("needs a maintainer", cure="docs/maintaining.md describes how to decide")


class NeedsMaintainer(StiltboardError):
    """No file is refused, but a person has to decide."""

    exit_code = 2
