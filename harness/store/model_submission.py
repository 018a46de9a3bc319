"""Make a submission of an evaluated model: what is known is filled in, the results are copied."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from harness.errors import BadInput, Where
from harness.records import (
    Checkpoint,
    Result,
    SavedStep,
    StepCurve,
    SteppedCheckpoint,
    StepScores,
    Submission,
    joined_runs,
)
from harness.store.file_tree import RESULTS_FOLDER
from harness.store.files import no_link, plain_record, replace_file
from harness.store.renaming import with_slug
from harness.store.results import results_lock
from harness.store.scaffold import Parts, scaffold
from harness.store.side_files import STEP_CURVES
from harness.store.slugs import slug_taken
from harness.store.submission_folder import find_results, load_results, load_submission
from harness.store.submissions import SUBMISSION_FILE, slug_faults
from harness.store.yaml.parser import dump, refuse


def refuse_taken(root: Path, slug: str) -> None:
    """Raise BadInput for a slug that is none, or that is or was in use."""
    folder = root / slug
    no_link(folder)
    if faults := slug_faults(slug, str(folder)):
        refuse(faults)
    if root.is_dir() and (taken := slug_taken(root, slug)):
        raise BadInput(taken, where=Where(str(folder)), cure="choose another slug")


def save_as_submission(evaluated: Sequence[Path], root: Path, slug: str) -> Path:
    """Make a submission of the folder of an evaluated model, and return the path of its submission.yaml.

    The source of the weights and the encoding are filled in; what only a person knows is left as
    placeholders, which `stiltboard validate` lists. Results and outcomes are copied under the slug.
    Of several checkpoints of one training the last one's score counts, and the others are its curve.
    """
    refuse_taken(root, slug)
    *others, last = sorted(evaluated, key=lambda folder: _model_in(folder).checkpoints[0].step or 0)
    declared = _model_in(last)
    submission = declared.model_copy(
        update={"checkpoints": (_with_steps(declared.checkpoints[0], map(_model_in, others)),)}
    )
    record = plain_record(submission)
    assert isinstance(record, dict)
    parts = Parts(**{name: dump({name: record[name]}) for name in ("encoding", "checkpoints")})
    folder = root / slug
    (folder / RESULTS_FOLDER).mkdir(parents=True, exist_ok=True)
    with results_lock(last):
        for name, data in with_slug(last, slug).items():
            replace_file(folder / name, data)
        for result in find_results(last):
            shutil.copyfile(
                result.with_suffix(".parquet"), folder / RESULTS_FOLDER / f"{result.stem}.parquet"
            )
    earlier = {folder: {result.target: result for result in load_results(folder)} for folder in others}
    for own in load_results(folder):
        steps = {
            _model_in(other).checkpoints[0].step or 0: results[own.target]
            for other, results in earlier.items()
            if own.target in results
        }
        if steps:
            STEP_CURVES.write(folder, _curve(own, steps))
    path = folder / SUBMISSION_FILE
    replace_file(path, scaffold(slug, submission.title, parts=parts, root=root).encode())
    return path


def _model_in(folder: Path) -> Submission:
    submission = load_submission(folder)
    assert isinstance(submission, Submission)  # no model is evaluated from published numbers
    return submission


def _with_steps(checkpoint: Checkpoint, others: Iterable[Submission]) -> Checkpoint:
    steps = [
        SavedStep(step=other.step or 0, hub=other.hub, revision=other.revision, path=other.path)
        for model in others
        for other in model.checkpoints
    ]
    return checkpoint.model_copy(update={"steps": tuple(steps)})


def _curve(result: Result, earlier: Mapping[int, Result]) -> StepCurve:
    """Return what was measured of a training's earlier checkpoints, by their steps, as the last one was."""
    alike = {
        step: other
        for step, other in earlier.items()
        if other.signature == result.signature
        and all(result.data.get(language, digest) == digest for language, digest in other.data.items())
    }
    steps = [
        StepScores(
            step=step,
            weights=other.checkpoints[0].weights,
            score=other.score,
            scores={language: score.score for language, score in other.checkpoints[0].scores.items()},
        )
        for step, other in alike.items()
    ]
    return StepCurve(
        schema_=1,
        submission=result.submission,
        target=result.target,
        signature=result.signature,
        metric=result.metric,
        of=result.of,
        checkpoints=(SteppedCheckpoint(seed=result.checkpoints[0].seed, steps=tuple(steps)),),
        data={language: digest for other in alike.values() for language, digest in other.data.items()},
        runs=joined_runs(
            run.model_copy(update={"cells": {}}) for other in alike.values() for run in other.runs
        ),
    )
