"""THE STORY of a verification: select results → check → evaluate again → probe → a report and a record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from importlib.metadata import version
from pathlib import Path

from harness.cache import cache_folder
from harness.catalog import counts_all_judged, ignores_identical_ids, is_own
from harness.characters import shown
from harness.clock import now
from harness.errors import BadInput, CheckFailed, Fault, WrongUsage
from harness.evaluation.run import Options
from harness.models.device import choose_device, has_dtype
from harness.records import ReportedSubmission, Result, Submission, Submitter, VerifiedResult
from harness.reporter import Reporter, Silent
from harness.store import (
    add_verified,
    find_results,
    load_outcomes,
    load_result,
    load_submission,
    load_training,
    load_verification,
    result_digest,
)
from harness.store.file_tree import RESULTS_FOLDER
from harness.verification.audit import chosen
from harness.verification.audit_seed import AuditSource
from harness.verification.checks import check_result, file_findings
from harness.verification.drawing import Draw
from harness.verification.findings import Finding, VerificationReport, Verified
from harness.verification.probe import EXAMPLES, findings, probe
from harness.verification.rerun import rerun
from harness.verification.unseen import Unseen


@dataclass(frozen=True)
class VerificationPlan:
    """What to verify: `targets` of each submission, by default all, or a random `audit` share from `source`.

    With `rerun` results are evaluated again, with `probe` their checkpoints are probed on `examples` of each
    language, drawn by `seed` or the audit's seed, and against `unseen` text; both with `options`. `by` and
    `url` identify the person who verifies; with a name the outcome is recorded in the submission's folder.
    """

    targets: Sequence[str] = ()
    audit: Fraction | None = None
    source: AuditSource = field(default_factory=AuditSource)
    seed: str = ""
    rerun: bool = False
    probe: bool = False
    by: str = ""
    url: str | None = None
    examples: int = EXAMPLES
    unseen: Unseen = field(default_factory=dict)
    options: Options = field(default_factory=Options)


# Verifies files by a plan, and yields each with what was found.
VerifyEach = Callable[[Sequence[Path], VerificationPlan], Iterator[tuple[Path, Verified]]]


def verify(
    folders: Sequence[Path],
    plan: VerificationPlan,
    reporter: Reporter | None = None,
    verify_each: VerifyEach | None = None,
) -> VerificationReport:
    """Verify the results of submissions, and report every failure instead of raising it.

    `verify_each` verifies the files of results by a plan, such as in other processes, and yields them in any
    order; by default one is verified after the other. Raises WrongUsage where a submitter would verify their
    submission, or a named target has no result, and Unreachable where the place of outcomes does not answer.
    """
    reporter = reporter or Silent()
    broken: list[Finding] = []
    submissions = {
        folder: submission for folder in folders if (submission := _load(folder, broken)) is not None
    }
    paths = {folder: _results(folder, broken) for folder in submissions}
    selected, audit, seed = _selected(paths, plan)
    plan = replace(plan, seed=seed)
    if plan.by:
        _refuse_submitters({folder: submissions[folder] for folder in selected}, plan)
    paths_of_all = [path for files in selected.values() for path in files]
    results: dict[Path, Verified] = {}
    for path, verified in (verify_each or partial(_one_by_one, reporter=reporter))(paths_of_all, plan):
        results[path] = verified
        folder = path.parent.parent
        if plan.by and all(path in results for path in selected[folder]):
            _record(folder, [results[path] for path in selected[folder]], plan)
    return VerificationReport(
        results=tuple(results[path] for path in paths_of_all),
        findings=tuple(broken),
        audit=audit,
        seed=plan.seed or None,
    )


def _one_by_one(
    paths: Sequence[Path], plan: VerificationPlan, reporter: Reporter
) -> Iterator[tuple[Path, Verified]]:
    for path in paths:
        yield path, verify_result(path, plan, reporter)


def verify_result(path: Path, plan: VerificationPlan, reporter: Reporter) -> Verified:
    """Verify one result file; whatever is wrong with it is a finding, so that others are verified."""
    try:
        submission = load_submission(path.parent.parent)
        assert isinstance(submission, Submission)  # published numbers have no results
        return _verified(path, submission, plan, reporter)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        return unverified(path, f"cannot be verified: {type(error).__name__}: {shown(str(error))}")


def unverified(path: Path, what: str) -> Verified:
    """Return what is reported of a result that could not be verified, and why."""
    finding = Finding(check="file", failed=True, file=str(path), what=what)
    slug = path.absolute().parent.parent.name
    return Verified(submission=slug, target=path.stem, checked=("file",), findings=(finding,))


def _load(folder: Path, broken: list[Finding]) -> Submission | None:
    """Read a submission and its records; None if that fails, or for published numbers."""
    try:
        submission = load_submission(folder)
        load_verification(folder)
        load_training(folder)
    except BadInput as error:
        broken += file_findings(error, folder)
        return None
    return None if isinstance(submission, ReportedSubmission) else submission


def _results(folder: Path, broken: list[Finding]) -> tuple[Path, ...]:
    try:
        files = find_results(folder)
    except BadInput as error:
        broken += file_findings(error, folder)
        return ()
    results = folder / RESULTS_FOLDER
    expected = {path.with_suffix(".parquet").name for path in files}
    orphans = (
        [path for path in sorted(results.glob("*.parquet")) if path.name not in expected]
        if results.is_dir()
        else []
    )
    broken += [
        Finding(check="file", failed=True, file=str(path), what="outcomes that belong to no result")
        for path in orphans
    ]
    return files


def _selected(
    paths: Mapping[Path, Sequence[Path]], plan: VerificationPlan
) -> tuple[dict[Path, list[Path]], str | None, str]:
    """Return the results to verify by folder, for an audit lines about the sample, and the seed."""
    matching = {
        folder: [path for path in files if not plan.targets or path.stem in plan.targets]
        for folder, files in paths.items()
    }
    if missing := [
        name
        for name in plan.targets
        if not any(path.stem == name for files in matching.values() for path in files)
    ]:
        known = sorted({path.stem for files in paths.values() for path in files})
        raise WrongUsage(
            f"no result on {missing[0]!r}",
            cure=f"one of: {', '.join(known)}" if known else "evaluate the submission first",
        )
    if plan.audit is None:
        return {folder: files for folder, files in matching.items() if files}, None, plan.seed
    named = {
        (folder.absolute().name, path.stem): (folder, path)
        for folder, files in matching.items()
        for path in files
    }
    if not named:
        return {}, "audit: there are no results", plan.seed
    seed, older, note = plan.source.draw_from([path for _, path in named.values()])
    eligible = [name for name, (_, path) in named.items() if path in older]
    drawn = chosen(eligible, plan.audit, seed.seed)
    selected: dict[Path, list[Path]] = {}
    for name in drawn:
        folder, path = named[name]
        selected.setdefault(folder, []).append(path)
    line = (
        f"audit: {len(drawn)} of {len(eligible)} results ({float(plan.audit):.2%})"
        f"{f'; {note}' if note else ''}\ndrawn from {seed.origin}: {seed.chooser}"
    )
    return selected, line, seed.seed


def _verified(path: Path, submission: Submission, plan: VerificationPlan, reporter: Reporter) -> Verified:
    """Check one result, and if it could be read, evaluate it again and probe it as requested."""
    reporter.report(f"{path.parent.parent.name} {path.stem}")
    cache = plan.options.cache or cache_folder()
    verified = check_result(path, submission, load_training(path.parent.parent), cache)
    if verified.digest is None:
        return verified
    result = load_result(path)
    options = _options(result, plan.options)
    if plan.rerun:
        verified = _rerun(verified, path, result, options, reporter)
    if plan.probe:
        draw = Draw(plan.seed, plan.examples, plan.unseen)
        verified = _probed(verified, path, result, options, reporter, draw)
    return verified


def _rerun(verified: Verified, path: Path, result: Result, options: Options, reporter: Reporter) -> Verified:
    repeated, failures = rerun(path, result, options, reporter)
    if repeated is None:
        return verified.model_copy(update={"findings": (*verified.findings, *failures)})
    disagreements = [
        Finding(check="rerun", failed=True, file=str(path), what=what) for what in repeated.disagreements
    ]
    if disagreements and (changes := repeated.changes()):
        what = f"it was measured under other conditions, then → now: {changes}"
        disagreements.append(Finding(check="rerun", failed=False, file=str(path), what=what))
    return verified.model_copy(
        update={
            "checked": (*verified.checked, "rerun"),
            "findings": (*verified.findings, *disagreements),
            "largest": repeated.largest,
            "allowed": repeated.allowed,
            "ran": (repeated.device, repeated.dtype),
        }
    )


def _probed(
    verified: Verified, path: Path, result: Result, options: Options, reporter: Reporter, draw: Draw
) -> Verified:
    try:
        outcomes = load_outcomes(path, result)
        report = probe(path.parent.parent, result, outcomes, options, reporter, draw)
    except (BadInput, CheckFailed) as error:
        failures = [
            Finding(check="probe", failed=True, file=str(path), what=f"could not be probed: {fault.message}")
            for fault in error.faults
        ]
        return verified.model_copy(update={"findings": (*verified.findings, *failures)})
    return verified.model_copy(
        update={
            "checked": (*verified.checked, "probe"),
            "findings": (*verified.findings, *findings(report, str(path))),
        }
    )


def _options(result: Result, options: Options) -> Options:
    """Return options with the result's dtype, unless one is requested, and what its signature states."""
    mining = result.signature.mining or options.mining
    stated = result.last_run.dtype if result.last_run else None
    follows = options.dtype == "auto" and stated and has_dtype(stated, choose_device(options.device))
    dtype = stated if stated and follows else options.dtype
    user_targets = (
        {name: folder for name, folder in options.own.items() if name == result.target}
        if is_own(result.target)
        else {}
    )
    return replace(
        options,
        dtype=dtype,
        mining=mining,
        ignore_identical_ids=ignores_identical_ids(result.signature),
        all_judged=counts_all_judged(result.signature),
        own=user_targets,
    )


