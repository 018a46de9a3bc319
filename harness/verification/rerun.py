"""Evaluate a result again in a temporary folder, and compare the two."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.errors import BadInput, CheckFailed, StiltboardError
from harness.evaluation.run import Options
from harness.evaluation.story import evaluate
from harness.records import Checkpoint, Result, Submission, mixed_conditions
from harness.reporter import Reporter
from harness.store import load_submission
from harness.store.files import plain_record, replace_file
from harness.store.submissions import SUBMISSION_FILE
from harness.store.yaml.parser import dump
from harness.verification.findings import Finding
from harness.verification.tolerance import tolerance


@dataclass(frozen=True)
class Rerun:
    """The outcome of a rerun: the largest difference in points, its tolerance, and all disagreements.

    `changed` names the conditions that differ, such as `versions.torch`, with their values then and now.
    """

    largest: float
    allowed: float
    disagreements: tuple[str, ...]
    device: str
    dtype: str
    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def changes(self) -> str:
        """Return what differs, then and now, in one line; empty where nothing does."""
        named = ((name.removeprefix("versions."), values) for name, values in self.changed.items())
        return "; ".join(f"{name} {' → '.join(values)}" for name, values in named)


def rerun(
    path: Path, result: Result, options: Options, reporter: Reporter
) -> tuple[Rerun | None, tuple[Finding, ...]]:
    """Evaluate one result's target again from its checkpoints, and compare.

    No result in the submission's folder is read or written, and no cached vector or head is used, since that
    would repeat the earlier scores. Returns the comparison, or None and findings why evaluation failed.
    """
    folder = path.absolute().parent.parent
    with tempfile.TemporaryDirectory(prefix="stiltboard-verify-") as temporary:
        root = Path(temporary)
        copy = _copy(folder, root / "submissions" / folder.name)
        languages = [] if result.measured == result.of else sorted(set(result.languages))
        try:
            (second,) = evaluate(
                copy, [result.target], languages, replace(options, cache=root / "cache"), reporter
            )
        except (BadInput, CheckFailed) as error:
            return None, tuple(_unable(path, error))
    return compare(result, second), ()


def _unable(path: Path, error: StiltboardError) -> Iterator[Finding]:
    for fault in error.faults:
        yield Finding(
            check="rerun", failed=True, file=str(path), what=f"could not be evaluated again: {fault.message}"
        )


def _copy(folder: Path, destination: Path) -> Path:
    """Write the submission without its results into another folder, with absolute paths to weights."""
    submission = load_submission(folder)
    assert isinstance(submission, Submission)  # published numbers have no result
    destination.mkdir(parents=True)
    copied = absolute_paths(submission, folder)
    replace_file(destination / SUBMISSION_FILE, dump(plain_record(copied)).encode())
    return destination


def absolute_paths(submission: Submission, folder: Path) -> Submission:
    """Return the submission of a folder with absolute paths to weights, for a copy elsewhere."""
    return submission.model_copy(
        update={
            "checkpoints": tuple(_absolute(checkpoint, folder) for checkpoint in submission.checkpoints),
            "finetuned": {
                name: _absolute(checkpoint, folder) for name, checkpoint in submission.finetuned.items()
            },
        }
    )


def _absolute(checkpoint: Checkpoint, folder: Path) -> Checkpoint:
    return (
        checkpoint.model_copy(update={"path": str((folder / checkpoint.path).resolve())})
        if checkpoint.path
        else checkpoint
    )


def compare(first: Result, second: Result) -> Rerun:
    """Compare a result and its rerun by seed and language, by the tolerance of their devices and dtypes."""
    first_arithmetic, second_arithmetic = (arithmetic(result) for result in (first, second))
    retrained = [
        checkpoint.seed
        for checkpoint, repeated in zip(first.checkpoints, second.checkpoints, strict=False)
        if checkpoint.head and repeated.head and checkpoint.head.digest != repeated.head.digest
    ]
    allowed = tolerance(first_arithmetic, second_arithmetic, retrained=bool(retrained))
    disagreements = list(_mismatches(first, second))
    differences: list[tuple[float, float]] = [(0.0, allowed.language)]
    seeds = {checkpoint.seed: checkpoint for checkpoint in second.checkpoints}
    for checkpoint in first.checkpoints:
        for language, score in checkpoint.scores.items():
            repeated_score = seeds[checkpoint.seed].scores.get(language) if checkpoint.seed in seeds else None
            if repeated_score is None:
                disagreements.append(f"seed {checkpoint.seed} in {language!r} was not measured again")
                continue
            difference, limit = abs(repeated_score.score - score.score), allowed.of_language(score.n)
            differences.append((difference, limit))
            if difference > limit + 1e-6:
                points = _beyond(score.score, repeated_score.score, limit)
                disagreements.append(f"seed {checkpoint.seed} in {language!r} scored {points}")
    if first.score is not None and second.score is not None:
        limit = allowed.of_score([score.n for score in first.checkpoints[0].scores.values()])
        if abs(first.score - second.score) > limit + 1e-6:
            disagreements.append(f"the score was {_beyond(first.score, second.score, limit)}")
    largest, limit = max(differences)
    return Rerun(
        round(largest, 4),
        round(limit, 4),
        tuple(disagreements),
        *second_arithmetic,
        changed=mixed_conditions([*first.runs, *second.runs]),
    )


def _beyond(first: float, second: float, limit: float) -> str:
    return f"{first:.4f}, run again {second:.4f}: more than the {limit:.2f} points allowed"


def _mismatches(first: Result, second: Result) -> Iterator[str]:
    """Yield where two runs differ in signature, text or weights."""
    if first.signature != second.signature:
        yield f"was measured as {first.signature}, run again as {second.signature}"
    changed = [
        language for language, digest in first.data.items() if second.data.get(language, digest) != digest
    ]
    if changed:
        yield f"the text in {' '.join(changed)} has changed"
    weights = {checkpoint.seed: checkpoint.weights for checkpoint in second.checkpoints}
    for checkpoint in first.checkpoints:
        if weights.get(checkpoint.seed, checkpoint.weights) != checkpoint.weights:
            changed_weights = f"{weights[checkpoint.seed]}, not {checkpoint.weights}"
            yield f"seed {checkpoint.seed} has other weights now, {changed_weights}"


def arithmetic(result: Result) -> tuple[str, str]:
    """Return the kind of device and the dtype of a result's newest run."""
    run = result.last_run
    return ((run.device or "cpu").partition(":")[0], run.dtype or "") if run else ("cpu", "")
