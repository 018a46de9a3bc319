"""`stiltboard verify`: check that results are reproducible, and record what another person found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import click

from harness.cli.job_options import jobs_option, run_here, workers_here
from harness.cli.options import (
    data_option,
    device_option,
    dtype_option,
    submission_argument,
    submissions_option,
    target_option,
    user_text_options,
)
from harness.cli.paged_help import PagedCommand
from harness.errors import CheckFailed, Fault, MissingExtra, WrongUsage
from harness.verbosity import verbosity_options

if TYPE_CHECKING:
    from harness.verification import VerificationReport
    from harness.verification.audit_seed import AuditSource
    from harness.verification.findings import Verified
    from harness.verification.story import VerificationPlan
    from harness.verification.unseen import Unseen


_NEEDED_FIRST = (
    *("targets", "rerun", "probe", "limit", "data"),
    *("device", "dtype", "by", "url", "as_json"),
)


@click.command("verify", cls=PagedCommand, first=_NEEDED_FIRST)
@submission_argument("slugs", nargs=-1, metavar="[SLUG]...")
@target_option("Verify only results on this target; by default all results", named=True)
@click.option(
    "--rerun",
    is_flag=True,
    help="Evaluate again from an empty cache, and compare within the published tolerance.",
)
@click.option(
    "--probe",
    is_flag=True,
    help="Change random examples slightly: for a model that memorised them, the originals are singular.",
)
@click.option(
    "--audit",
    metavar="SHARE",
    help="Verify a random share of the results, such as 5%, drawn by --beacon or --merge; at least one.",
)
@click.option(
    "--beacon",
    metavar="ROUND:RANDOMNESS",
    help="Draw an audit from a round of drand's quicknet that was named before it was published.",
)
@click.option(
    "--merge", metavar="COMMIT", help="Draw an audit from a merge that was made after the results landed."
)
@click.option(
    "--seed",
    default="",
    metavar="TEXT",
    help="Repeat the probe that was drawn from this seed. Default: the audit's seed, or else a random one.",
)
@click.option(
    "--unseen",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="For a probe: unpublished parallel files, named as for --bitext, of the target's kind of text.",
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
    default=100,
    show_default=True,
    help="Examples of each language for a probe.",
)
@jobs_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@verbosity_options
@submissions_option
def command(
    slugs: Sequence[str],
    targets: Sequence[str],
    rerun: bool,
    probe: bool,
    audit: str | None,
    beacon: str | None,
    merge: str | None,
    seed: str,
    unseen: Path | None,
    by: str,
    url: str | None,
    data: Path | None,
    own: Mapping[str, Path],
    device: str,
    dtype: str,
    limit: int,
    jobs: int | None,
    as_json: bool,
    submissions: Path,
) -> None:
    """Verify the results of SLUG, or of all submissions.

    Every number is computed again from the outcomes; the digests of files, of text and of weights on this
    machine are checked; data sets seen in training are compared with the target's. With --rerun the
    checkpoints are evaluated again; with --probe they are also evaluated on perturbed text. --by writes the
    outcome into the submission's folder. --audit draws from what no submitter can choose.

    Exit code 1 when a result fails a check.
    """
    try:
        from harness.evaluation.run import Options
        from harness.verification.story import VerificationPlan, verify
    except ModuleNotFoundError as missing:
        raise MissingExtra("verify", "eval", str(missing.name)) from missing
    from harness.store import existing_submission, find_submissions
    from harness.verification import parse_share

    source = _audit_source(audit, beacon, merge, seed)
    plan = VerificationPlan(
        targets=targets,
        audit=parse_share(audit) if audit is not None else None,
        source=source,
        # What is drawn must not be known in advance.
        seed=seed or (token_hex(8) if probe else ""),
        rerun=rerun,
        probe=probe,
        by=_name(by),
        url=_link(url),
        examples=limit,
        unseen=_unseen(unseen),
        options=Options(
            data=data,
            own=own,
            device=device,
            dtype=dtype,
        ),
    )
    folders = [existing_submission(slug, submissions) for slug in slugs] or [
        submissions / slug for slug in find_submissions(submissions)
    ]
    report = verify(folders, plan, verify_each=partial(_verify_each, jobs=jobs, device=device))
    _print_report(report, as_json=as_json)


def _verify_each(
    paths: Sequence[Path], plan: VerificationPlan, *, jobs: int | None, device: str
) -> Iterator[tuple[Path, Verified]]:
    """Verify results one after the other, or as jobs of several workers where any are evaluated again."""
    from harness.cli.progress import watch
    from harness.verification.story import verify_result

    workers, devices = workers_here(jobs, device) if plan.rerun or plan.probe else (1, ())
    if workers > 1:
        yield from _as_jobs(paths, plan, workers, devices)
        return
    with watch("verify") as reporter:
        for path in paths:
            yield path, verify_result(path, plan, reporter)


def _as_jobs(
    paths: Sequence[Path], plan: VerificationPlan, workers: int, devices: Sequence[str]
) -> Iterator[tuple[Path, Verified]]:
    """Verify each result in a pool of processes; one whose worker is lost has not passed."""
    from harness.cache import cache_folder
    from harness.jobs.job_record import VerificationJob
    from harness.verification.audit_seed import AuditSource
    from harness.verification.story import unverified

    logs = cache_folder() / "jobs"
    jobs = {
        f"{path.absolute().parent.parent.name}: {path.stem}": VerificationJob(
            name=f"{path.absolute().parent.parent.name}: {path.stem}",
            targets=(path.stem,),
            cost=_size(path.with_suffix(".parquet")),
            log=logs / f"verify-{path.absolute().parent.parent.name}-{path.stem}.log",
            path=path,
            plan=replace(plan, audit=None, source=AuditSource()),
        )
        for path in paths
    }
    for ended in run_here("verify", list(jobs.values()), workers, devices):
        path = jobs[ended.job.name].path
        yield path, ended.reply.verified or unverified(path, f"could not be verified: {ended.error}")


def _size(outcomes: Path) -> float:
    return float(outcomes.stat().st_size) if outcomes.is_file() else 0.0


def _audit_source(audit: str | None, beacon: str | None, merge: str | None, seed: str) -> AuditSource:
    """Return what an audit is drawn from; raises WrongUsage where a submitter could have chosen it."""
    from harness.verification.audit_seed import AuditSource, parse_beacon

    if audit is None and (beacon is not None or merge is not None):
        raise WrongUsage("--beacon and --merge are for audits", cure="add --audit 5%")
    if audit is not None and seed:
        raise WrongUsage(
            "--audit takes no --seed, which anyone could choose", cure="use --beacon or --merge instead"
        )
    if audit is not None and (beacon is None) == (merge is None):
        raise WrongUsage(
            "--audit needs either --beacon or --merge",
            cure="name a beacon's round before it is published, or a merge made after the results",
        )
    return AuditSource(parse_beacon(beacon, datetime.now(UTC)) if beacon is not None else None, merge or "")


def _unseen(folder: Path | None) -> Unseen:
    from harness.data.own_bitext import languages_in, own_bitext

    return {language: own_bitext(language, folder) for language in languages_in(folder)} if folder else {}


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
    "probe": "inspect the weights and the tokenizer: do they store sentences or their labels?",
}
