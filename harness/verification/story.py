"""THE STORY of a verification: which results → recount, set against what is pinned → run again → probe → a report and a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path

from harness.cache import cache_folder
from harness.catalog import is_own, target_of
from harness.clock import now
from harness.errors import BadInput, Fault, WrongUsage
from harness.evaluation.run import Options
from harness.records import ReportedSubmission, Result, Submission, Submitter, VerifiedResult
from harness.reporter import Reporter, Silent
from harness.store import (
    add_verified,
    find_results,
    load_result,
    load_submission,
    load_training,
    load_verification,
    result_digest,
)
from harness.store.file_tree import RESULTS_FOLDER
from harness.verification.audit import chosen
from harness.verification.checks import check_result, of_fault
from harness.verification.findings import Finding, VerificationReport, Verified
from harness.verification.probe import EXAMPLES, findings, probe
from harness.verification.rerun import rerun


@dataclass(frozen=True)
class VerificationPlan:
    """What to verify: `targets` of each submission (all without one), or the `audit` share of them by `seed`.

    With `rerun` results are evaluated again, with `probe` their encoders are probed on so many `examples`, as
    `options` say. `by` and `url` name whoever verifies: with a name what was found is recorded in the
    submission's folder.
    """

    targets: Sequence[str] = ()
    audit: Fraction | None = None
    seed: str = ""
    rerun: bool = False
    probe: bool = False
    by: str = ""
    url: str | None = None
    examples: int = EXAMPLES
    options: Options = field(default_factory=Options)


def verify(
    folders: Sequence[Path], plan: VerificationPlan, reporter: Reporter | None = None
) -> VerificationReport:
    """Verify the results of submissions; what is wrong is in the report, and only wrong usage is raised.

    Raises WrongUsage where a submitter would verify a submission of their own, or a target named has no
    result.
    """
    reporter = reporter or Silent()
    broken: list[Finding] = []
    opened = {folder: submission for folder in folders if (submission := _opened(folder, broken)) is not None}
    paths = {folder: _results(folder, broken) for folder in opened}
    asked, said = _asked(paths, plan)
    if plan.by:
        _refuse_own({folder: opened[folder] for folder in asked}, plan)
    results = []
    for folder, names in asked.items():
        for path in names:
            results.append(_verified(path, opened[folder], plan, reporter))
        if plan.by:
            _record(folder, [each for each in results if each.submission == folder.absolute().name], plan)
    return VerificationReport(
        results=tuple(results), findings=tuple(broken), audit=said, seed=plan.seed or None
    )


def _opened(folder: Path, broken: list[Finding]) -> Submission | None:
    """Read a submission with all that stands beside its results; numbers out of papers have nothing to verify."""
    try:
        submission = load_submission(folder)
        load_verification(folder)
        load_training(folder)
    except BadInput as error:
        broken += of_fault(error, folder)
        return None
    return None if isinstance(submission, ReportedSubmission) else submission


def _results(folder: Path, broken: list[Finding]) -> tuple[Path, ...]:
    try:
        found = find_results(folder)
    except BadInput as error:
        broken += of_fault(error, folder)
        return ()
    results = folder / RESULTS_FOLDER
    named = {path.with_suffix(".parquet").name for path in found}
    left = (
        [path for path in sorted(results.glob("*.parquet")) if path.name not in named]
        if results.is_dir()
        else []
    )
    broken += [
        Finding(check="file", failed=True, file=str(path), what="outcomes that belong to no result")
        for path in left
    ]
    return found


def _asked(
    paths: Mapping[Path, Sequence[Path]], plan: VerificationPlan
) -> tuple[dict[Path, list[Path]], str | None]:
    """Return the results to verify by submission, and how they were chosen where an audit chose them."""
    every = {
        folder: [path for path in found if not plan.targets or path.stem in plan.targets]
        for folder, found in paths.items()
    }
    if missing := [
        name
        for name in plan.targets
        if not any(path.stem == name for found in every.values() for path in found)
    ]:
        known = sorted({path.stem for found in paths.values() for path in found})
        raise WrongUsage(
            f"no result on {missing[0]!r}",
            cure=f"one of: {', '.join(known)}" if known else "evaluate something first",
        )
    if plan.audit is None:
        return {folder: found for folder, found in every.items() if found}, None
    named = {
        (folder.absolute().name, path.stem): (folder, path)
        for folder, found in every.items()
        for path in found
    }
    drawn = chosen(list(named), plan.audit, plan.seed)
    asked: dict[Path, list[Path]] = {}
    for name in drawn:
        folder, path = named[name]
        asked.setdefault(folder, []).append(path)
    said = f"audit: {len(drawn)} of {len(named)} results ({float(plan.audit):.2%}) by seed {plan.seed}"
    return asked, said


def _verified(path: Path, submission: Submission, plan: VerificationPlan, reporter: Reporter) -> Verified:
    """Check one result, and run and probe it where that is asked for and it could be read at all."""
    reporter.report(f"{path.parent.parent.name} {path.stem}")
    cache = plan.options.cache or cache_folder()
    found = check_result(path, submission, load_training(path.parent.parent), cache)
    if found.digest is None:
        return found
    result = load_result(path)
    options = _options(result, plan.options)
    if plan.rerun:
        found = _rerun(found, path, result, options, reporter)
    if plan.probe:
        found = _probed(found, path, result, replace(options, limit=plan.examples), reporter, plan.seed)
    return found


def _rerun(found: Verified, path: Path, result: Result, options: Options, reporter: Reporter) -> Verified:
    again, unable = rerun(path, result, options, reporter)
    if again is None:
        return found.model_copy(update={"findings": (*found.findings, *unable)})
    wrong = [Finding(check="rerun", failed=True, file=str(path), what=what) for what in again.disagreements]
    done = {"checked": (*found.checked, "rerun"), "findings": (*found.findings, *wrong)}
    return found.model_copy(
        update={
            **done,
            "largest": again.largest,
            "allowed": again.allowed,
            "ran": (again.device, again.dtype),
        }
    )


def _probed(
    found: Verified, path: Path, result: Result, options: Options, reporter: Reporter, seed: str
) -> Verified:
    if target_of(result).has_head:
        note = Finding(
            check="probe",
            failed=False,
            file=str(path),
            what="a head predicts here; the probe is of targets that compare vectors",
        )
        return found.model_copy(update={"findings": (*found.findings, note)})
    try:
        languages = () if result.measured == result.of else tuple(sorted(set(result.languages)))
        said = list(
            findings(probe(path.parent.parent, result.target, languages, options, reporter, seed), str(path))
        )
    except BadInput as error:
        said = [
            Finding(check="probe", failed=True, file=str(path), what=f"could not be probed: {f.message}")
            for f in error.faults
        ]
        return found.model_copy(update={"findings": (*found.findings, *said)})
    return found.model_copy(
        update={"checked": (*found.checked, "probe"), "findings": (*found.findings, *said)}
    )


def _options(result: Result, options: Options) -> Options:
    """Measure as the result was measured: in its dtype unless another is asked for, and mined in its way."""
    mining = result.signature.mining or options.mining
    stated = str(result.run.get("dtype"))
    dtype = stated if options.dtype == "auto" and stated in ("float32", "bfloat16") else options.dtype
    own = (
        {name: folder for name, folder in options.own.items() if name == result.target}
        if is_own(result.target)
        else {}
    )
    return replace(options, dtype=dtype, mining=mining, own=own)


# ---- the record --------------------------------------------------------------------------------


def _refuse_own(opened: Mapping[Path, Submission], plan: VerificationPlan) -> None:
    """Refuse a submitter's own word: evaluated by themselves is what every result is."""
    me = Submitter(name=plan.by, url=plan.url)
    faults = [
        Fault(
            f"{me.name} is a submitter of {folder.name}",
            cure="somebody else verifies it; without --by nothing is recorded",
        )
        for folder, submission in opened.items()
        if any(
            me.name.casefold() == each.name.casefold() or (me.url and me.url == each.url)
            for each in submission.submitters
        )
    ]
    if faults:
        raise WrongUsage(faults)


def _record(folder: Path, results: Sequence[Verified], plan: VerificationPlan) -> None:
    if found := list(_entries(folder, results, plan)):
        add_verified(folder, found)


def _entries(folder: Path, results: Sequence[Verified], plan: VerificationPlan) -> Iterator[VerifiedResult]:
    """Yield what is recorded: each result that could be read, by the file that was verified, if it is that file still."""
    date = now()
    for each in results:
        path = folder / RESULTS_FOLDER / f"{each.target}.yaml"
        if each.digest is None or (plan.rerun and each.ran is None) or result_digest(path) != each.digest:
            continue
        device, dtype = each.ran or (None, None)
        yield VerifiedResult(
            target=each.target,
            result=each.digest,
            how="rerun" if each.ran else "recount",
            agrees=each.stands,
            largest=each.largest or 0.0,
            allowed=each.allowed or 0.0,
            by=plan.by,
            url=plan.url,
            date=date,
            harness=version("stiltboard"),
            device=device,
            dtype=dtype,
        )
