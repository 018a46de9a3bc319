"""Evaluate a submission: examples → vectors or predictions → outcomes → scores → a result on disk."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from harness.data.hub import noting_revisions
from harness.errors import BadInput, CheckFailed, StiltboardError, Unreachable, joined
from harness.evaluation.cells import UNWRITTEN, Cell, Measured, make_result, make_table
from harness.evaluation.embeddings import Encoded, distinct_texts, encode_missing, every_view
from harness.evaluation.heads import predict
from harness.evaluation.own_encoder import EncodedByCode, encode_with_code
from harness.evaluation.plan import Plan, make_plan
from harness.evaluation.provenance import describe_run
from harness.evaluation.resume import Resumed, load_finished, result_path, resume
from harness.evaluation.run import WRITE_SECONDS, Options, Run
from harness.evaluation.step_scores import open_curves
from harness.evaluation.sweep import TargetSweep, open_sweeps
from harness.evaluation.target_plan import TargetPlan
from harness.kinds.registry import EMBEDDED
from harness.models.checkpoint import CheckpointFiles
from harness.models.encoder import EncodingReport
from harness.records import EvaluationRun, Result, TextEncoding, View
from harness.reporter import Reporter, Silent
from harness.store import load_outcomes, load_result, results_lock, write_result

__all__ = ["Options", "evaluate"]


def evaluate(
    folder: Path | str,
    targets: Sequence[str] = (),
    languages: Sequence[str] = (),
    options: Options | None = None,
    reporter: Reporter | None = None,
) -> tuple[Result, ...]:
    """Evaluate the submission in `folder` zero-shot, write one result per target, and return them.

    `targets` default to the benchmark's and `languages` to all of a target's. Scores of an earlier run on the
    same weights, text and encoding are not computed again. A language that cannot be measured is named in the
    result, which then has no score. For targets with a head, the head is fine-tuned on English first, once.
    With `options.limit` only the first examples are evaluated and nothing is written. Raises BadInput when
    the submission, its checkpoint or all of the text cannot be read; also, after the other targets are
    written, when none of a target's text can be read. Raises CheckFailed when a head cannot be trained.

    >>> (result,) = evaluate("submissions/toy", ["jupyterlab"], ["fi"], Options(limit=50, device="cpu"))
    >>> result.measured, list(result.checkpoints[0].scores)
    (1, ['fi'])
    """
    plan = make_plan(Path(folder), targets, languages, options or Options(), reporter or Silent())
    resumed, faults = resume(plan)
    errors: list[StiltboardError] = [BadInput(faults)] if faults else []
    results = _compare_vectors(plan, [target for target in resumed if target.plan.head is None])
    for target in resumed:
        if target.plan.head is None:
            continue
        try:
            with noting_revisions() as training:
                for measured, reports in predict(target, plan.run):
                    description = describe_run(reports, plan.run, {**target.plan.revisions, **training})
                    results[target.name] = _write(target.plan, measured, description, plan.run)
        except (BadInput, CheckFailed) as reason:  # the other targets go on
            if len(plan.targets) == 1:
                raise
            errors.append(reason)
    if errors:
        raise joined(errors)
    return tuple(results[target.name] for target in resumed)


def _compare_vectors(plan: Plan, targets: Sequence[Resumed]) -> dict[str, Result]:
    """Encode the text of targets without a head, checkpoint by checkpoint, and score their cells."""
    run, sweeps = plan.run, open_sweeps([target.plan for target in targets], plan.run)
    measured = {target.name: target.earlier for target in targets}
    reports: list[EncodingReport] = []
    results: dict[str, Result] = {}
    for number, (seed, files) in enumerate(plan.checkpoints.items() if targets else (), start=1):
        swept = [(sweep, language) for sweep in sweeps for language in sweep.unfinished(seed, files)]
        todo = [(target.plan, language) for target in targets for language in target.unfinished(seed)]
        encoded = _encode(files, todo, swept, targets[0].plan.encoding, run)
        reports.append(encoded.report)
        for target in targets:
            measured[target.name] = run_cells(target, seed, encoded).over(measured[target.name])
        encoded.close()
        # A seed's result is written before anything else starts; a result that is overwritten stays until all
        # seeds are measured.
        if number == len(plan.checkpoints) or not run.options.overwrite:
            results = {
                target.name: _write(
                    target.plan,
                    measured[target.name],
                    describe_run(reports, run, target.plan.revisions),
                    run,
                )
                for target in targets
            }
        if isinstance(encoded, Encoded):
            _sweep(seed, files, swept, encoded, describe_run(reports, run))
    _measure_steps(plan, [target.plan for target in targets])
    return results


PlannedLanguages = Sequence[tuple[TargetPlan, str]]
SweptLanguages = Sequence[tuple[TargetSweep, str]]


def _encode(
    files: CheckpointFiles,
    todo: PlannedLanguages,
    swept: SweptLanguages,
    encoding: TextEncoding,
    run: Run,
) -> Encoded | EncodedByCode:
    """Encode the texts of all unfinished cells of this checkpoint together.

    Encodings of targets differ in their views only, and the same passes serve all of them.
    """
    planned = [*todo, *((sweep.plan, language) for sweep, language in swept)]
    if not planned:
        return Encoded(encoding)
    examples = [plan.examples[language] for plan, language in planned]
    if files.is_own_code:
        return encode_with_code(examples, run.options.encoder, run)
    views = [plan.encoding.view for plan, _ in planned]
    views += (
        every_view(files) if swept else [lower for view in views for lower in _shallower_views(view, run)]
    )
    return encode_missing(distinct_texts(examples, encoding), views, files, encoding, run)


def run_cells(target: Resumed, seed: int, encoded: Encoded | EncodedByCode) -> Measured:
    """Run the unfinished cells of one target on one checkpoint."""
    plan, view = target.plan, target.plan.encoding.view
    outcomes: dict[Cell, pa.Table] = {}
    failed = plan.unreadable_cells(seed)
    for language in target.unfinished(seed):
        examples = plan.examples[language]
        if reason := encoded.why_not(view, examples):
            failed[seed, language] = reason
        else:
            outcomes[seed, language] = EMBEDDED[plan.target.kind].run(
                plan.target, examples, encoded.encode(view, examples)
            )
    return Measured(
        outcomes, failed, fingerprints={language: plan.fingerprints[language] for _, language in outcomes}
    )


def _sweep(
    seed: int, files: CheckpointFiles, swept: SweptLanguages, encoded: Encoded, description: EvaluationRun
) -> None:
    """Score the swept languages in every view; write the scores about once a minute, and at the end."""
    sweeps = list(dict.fromkeys(sweep for sweep, _ in swept))
    written = time.monotonic()
    for view in every_view(files) if swept else ():
        for sweep, language in swept:
            sweep.measure(seed, language, view, encoded)
        encoded.close()
        if time.monotonic() - written > WRITE_SECONDS:
            for sweep in sweeps:
                sweep.write(description)
            written = time.monotonic()
    for sweep in sweeps:
        sweep.write(description)
        sweep.report_best_view()


def _measure_steps(plan: Plan, targets: Sequence[TargetPlan]) -> None:
    """Score the other checkpoints of the submission's training, and write the curves after each of them."""
    curves = open_curves(targets, plan)
    for (seed, step), files in plan.steps.items() if targets else ():
        todo = [(curve, language) for curve in curves for language in curve.unfinished(seed, step)]
        planned = [(curve.plan, language) for curve, language in todo]
        encoded = _encode(files, planned, (), targets[0].encoding, plan.run)
        for curve, language in todo:
            curve.measure(seed, step, language, encoded)
        encoded.close()
        files.check_unchanged()
        for curve in curves:
            curve.write(describe_run([encoded.report], plan.run))