# ---- the record --------------------------------------------------------------------------------


def _refuse_submitters(submissions: Mapping[Path, Submission], plan: VerificationPlan) -> None:
    """Raise WrongUsage if the person who verifies is a submitter: every result is already self-evaluated."""
    verifier = Submitter(name=plan.by, url=plan.url)
    faults = [
        Fault(
            f"{verifier.name} is a submitter of {folder.name}",
            cure="let another person verify it; without --by nothing is recorded",
        )
        for folder, submission in submissions.items()
        if any(
            verifier.name.casefold() == submitter.name.casefold()
            or (verifier.url and verifier.url == submitter.url)
            for submitter in submission.submitters
        )
    ]
    if faults:
        raise WrongUsage(faults)


def _record(folder: Path, results: Sequence[Verified], plan: VerificationPlan) -> None:
    if entries := list(_entries(folder, results, plan)):
        add_verified(folder, entries)


def _entries(folder: Path, results: Sequence[Verified], plan: VerificationPlan) -> Iterator[VerifiedResult]:
    """Yield the record of each verified result that was read, and whose file has not changed since."""
    date = now()
    for verified in results:
        path = folder / RESULTS_FOLDER / f"{verified.target}.yaml"
        if verified.digest is None or (plan.rerun and verified.ran is None):
            continue
        if result_digest(path) != verified.digest:
            continue
        device, dtype = verified.ran or (None, None)
        yield VerifiedResult(
            target=verified.target,
            result=verified.digest,
            how="rerun" if verified.ran else "recount",
            agrees=verified.passed,
            largest=verified.largest or 0.0,
            allowed=verified.allowed or 0.0,
            by=plan.by,
            url=plan.url,
            date=date,
            harness=version("stiltboard"),
            device=device,
            dtype=dtype,
        )
