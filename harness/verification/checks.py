"""Check one result against its outcomes, its submission, the official text, and weights if available."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.catalog import target_of
from harness.catalog.contamination import names_seen, seen
from harness.errors import BadInput, Fault, Unreachable, Where
from harness.models.checkpoint import CheckpointFiles, at_hand, fetch
from harness.records import Checkpoint, CheckpointScores, Result, Submission, Target, Training
from harness.scoring.recalculation import differences
from harness.store import (
    STEP_CURVES,
    find_results,
    load_outcomes,
    load_result,
    load_submission,
    result_digest,
)
from harness.store.agreement import (
    checkpoints_of,
    former_protocol,
    former_text,
    other_recipe,
    other_text,
    unpinned_text,
)
from harness.store.files import read_file
from harness.store.results import RESULT_LIMIT
from harness.store.seal import is_sealed
from harness.verification.findings import Check, Finding, Verified


def check_result(path: Path, submission: Submission, training: Training | None, cache: Path) -> Verified:
    """Run every check of a result that needs no evaluation; only outcomes may be fetched.

    Outcomes that are missing or others than the result names make nothing verifiable. Raises Unreachable
    where the board keeps them in a place that does not answer, which says nothing about the result.
    """
    slug, name = path.absolute().parent.parent.name, path.stem
    try:
        result = load_result(path)
        outcomes = load_outcomes(path, result)
    except Unreachable:
        raise
    except BadInput as error:
        return Verified(
            submission=slug, target=name, checked=("file",), findings=tuple(file_findings(error, path))
        )
    target = target_of(result)
    findings = [
        Finding(check="recount", failed=True, file=str(path), what=what)
        for what in differences(target, result, outcomes)
    ]
    if not is_sealed(read_file(path, RESULT_LIMIT, "")):
        what = "was written before results had seals: its run block cannot be checked"
        findings.append(Finding(check="file", failed=False, file=str(path), what=what))
    checked: list[Check] = ["file", "recount", "signature", "data"]
    if former := list(former_protocol(result)):
        checked.remove("recount")
        findings += [Finding(check="recount", failed=False, file=str(path), what=what) for what in former]
    findings += [
        Finding(check="data", failed=False, file=str(path), what=what) for what in former_text(result)
    ]
    findings += [
        Finding(check="signature", failed=True, file=str(path), what=what)
        for what in other_recipe(result, submission)
    ]
    findings += [Finding(check="data", failed=True, file=str(path), what=what) for what in other_text(result)]
    if unpinned := unpinned_text(result):
        findings.append(Finding(check="data", failed=False, file=str(path), what=unpinned))
    weights = list(_weights(result, submission, target, path, cache))
    findings += [finding for finding in weights if finding is not None]
    checked += ["weights"] if None in weights else []
    exposed = seen(target, names_seen(submission, training))
    if exposed.said:
        findings.append(Finding(check="contamination", failed=False, file=str(path), what=exposed.said))
    checked.append("contamination")
    return Verified(
        submission=slug,
        target=name,
        digest=result_digest(path),
        checked=tuple(dict.fromkeys(checked)),
        findings=tuple(findings),
    )


def file_findings(error: BadInput, path: Path) -> Iterator[Finding]:
    """Yield each fault of a file that could not be read as a failed finding; `path` is the default file."""
    for fault in error.faults:
        yield Finding(
            check="file", failed=True, file=str(fault.where or Where(str(path))), what=fault.message
        )


def _weights(
    result: Result, submission: Submission, target: Target, path: Path, cache: Path
) -> Iterator[Finding | None]:
    """Yield a finding for each seed's weights, or None if they are available and match the result."""
    declared = checkpoints_of(submission, target)
    for scored in result.checkpoints:
        checkpoint = declared.get(scored.seed)
        if checkpoint is None:
            continue
        folder = path.absolute().parent.parent
        if not at_hand(checkpoint, folder):
            what = f"the weights of seed {scored.seed}, {checkpoint.source}, are not available here"
            yield Finding(check="weights", failed=False, file=str(path), what=what)
            continue
        try:
            files = fetch(checkpoint, folder, cache / "checkpoints")
        except BadInput as error:
            yield Finding(
                check="weights",
                failed=True,
                file=str(path),
                what=f"seed {scored.seed}: {error.faults[0].message}",
            )
            continue
        if files.digest != scored.weights:
            yield Finding(check="weights", failed=True, file=str(path), what=_other_weights(files, scored))
        elif files.parameters != scored.parameters:
            what = f"seed {scored.seed} has {files.parameters}, the result names {scored.parameters}"
            yield Finding(check="weights", failed=True, file=str(path), what=what)
        else:
            yield None


def _other_weights(files: CheckpointFiles, scored: CheckpointScores) -> str:
    return f"the weights of seed {scored.seed} are {files.digest}, the result names {scored.weights}"


def changed_weights(folder: Path, cache: Path) -> Iterator[Fault]:
    """Yield a fault for each record of scores that names other weights than the folders hold now.

    Only weights in folders are compared, which can change; those of the Hub are at a commit.
    """
    submission = load_submission(folder)
    if not isinstance(submission, Submission):
        return
    slug = folder.absolute().name
    opened: dict[str, CheckpointFiles] = {}
    for path, checkpoint, weights in _named_weights(folder, submission):
        if checkpoint.path is None or not at_hand(checkpoint, folder):
            continue
        if checkpoint.path not in opened:
            opened[checkpoint.path] = fetch(checkpoint, folder, cache / "checkpoints")
        if (digest := opened[checkpoint.path].digest) != weights:
            of_step = path.name.endswith(STEP_CURVES.suffix)
            at_step, option = (f" at step {checkpoint.step}", " --steps") if of_step else ("", "")
            what = f"the weights of seed {checkpoint.seed}{at_step} are {digest}, the result names {weights}"
            cure = f"stiltboard evaluate {slug}{option} --stale measures again what former weights gave"
            yield Fault(what, Where(str(path)), cure)


def _named_weights(folder: Path, submission: Submission) -> Iterator[tuple[Path, Checkpoint, str]]:
    """Yield each file of scores with a checkpoint of the submission, and the weights that it names for it."""
    saved = {
        (checkpoint.seed, step.step): step.of_seed(checkpoint.seed)
        for checkpoint in submission.checkpoints
        for step in checkpoint.steps
    }
    for path in find_results(folder):
        result = load_result(path)
        declared = checkpoints_of(submission, target_of(result))
        for scored in result.checkpoints:
            if scored.seed in declared:
                yield path, declared[scored.seed], scored.weights
        curve = STEP_CURVES.path(folder, path.stem)
        for seed in STEP_CURVES.load(curve).checkpoints if curve.is_file() else ():
            for step in seed.steps:
                if (seed.seed, step.step) in saved:
                    yield curve, saved[seed.seed, step.step], step.weights
