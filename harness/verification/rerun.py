"""Evaluate a result again in a place of its own, and say how far the two are apart."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import BadInput, CheckFailed, StiltboardError
from harness.evaluation.run import Options
from harness.evaluation.story import evaluate
from harness.records import Checkpoint, Result, Submission
from harness.reporter import Reporter
from harness.store import load_submission
from harness.store.files import plain_record, replace_file
from harness.store.submissions import SUBMISSION_FILE
from harness.store.yaml.parser import dump
from harness.verification.findings import Finding
from harness.verification.tolerance import tolerance


@dataclass(frozen=True)
class Rerun:
    """What a rerun came to: the largest difference in points and what of it is allowed there, and what does not agree."""

    largest: float
    allowed: float
    disagreements: tuple[str, ...]
    device: str
    dtype: str


def rerun(
    path: Path, result: Result, options: Options, reporter: Reporter
) -> tuple[Rerun | None, tuple[Finding, ...]]:
    """Evaluate one result's target again from its checkpoints and compare; nothing of the submission's folder is written or read.

    Neither is a vector or a head that an earlier run left in the cache: those would repeat what they said
    before. Only what could not be evaluated is in the findings where there is no comparison.
    """
    folder = path.absolute().parent.parent
    with tempfile.TemporaryDirectory(prefix="stiltboard-verify-") as place:
        root = Path(place)
        again = _copy(folder, root / "submissions" / folder.name)
        languages = [] if result.measured == result.of else sorted(set(result.languages))
        try:
            (found,) = evaluate(
                again, [result.target], languages, replace(options, cache=root / "cache"), reporter
            )
        except (BadInput, CheckFailed) as error:
            return None, tuple(_unable(path, error))
    return compare(result, found), ()


def _unable(path: Path, error: StiltboardError) -> Iterator[Finding]:
    for fault in error.faults:
        yield Finding(
            check="rerun", failed=True, file=str(path), what=f"could not be evaluated again: {fault.message}"
        )


def _copy(folder: Path, to: Path) -> Path:
    """Write the submission into another folder without its results; a relative path to weights is made whole there."""
    submission = load_submission(folder)
    assert isinstance(submission, Submission)  # published numbers have no result
    to.mkdir(parents=True)
    moved = submission.model_copy(
        update={
            "checkpoints": tuple(_absolute(each, folder) for each in submission.checkpoints),
            "finetuned": {name: _absolute(each, folder) for name, each in submission.finetuned.items()},
        }
    )
    replace_file(to / SUBMISSION_FILE, dump(plain_record(moved)).encode())
    return to


def _absolute(checkpoint: Checkpoint, folder: Path) -> Checkpoint:
    return (
        checkpoint.model_copy(update={"path": str((folder / checkpoint.path).resolve())})
        if checkpoint.path
        else checkpoint
    )


def compare(first: Result, second: Result) -> Rerun:
    """Set a rerun against a result, seed by seed and language by language."""
    (device, dtype), (now, kind) = (_arithmetic(result.run) for result in (first, second))
    retrained = [
        checkpoint.seed
        for checkpoint, other in zip(first.checkpoints, second.checkpoints, strict=False)
        if checkpoint.head and other.head and checkpoint.head.digest != other.head.digest
    ]
    allowed = tolerance((device, dtype), (now, kind), retrained=bool(retrained))
    wrong = list(_other(first, second))
    apart: list[tuple[float, float]] = [(0.0, allowed.language)]
    again = {checkpoint.seed: checkpoint for checkpoint in second.checkpoints}
    for checkpoint in first.checkpoints:
        for language, score in checkpoint.scores.items():
            other = again[checkpoint.seed].scores.get(language) if checkpoint.seed in again else None
            if other is None:
                wrong.append(f"seed {checkpoint.seed} in {language!r} was not measured again")
                continue
            difference, least = abs(other.score - score.score), allowed.of_language(score.n)
            apart.append((difference, least))
            if difference > least + 1e-6:
                said = f"{score.score:.4f}, run again {other.score:.4f}: more than the {least:.2f} points allowed"
                wrong.append(f"seed {checkpoint.seed} in {language!r} scored {said}")
    if first.score is not None and second.score is not None:
        least = allowed.of_score([score.n for score in first.checkpoints[0].scores.values()])
        if abs(first.score - second.score) > least + 1e-6:
            said = (
                f"{first.score:.4f}, run again {second.score:.4f}: more than the {least:.2f} points allowed"
            )
            wrong.append(f"the score was {said}")
    largest, least = max(apart)
    return Rerun(round(largest, 4), round(least, 4), tuple(wrong), now, kind)


def _other(first: Result, second: Result) -> Iterator[str]:
    """Say where two runs are not of the same thing."""
    if first.signature != second.signature:
        yield f"was measured as {first.signature}, run again as {second.signature}"
    changed = [
        language for language, digest in first.data.items() if second.data.get(language, digest) != digest
    ]
    if changed:
        yield f"the text in {' '.join(changed)} is another one now"
    weights = {checkpoint.seed: checkpoint.weights for checkpoint in second.checkpoints}
    for checkpoint in first.checkpoints:
        if weights.get(checkpoint.seed, checkpoint.weights) != checkpoint.weights:
            yield f"seed {checkpoint.seed} has other weights now, {weights[checkpoint.seed]}, not {checkpoint.weights}"


def _arithmetic(run: Mapping[str, object]) -> tuple[str, str]:
    return str(run.get("device", "cpu")).partition(":")[0], str(run.get("dtype", ""))
