"""Resume earlier runs: which of their measurements are reused, replaced, or refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from harness.data.reading_notes import noting
from harness.data.training_text import TrainingText, load_training
from harness.errors import BadInput, Fault, Unreachable
from harness.evaluation.cells import Cell, Measured
from harness.evaluation.gone_weights import are_gone
from harness.evaluation.plan import Plan
from harness.evaluation.run import Run
from harness.evaluation.target_plan import TargetPlan
from harness.models.checkpoint import CheckpointFiles
from harness.records import EvaluationRun, Head, Result, Signature, StepCurve, Sweep
from harness.reporter import Reporter
from harness.store import RESULTS_FOLDER, find_results, load_outcomes, load_result, results_lock


@dataclass(frozen=True)
class Resumed:
    """One target of a run: its plan, and what earlier runs measured.

    `training` is the English text where a head is still to be trained, else None.
    """

    plan: TargetPlan
    earlier: Measured
    training: TrainingText | None = None

    @property
    def name(self) -> str:
        """Return the name of the target."""
        return self.plan.target.name

    def unfinished(self, seed: int) -> list[str]:
        """Return the languages of the plan that no run has measured on a seed."""
        return self.earlier.unfinished(self.plan, seed)


def resume(plan: Plan) -> tuple[tuple[Resumed, ...], list[Fault]]:
    """Return every target with its earlier measurements, and the faults of targets that cannot be measured.

    Raises BadInput where none can be measured.
    """
    targets: list[Resumed] = []
    faults = list(plan.unreadable)
    _report_other_results(plan)
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
    earlier = load_finished(plan, run, run.reporter)
    _refuse_gone(plan, earlier)
    untrained = plan.head is not None and plan.head.recipe is not None
    if not (untrained and any(earlier.unfinished(plan, seed) for seed in plan.checkpoints)):
        return Resumed(plan, earlier)
    with noting(run.reporter.report):
        text = load_training(plan.target, run.options.own.get(plan.target.name, run.options.data))
    return Resumed(plan, earlier, text.first(run.options.limit) if run.options.limit else text)


def _refuse_gone(plan: TargetPlan, earlier: Measured) -> None:
    """Refuse to measure a seed whose weights are gone: a score is the mean over all seeds."""
    for seed, files in plan.checkpoints.items():
        if are_gone(files) and (missing := earlier.unfinished(plan, seed)):
            raise BadInput(
                f"the weights of seed {seed} are gone ({files.source}), and {plan.target.name} has no score "
                f"of it in {' '.join(missing)}",
                cure=f"train seed {seed} again, which gives the same weights on the same machine, or name "
                "only targets that have it",
            )


def result_path(plan: TargetPlan, run: Run) -> Path:
    """Return the path of the result of a target."""
    return run.folder / RESULTS_FOLDER / f"{plan.target.name}.yaml"


def load_finished(plan: TargetPlan, run: Run, reporter: Reporter) -> Measured:
    """Return the cells of the result on disk that were measured on the same weights and text.

    With `overwrite` only those of languages that this run does not measure, with `untrusted` none. Raises
    BadInput where this run would lose scores that it does not measure again, or mix two ways of measuring.
    """
    path = result_path(plan, run)
    if run.options.limit or not path.is_file():
        return Measured()
    if run.options.untrusted:
        refuse_loss(path, lambda: load_result(path).languages, plan)
        return Measured()
    with results_lock(run.folder):
        languages: Sequence[str] = plan.target.languages
        try:
            result = load_result(path)
            languages = result.languages
            table = load_outcomes(path, result)
        except Unreachable:  # nothing is damaged, and what is measured would be lost
            raise
        except BadInput as reason:
            _replace_damaged(
                path, reason, [language for language in languages if language not in plan.examples], reporter
            )
            return Measured()
    if run.options.overwrite and all(language in plan.examples for language in languages):
        return Measured()
    _refuse_missing_languages(plan, path, result)
    _refuse_other_weights(plan, path, result, run)
    refuse_mixed_measurement(path, result, plan.signature, run)
    _report_dropped(plan, path, result, reporter)
    return _reusable(plan, result, table, measured_again=run.options.overwrite)


def _reusable(plan: TargetPlan, result: Result, table: pa.Table, *, measured_again: bool) -> Measured:
    """Return the cells on the same weights and text, and the failures of languages outside this plan."""
    outcomes: dict[Cell, pa.Table] = {}
    failed: dict[Cell, str] = {}
    heads: dict[int, Head] = {}
    runs: dict[Cell, EvaluationRun] = {}
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
                run = result.run_of(seed, language)
                runs |= {(seed, language): run} if run is not None else {}
    fingerprints = {language: result.data[language] for _, language in outcomes}
    return Measured(outcomes, failed, heads, fingerprints, runs)


def _other_weights(checkpoints: Mapping[int, CheckpointFiles], result: Result) -> list[int]:
    """Return the seeds whose scores other weights gave than those that are here."""
    return [
        scored.seed
        for scored in result.checkpoints
        if (files := checkpoints.get(scored.seed)) is not None and files.digest != scored.weights
    ]


def _refuse_other_weights(plan: TargetPlan, path: Path, result: Result, run: Run) -> None:
    """Refuse to replace scores of former weights unless that is asked for: they cannot be measured again."""
    changed = _other_weights(plan.checkpoints, result)
    if not changed or run.options.stale or run.options.overwrite:
        return
    seeds = _in_words(changed)
    raise BadInput(
        f"{path} was measured on other weights of {seeds} than are here now",
        cure=f"stiltboard evaluate {run.slug} --stale measures again all that former weights gave, and "
        "replaces it; or evaluate the new weights under another slug",
    )


def _report_other_results(plan: Plan) -> None:
    """Report results on other targets that former weights gave: this run leaves them as they are."""
    run = plan.run
    if run.options.limit or run.options.untrusted:
        return
    planned = {target.target.name for target in plan.targets} | set(run.submission.finetuned)
    checkpoints = {seed: files for target in plan.targets for seed, files in target.checkpoints.items()}
    for path in find_results(run.folder):
        if path.stem not in planned and (changed := _other_weights(checkpoints, load_result(path))):
            run.reporter.report(
                f"{path} was measured on former weights of {_in_words(changed)}: "
                f"stiltboard evaluate {run.slug} --stale measures it again"
            )


def _in_words(seeds: Sequence[int]) -> str:
    """Return seeds in words."""
    return ("seed " if len(seeds) == 1 else "seeds ") + " ".join(map(str, seeds))


def _refuse_missing_languages(plan: TargetPlan, path: Path, result: Result) -> None:
    """Refuse to drop scores of user-provided text that is missing now."""
    if missing := [language for language in result.languages if language not in plan.target.languages]:
        raise BadInput(
            f"{path} has scores for {' '.join(missing)}, whose text is missing",
            cure="restore the text, or evaluate the new text under another NAME",
        )


def refuse_loss(path: Path, languages: Callable[[], Sequence[str]], plan: TargetPlan) -> None:
    """Refuse a run that keeps no score of the file at `path` and does not measure all its languages."""
    try:
        lost = [language for language in languages() if language not in plan.examples]
    except BadInput:  # a damaged file has no scores to lose
        return
    if lost:
        raise BadInput(
            f"{path} has scores for {' '.join(lost)}, which this run does not measure, "
            "and in a sandbox no score on disk is kept",
            cure="evaluate without -l",
        )


def _replace_damaged(path: Path, reason: BadInput, not_measured: Sequence[str], reporter: Reporter) -> None:
    """Report that a damaged result is measured again; refuse a run that would measure only part of it."""
    if not_measured:
        message = (
            f"{path} is damaged, and this run would measure only a part of it again, "
            f"without {' '.join(not_measured)}"
        )
        raise BadInput([*reason.faults, Fault(message, cure="evaluate without -l")]) from reason
    reporter.report(f"{path} is measured again: {reason.faults[0].message}")


def _report_dropped(plan: TargetPlan, path: Path, result: Result, reporter: Reporter) -> None:
    """Report scores of former weights that this run drops without measuring them again."""
    for checkpoint in result.checkpoints:
        files = plan.checkpoints.get(checkpoint.seed)
        dropped = [language for language in checkpoint.scores if language not in plan.examples]
        if dropped and (files is None or files.digest != checkpoint.weights):
            reporter.report(
                f"{path}: the weights of seed {checkpoint.seed} changed, "
                f"its scores for {' '.join(dropped)} are dropped"
            )


def refuse_mixed_measurement(
    path: Path, result: Result | Sweep | StepCurve, signature: Signature, run: Run
) -> None:
    """Raise BadInput where the file at `path` was measured with another signature, dtype or device."""
    last = result.last_run
    dtype = last.dtype if last and last.dtype else run.dtype
    device = last.device if last and last.device else run.device
    again = "--overwrite without -l to measure all of it again"
    for name, old, new, cure in (
        (
            "signature",
            str(result.signature),
            str(signature),
            "--overwrite without -l to measure all of it again and replace the file",
        ),
        ("device", device.partition(":")[0], run.device.partition(":")[0], f"--device {device}, or {again}"),
        ("dtype", dtype, run.dtype, f"--dtype {dtype}, or {again}"),
    ):
        if old != new:
            raise BadInput(
                f"{path} was measured with the {name} {old!r}, now it is {new!r}: the two are not mixed",
                cure=cure,
            )
