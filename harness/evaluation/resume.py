"""What earlier runs of the same work finished: what is kept, what is replaced, what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from harness.data.training_text import TrainingText, load_training
from harness.errors import BadInput, Fault
from harness.evaluation.cells import Cell, Measured
from harness.evaluation.plan import Plan, TargetPlan
from harness.evaluation.run import Run
from harness.records import Head, Result, Signature, Sweep
from harness.reporter import Reporter
from harness.store import RESULTS_FOLDER, load_outcomes, load_result, results_lock


@dataclass(frozen=True)
class Resumed:
    """One target of a run: its plan, what earlier runs finished of it, and the English text where a head is still to be trained."""

    plan: TargetPlan
    earlier: Measured
    training: TrainingText | None = None

    @property
    def name(self) -> str:
        """Return the name of the target."""
        return self.plan.target.name

    def unfinished(self, seed: int) -> list[str]:
        """Return the languages that this run may measure and no run has."""
        return self.earlier.unfinished(self.plan, seed)


def resume(plan: Plan) -> tuple[tuple[Resumed, ...], list[Fault]]:
    """Return what is left to do of every target, and what keeps others from being measured.

    Raises BadInput where nothing can be.
    """
    targets: list[Resumed] = []
    faults = list(plan.unreadable)
    for planned in plan.targets:
        try:
            targets.append(_resume(planned, plan.run))
        except BadInput as reason:
            if len(plan.targets) == 1:
                raise
            faults.extend(reason.faults)
    if not targets:
        raise BadInput(faults)
    return tuple(targets), faults


def _resume(plan: TargetPlan, run: Run) -> Resumed:
    earlier = finished(plan, run, run.reporter)
    untrained = plan.head is not None and plan.head.recipe is not None
    if not (untrained and any(earlier.unfinished(plan, seed) for seed in plan.checkpoints)):
        return Resumed(plan, earlier)
    text = load_training(plan.target, run.options.data)
    return Resumed(plan, earlier, text.first(run.options.limit) if run.options.limit else text)


def result_path(plan: TargetPlan, run: Run) -> Path:
    """Return where the result of a target lies."""
    return run.folder / RESULTS_FOLDER / f"{plan.target.name}.yaml"


def finished(plan: TargetPlan, run: Run, reporter: Reporter) -> Measured:
    """Return what the result on disk holds of the same weights and text; nothing that this run does not measure is lost.

    With `overwrite` only what this run leaves alone is kept. Raises BadInput where two ways of measuring
    would be mixed.
    """
    path = result_path(plan, run)
    if run.options.limit or not path.is_file():
        return Measured()
    with results_lock(run.folder):
        named: Sequence[str] = plan.target.languages
        try:
            result = load_result(path)
            named = result.languages
            table = load_outcomes(path, result)
        except BadInput as reason:
            _replace_damaged(
                path, reason, [language for language in named if language not in plan.examples], reporter
            )
            return Measured()
    if run.options.overwrite and all(language in plan.examples for language in named):
        return Measured()
    _refuse_other_languages(plan, path, result)
    refuse_other_measure(path, result, plan.signature, run)
    _say_what_goes(plan, path, result, reporter)
    return _kept(plan, result, table, measured_again=run.options.overwrite)


def _kept(plan: TargetPlan, result: Result, table: pa.Table, *, measured_again: bool) -> Measured:
    """Return every cell that stands on the same weights and the same text, and why languages that this run leaves alone failed."""
    outcomes: dict[Cell, pa.Table] = {}
    failed: dict[Cell, str] = {}
    heads: dict[int, Head] = {}
    for checkpoint in result.checkpoints:
        files = plan.checkpoints.get(checkpoint.seed)
        if files is None or files.digest != checkpoint.weights:
            continue
        seed = checkpoint.seed
        for language in set(checkpoint.failed) - set(plan.examples) - set(plan.unreadable):
            failed[seed, language] = checkpoint.failed[language]
        for language in checkpoint.scores:
            same_text = plan.fingerprints.get(language, result.data[language]) == result.data[language]
            if same_text and not (measured_again and language in plan.examples):
                rows = table.filter(
                    pc.and_(pc.equal(table["seed"], seed), pc.equal(table["language"], language))
                )
                outcomes[seed, language] = rows.drop_columns(["seed", "language"]).combine_chunks()
                heads |= {seed: checkpoint.head} if checkpoint.head is not None else {}
    fingerprints = {language: result.data[language] for _, language in outcomes}
    return Measured(outcomes, failed, heads, fingerprints)


def _refuse_other_languages(plan: TargetPlan, path: Path, result: Result) -> None:
    """Refuse to drop what an earlier run measured on somebody's own text that is no longer there."""
    if gone := [language for language in result.languages if language not in plan.target.languages]:
        raise BadInput(
            f"{path} has scores for {' '.join(gone)}, whose text is gone",
            cure="put it back, or give the other text another NAME",
        )


def _replace_damaged(path: Path, reason: BadInput, left_alone: Sequence[str], reporter: Reporter) -> None:
    """Let a damaged result be measured again, but only by a run that measures all that it names."""
    if left_alone:
        message = f"{path} is damaged, and this run would measure only a part of it again, without {' '.join(left_alone)}"
        raise BadInput([*reason.faults, Fault(message, cure="evaluate without -l")]) from reason
    reporter.report(f"{path} is measured again: {reason.faults[0].message}")


def _say_what_goes(plan: TargetPlan, path: Path, result: Result, reporter: Reporter) -> None:
    """Say which scores stand on weights that are no longer the submission's, and are not measured again by this run."""
    for checkpoint in result.checkpoints:
        files = plan.checkpoints.get(checkpoint.seed)
        left = [language for language in checkpoint.scores if language not in plan.examples]
        if left and (files is None or files.digest != checkpoint.weights):
            reporter.report(
                f"{path}: the weights of seed {checkpoint.seed} changed, its scores for {' '.join(left)} go"
            )


def refuse_other_measure(path: Path, result: Result | Sweep, asked: Signature, run: Run) -> None:
    """Refuse to mix two ways of measuring in one file."""
    dtype, device = (
        str(result.run.get(key, now)) for key, now in (("dtype", run.dtype), ("device", run.device))
    )
    again = "--overwrite without -l to measure all of it again"
    for what, before, now, cure in (
        (
            "signature",
            str(result.signature),
            str(asked),
            "--overwrite without -l measures all of it again, in place of what is there",
        ),
        ("dtype", dtype, run.dtype, f"--dtype {dtype}, or {again}"),
        ("device", device.partition(":")[0], run.device.partition(":")[0], f"--device {device}, or {again}"),
    ):
        if before != now:
            raise BadInput(
                f"{path} was measured with the {what} {before!r}, now it is {now!r}: the two are not mixed",
                cure=cure,
            )