def _shallower_views(view: View, run: Run) -> list[View]:
    """Return the views below the declared one whose vectors `keep_layers` requests from the same passes."""
    return [View(layer, view.pooling) for layer in run.options.keep_layers if layer < view.layer]


# ---- the result --------------------------------------------------------------------------------


def _write(plan: TargetPlan, measured: Measured, description: EvaluationRun, run: Run) -> Result:
    """Write the result, merged with what other runs finished in the meantime, unless nothing is new."""
    if run.options.limit:
        return make_result(plan, measured, run.slug, description)
    for files in plan.checkpoints.values():
        files.check_unchanged()
    path = result_path(plan, run)
    with results_lock(run.folder):
        merged = measured.over(load_finished(plan, run, Silent()))
        result = make_result(plan, merged, run.slug, description)
        stored = _stored(path)
        if stored and not run.options.overwrite and _same(stored, result):
            return stored
        write_result(run.folder, result, make_table(plan, merged))
        return load_result(path)


def _stored(path: Path) -> Result | None:
    try:
        result = load_result(path)
        load_outcomes(path, result)
    except Unreachable:
        raise
    except BadInput:  # absent or damaged: it is replaced
        return None
    return result


def _same(stored: Result, unwritten: Result) -> bool:
    """Tell whether both state the same scores; the stored one then remains with the runs that measured it."""
    return stored.model_copy(update={"runs": (), "outcomes": UNWRITTEN}) == unwritten.model_copy(
        update={"runs": ()}
    )
