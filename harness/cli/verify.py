"""`stiltboard verify`: check that results stand, and record it where somebody else says so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import click

from harness.cli.options import data_option, device_option, submissions_option
from harness.errors import CheckFailed, Fault, MissingExtra, WrongUsage

if TYPE_CHECKING:
    from harness.verification import VerificationReport


@click.command("verify")
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    metavar="TARGET",
    help="Only this target (repeatable). Default: all results.",
)
@click.option(
    "--rerun",
    is_flag=True,
    help="Evaluate again, apart from what is there, and compare within the published tolerance.",
)
@click.option(
    "--probe",
    is_flag=True,
    help="Change case, space and punctuation: a score that falls to chance is a table's.",
)
@click.option(
    "--audit", metavar="SHARE", help="Only a share of the results, such as 5%, drawn by --seed; at least one."
)
@click.option(
    "--seed",
    default="",
    metavar="COMMIT",
    help="What an audit and a probe draw from: a commit that came after the results. A probe without one takes any.",
)
@click.option(
    "--by", default="", metavar="NAME", help="Record what was found in verification.yaml, as NAME's finding."
)
@click.option("--url", metavar="URL", help="Where NAME can be reached, in the record.")
@data_option
@click.option(
    "--bitext", multiple=True, metavar="NAME=DIR", help="Where the text of the target bitext.NAME lies."
)
@click.option(
    "--clir", multiple=True, metavar="NAME=DIR", help="Where the text of the target clir.NAME lies."
)
@device_option
@click.option(
    "--dtype",
    type=click.Choice(["auto", "float32", "bfloat16"]),
    default="auto",
    show_default=True,
    help="auto: as the result was measured.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=20),
    default=200,
    show_default=True,
    help="Examples of each language that a probe takes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report for a program.")
@submissions_option
def command(
    slugs: Sequence[str],
    targets: Sequence[str],
    rerun: bool,
    probe: bool,
    audit: str | None,
    seed: str,
    by: str,
    url: str | None,
    data: Path | None,
    bitext: Sequence[str],
    clir: Sequence[str],
    device: str,
    dtype: str,
    limit: int,
    as_json: bool,
    submissions: Path,
) -> None:
    """Verify the results of SLUG, or of all submissions.

    Every number is computed again from its outcomes; digests of files, of weights that are on this machine
    and of text are checked; data sets seen in training are set against the target. With --rerun the
    checkpoints are evaluated again, with --probe their text is changed as no reader would mind. --by writes
    what was found into the submission's folder.

    Exit code 1 when a result does not stand.
    """
    try:
        from harness.cli.evaluate import own_targets
        from harness.evaluation.run import Options
        from harness.verification.story import VerificationPlan, verify
    except ModuleNotFoundError as missing:
        raise MissingExtra("verify", "eval", str(missing.name)) from missing
    from harness.cli.progress import watch
    from harness.store import find_submissions, locate
    from harness.verification import parse_share

    if audit is not None and not seed:
        raise WrongUsage(
            "--audit draws by --seed, which is missing",
            cure="a commit that came after the results: --seed $(git rev-parse HEAD)",
        )
    plan = VerificationPlan(
        targets=targets,
        audit=parse_share(audit) if audit is not None else None,
        # A table of sentences must not know beforehand what they become.
        seed=seed or (token_hex(8) if probe else ""),
        rerun=rerun,
        probe=probe,
        by=_one_line(by),
        url=_link(url),
        examples=limit,
        options=Options(
            data=data,
            own={**own_targets("bitext", bitext), **own_targets("clir", clir)},
            device=device,
            dtype=dtype,
        ),
    )
    folders = [locate(slug, submissions) for slug in slugs] or [
        submissions / slug for slug in find_submissions(submissions)
    ]
    with watch("verify") as reporter:
        report = verify(folders, plan, reporter)
    _end(report, as_json=as_json)


def _one_line(by: str) -> str:
    if by and (by != by.strip() or not by.isprintable() or len(by) > 200):
        raise WrongUsage(
            "--by is no name", cure="one line of at most 200 characters, without spaces around it"
        )
    return by


def _link(url: str | None) -> str | None:
    from pydantic import TypeAdapter, ValidationError

    from harness.records.scalars import Link

    try:
        return TypeAdapter(Link).validate_python(url) if url is not None else None
    except ValidationError:
        raise WrongUsage(
            "--url is no address that begins with https://", cure="write such as https://github.com/name"
        ) from None


def _end(report: VerificationReport, *, as_json: bool) -> None:
    """Print the report, and end with 1 where something does not stand."""
    if as_json:
        click.echo(report.model_dump_json(indent=2, by_alias=True))
    else:
        for line in report.lines():
            click.echo(line)
        stand = sum(result.stands for result in report.results)
        click.echo(
            f"{stand} of {len(report.results)} {'result stands' if len(report.results) == 1 else 'results stand'}"
        )
    if report.failed:
        raise CheckFailed(
            [
                Fault(f"{finding.file}: {finding.what}", cure=_CURES[finding.check])
                for finding in report.failed
            ]
        )


_CURES = {
    "file": "bring back the files as they were, or evaluate again with --overwrite",
    "recount": "evaluate again with --overwrite; results are never edited",
    "signature": "evaluate again after a change of submission.yaml, and say under supersedes why",
    "data": "take the official files unchanged, and evaluate again",
    "weights": "name the weights that were measured, or evaluate these",
    "contamination": "say in trained_on what was seen",
    "rerun": "ask the submitters how it was measured",
    "probe": "look at the weights and the tokenizer: is it a table of sentences?",
}
