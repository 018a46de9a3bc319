"""`stiltboard import`: rows of another board, and published numbers from result files of mteb."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from harness.cli.options import submissions_option


@click.group("import")
def command() -> None:
    """Bring in what others have measured."""


@command.command("board")
@click.argument("path", type=click.Path(path_type=Path))
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
@click.option("--at", "revision", default="HEAD", show_default=True, help="The revision of the other board.")
@click.option("--prefix", default="", help="Put this before every slug, such as theirs-.")
@click.option("--url", help="The other board's address; by default that of its clone's remote.")
@click.option("--skip-refused", is_flag=True, help="Bring in the others where some are refused.")
@click.option("--check", is_flag=True, help="Only judge them; write nothing.")
@submissions_option
def import_board(
    path: Path,
    slugs: Sequence[str],
    revision: str,
    prefix: str,
    url: str | None,
    skip_refused: bool,
    check: bool,
    submissions: Path,
) -> None:
    """Bring the rows of another board in: all, or those with these SLUGs.

    PATH is a clone of it, also a bare one, or a folder of submissions. Rows are judged as a stranger's pull
    request is: every number is computed again from the outcomes, slugs must be free, names not confusable.
    Older formats are rewritten. submission.yaml then has an `origin` that says where the row comes from.
    Checks by the other board's maintainers are left behind, notices come along.

    Exit code 1 when a row is refused; then nothing is written, unless --skip-refused.
    """
    from pydantic import TypeAdapter, ValidationError

    from harness.errors import CheckFailed, Fault, WrongUsage
    from harness.importing.other_board import open_board
    from harness.importing.story import import_rows
    from harness.records.scalars import Link

    try:
        link = TypeAdapter(Link).validate_python(url) if url is not None else None
    except ValidationError:
        cure = "write such as https://example.org/board"
        raise WrongUsage("--url is not an address that begins with https://", cure=cure) from None
    board = open_board(path, revision)
    outcome = import_rows(
        board,
        submissions,
        slugs,
        prefix=prefix,
        url=link,
        only_accepted=skip_refused,
        only_check=check,
    )
    for row in outcome.rows:
        click.echo(f"{row.there} → {submissions / row.here}")
        for line in row.dropped:
            click.echo(f"  left behind: {line}")
        for reason in row.questions:
            click.echo(f"  to look at: {reason.what}; {reason.cure}")
    written = not check and (skip_refused or not outcome.refused)
    count = f"{len(outcome.rows)} {'row' if len(outcome.rows) == 1 else 'rows'} of {board.title}"
    click.echo(f"{count} {'brought in' if written else 'acceptable, nothing written'}")
    if written and outcome.rows:
        click.echo(f"next: stiltboard validate, git add {submissions}, and open a pull request")
    if outcome.refused:
        raise CheckFailed(
            [
                Fault(f"{slug} is refused: {fault.message}", fault.where, fault.cure)
                for slug, faults in outcome.refused.items()
                for fault in faults
            ]
        )


_MTEB_EXAMPLE = """\b
Example:
  stiltboard import mteb results/intfloat__multilingual-e5-small --regime none --submitter Ada \\
    --source https://huggingface.co/datasets/mteb/results
"""


@command.command("mteb", epilog=_MTEB_EXAMPLE)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--regime",
    required=True,
    type=click.Choice(["none", "english", "multilingual"]),
    help="The models' intermediate training.",
)
@click.option(
    "--source",
    required=True,
    metavar="URL",
    help="The page with the numbers; {model} and {revision} in it are replaced.",
)
@click.option("--submitter", required=True, metavar="NAME", help="Who answers for these rows here.")
@submissions_option
def import_mteb_results(folder: Path, regime: str, source: str, submitter: str, submissions: Path) -> None:
    """Write rows of published numbers from FOLDER, result files of mteb.

    FOLDER is a cache of mteb's ResultCache, or the folder of one model. A row has the means of Tatoeba over
    XTREME's languages, in mteb's direction, and its source. It is listed and never ranked.
    """
    from harness.importing.mteb_results import import_mteb

    for row in import_mteb(folder, submissions, regime=regime, source=source, submitter=submitter):
        click.echo(f"wrote {row.path}")
        if row.left_out:
            click.echo(f"  left out, no target here: {', '.join(row.left_out)}")
    click.echo("next: look at family and title, then stiltboard validate")
