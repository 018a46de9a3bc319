"""`stiltboard verify`: check that results are reproducible, and record what another person found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import click

from harness.cli.options import (
    data_option,
    device_option,
    dtype_option,
    submissions_option,
    user_text_options,
)
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
    help="Verify only results on this target (repeatable). Default: all results.",
)
@click.option(
    "--rerun",
    is_flag=True,
    help="Evaluate again from an empty cache, and compare within the published tolerance.",
)
@click.option(
    "--probe",
    is_flag=True,
    help="Perturb case, space and punctuation: a score that falls to chance comes from a look-up table.",
)
@click.option(
    "--audit",
    metavar="SHARE",
    help="Verify a random share of the results, such as 5%, drawn by --seed; at least one.",
)
@click.option(
    "--seed",
    default="",
    metavar="COMMIT",
    help="Random seed of an audit or a probe: a commit made after the results. Default for a probe: random.",
)
@click.option("--by", default="", metavar="NAME", help="Record the outcome in verification.yaml under NAME.")
@click.option("--url", metavar="URL", help="A page about NAME, for the record.")
@data_option
@user_text_options
@device_option
@dtype_option("as the result was measured")
@click.option(
    "--limit",
    type=click.IntRange(min=20),
    default=200,
    show_default=True,
    help="Examples of each language for a probe.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
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

    Every number is computed again from the outcomes; the digests of files, of text and of weights on this
    machine are checked; data sets seen in training are compared with the target's. With --rerun the
    checkpoints are evaluated again; with --probe they are also evaluated on perturbed text. --by writes the
    outcome into the submission's folder.

    Exit code 1 when a result fails a check.
    """
    try:
        from harness.cli.evaluate import user_targets
        from harness.evaluation.run import Options
        from harness.verification.story import VerificationPlan, verify
    except ModuleNotFoundError as missing:
        raise MissingExtra("verify", "eval", str(missing.name)) from missing
    from harness.cli.progress import watch
    from harness.store import find_submissions, locate
    from harness.verification import parse_share

    if audit is not None and not seed:
        raise WrongUsage(
            "--audit needs a --seed",
            cure="name a commit made after the results: --seed $(git rev-parse HEAD)",
        )
    plan = VerificationPlan(
        targets=targets,
        audit=parse_share(audit) if audit is not None else None,
        # A look-up table must not know the perturbed text in advance.
        seed=seed or (token_hex(8) if probe else ""),
        rerun=rerun,
        probe=probe,
        by=_name(by),
        url=_link(url),
        examples=limit,
        options=Options(
            data=data,
            own={**user_targets("bitext", bitext), **user_targets("clir", clir)},
            device=device,
            dtype=dtype,
        ),
    )
    folders = [locate(slug, submissions) for slug in slugs] or [
        submissions / slug for slug in find_submissions(submissions)
    ]
    with watch("verify") as reporter:
        report = verify(folders, plan, reporter)
    _print_report(report, as_json=as_json)


def _name(by: str) -> str:
    if by and (by != by.strip() or not by.isprintable() or len(by) > 200):
        raise WrongUsage(
            "--by is not a name", cure="one line of at most 200 characters, without spaces around it"
        )
    return by


def _link(url: str | None) -> str | None:
    from pydantic import TypeAdapter, ValidationError

    from harness.records.scalars import Link

    try:
        return TypeAdapter(Link).validate_python(url) if url is not None else None
    except ValidationError:
        raise WrongUsage(
            "--url is not an address that begins with https://", cure="write such as https://github.com/name"
        ) from None


def _print_report(report: VerificationReport, *, as_json: bool) -> None:
    """Print the report; raises CheckFailed with every failed check."""
    if as_json:
        click.echo(report.model_dump_json(indent=2, by_alias=True))
    else:
        for line in report.lines():
            click.echo(line)
        passed, results = sum(result.passed for result in report.results), len(report.results)
        click.echo(f"{passed} of {results} {'result' if results == 1 else 'results'} passed")
    if report.failed:
        raise CheckFailed(
            [
                Fault(f"{finding.file}: {finding.what}", cure=_CURES[finding.check])
                for finding in report.failed
            ]
        )


_CURES = {
    "file": "restore the original files, or evaluate again with --overwrite",
    "recount": "evaluate again with --overwrite; results are never edited",
    "signature": "evaluate again after a change of submission.yaml, and give the reason under supersedes",
    "data": "use the official files unchanged, and evaluate again",
    "weights": "declare the weights that were measured, or evaluate these",
    "contamination": "list in trained_on what was seen",
    "rerun": "ask the submitters how the result was measured",
    "probe": "inspect the weights and the tokenizer: do they store sentences and their translations?",
}
