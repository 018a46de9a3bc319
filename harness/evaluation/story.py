"""THE STORY of an evaluation: examples → vectors or predictions → outcomes → scores → a result on disk."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

from harness.clock import now
from harness.errors import BadInput, CheckFailed
from harness.evaluation.cells import UNWRITTEN, Cell, Measured, make_result, make_table
from harness.evaluation.embeddings import Encoded, declared_view, distinct_texts, encode_missing, every_view
from harness.evaluation.heads import predict
from harness.evaluation.plan import Plan, TargetPlan, make_plan
from harness.evaluation.resume import Resumed, finished, result_path, resume
from harness.evaluation.run import WRITE_SECONDS, Options, Run
from harness.evaluation.sweep import Sweeping, open_sweeps
from harness.kinds.registry import EMBEDDED
from harness.models.checkpoint import CheckpointFiles
from harness.models.device import is_emulated, processor, thread_count
from harness.models.encoder import EncodingReport
from harness.records import Result, View
from harness.reporter import Reporter, Silent
from harness.store import load_outcomes, load_result, results_lock, write_result

__all__ = ["Options", "evaluate"]

_VERSIONS = ("stiltboard", "torch", "transformers", "tokenizers", "accelerate", "numpy", "faiss-cpu")


def evaluate(
    folder: Path | str,
    targets: Sequence[str] = (),
    languages: Sequence[str] = (),
    options: Options | None = None,
    reporter: Reporter | None = None,
) -> tuple[Result, ...]:
    """Evaluate the submission in `folder` zero-shot, write one result per target, and return them.

    `targets` default to the benchmark's and `languages` to all of a target's. What an earlier run of the same
    weights, text and encoding finished is kept. A language that cannot be measured is named in the result,
    which then has no score. Targets with a head are fine-tuned on English first, once. With `options.limit`
    only the first examples are tried and nothing is written. Raises BadInput when the submission, its
    checkpoint or all of the text cannot be read, and CheckFailed, after the other targets are written, when
    the whole text of one target cannot, or its head cannot be trained.
    """
    plan = make_plan(Path(folder), targets, languages, options or Options(), reporter or Silent())
    resumed, faults = resume(plan)
    results = _compare_vectors(plan, [target for target in resumed if target.plan.head is None])
    for target in resumed:
        if target.plan.head is None:
            continue
        try:
            for measured, reports in predict(target, plan.run):
                results[target.name] = _write(target.plan, measured, _describe(reports, plan.run), plan.run)
        except (BadInput, CheckFailed) as reason:  # the other targets go on
            if len(plan.targets) == 1:
                raise
            faults.extend(reason.faults)
    if faults:
        raise CheckFailed(faults)
    return tuple(results[target.name] for target in resumed)


def _compare_vectors(plan: Plan, targets: Sequence[Resumed]) -> dict[str, Result]:
    """Encode what the targets without a head need, checkpoint by checkpoint, and run their cells."""
    run, sweeps = plan.run, open_sweeps([target.plan for target in targets], plan.run)
    measured = {target.name: target.earlier for target in targets}
    reports: list[EncodingReport] = []
    results: dict[str, Result] = {}
    for number, (seed, files) in enumerate(plan.checkpoints.items() if targets else (), start=1):
        swept = [(sweeping, language) for sweeping in sweeps for language in sweeping.unfinished(seed, files)]
        todo = [(target.plan, language) for target in targets for language in target.unfinished(seed)]
        encoded = _encode(files, todo, swept, run)
        reports.append(encoded.report)
        for target in targets:
            measured[target.name] = _run_cells(target, seed, files, encoded).over(measured[target.name])
        encoded.close()
        # What a seed gave is on disk before anything else starts; what is overwritten stays until all seeds
        # are measured.
        if number == len(plan.checkpoints) or not run.options.overwrite:
            results = {
                target.name: _write(target.plan, measured[target.name], _describe(reports, run), run)
                for target in targets
            }
        _sweep(seed, files, swept, encoded, _describe(reports, run))
    return results


Todo = Sequence[tuple[TargetPlan, str]]
Swept = Sequence[tuple[Sweeping, str]]


def _encode(files: CheckpointFiles, todo: Todo, swept: Swept, run: Run) -> Encoded:
    """Encode every text that an unfinished cell of this checkpoint needs, in one plan."""
    examples = [
        planned.examples[language]
        for planned, language in [*todo, *((sweeping.plan, language) for sweeping, language in swept)]
    ]
    if not examples:
        return Encoded({})
    view = declared_view(run.submission.encoding, files)
    views = [view, *(every_view(files) if swept else _kept(view, run))]
    return encode_missing(distinct_texts(examples), views, files, run)


def _run_cells(target: Resumed, seed: int, files: CheckpointFiles, encoded: Encoded) -> Measured:
    """Run the unfinished cells of one target on one checkpoint."""
    plan, view = target.plan, declared_view(target.plan.encoding, files)
    outcomes: dict[Cell, pa.Table] = {}
    failed = plan.without_text(seed)
    for language in target.unfinished(seed):
        examples = plan.examples[language]
        if reason := encoded.why_not(view, examples):
            failed[seed, language] = reason
        else:
            outcomes[seed, language] = EMBEDDED[plan.target.kind].run(
                plan.target, examples, encoded.spaces[view].get
            )
    return Measured(
        outcomes, failed, fingerprints={language: plan.fingerprints[language] for _, language in outcomes}
    )


def _sweep(
    seed: int, files: CheckpointFiles, swept: Swept, encoded: Encoded, description: Mapping[str, Any]
) -> None:
    """Score every view of what was encoded; what is measured is on disk within a minute, and at the end."""
    sweeps = list(dict.fromkeys(sweeping for sweeping, _ in swept))
    written = time.monotonic()
    for view in every_view(files) if swept else ():
        for sweeping, language in swept:
            sweeping.measure(seed, language, view, encoded)
        encoded.spaces[view].close()
        if time.monotonic() - written > WRITE_SECONDS:
            for sweeping in sweeps:
                sweeping.write(description)
            written = time.monotonic()
    for sweeping in sweeps:
        sweeping.write(description)
        sweeping.say_best()


def _kept(view: View, run: Run) -> list[View]:
    """Return the views of shallower layers that the same passes give on request."""
    return [
        other for other in (View(layer, view.pooling) for layer in run.options.keep_layers) if other < view
    ]


# ---- the result --------------------------------------------------------------------------------


def _write(plan: TargetPlan, measured: Measured, description: dict[str, Any], run: Run) -> Result:
    """Write the result, together with what another run finished in the meantime; leave the file untouched if nothing is new."""
    if run.options.limit:
        return make_result(plan, measured, run.slug, description)
    for files in plan.checkpoints.values():
        files.check_unchanged()
    path = result_path(plan, run)
    with results_lock(run.folder):
        whole = measured.over(finished(plan, run, Silent()))
        result = make_result(plan, whole, run.slug, description)
        before = _readable(path)
        if before and not run.options.overwrite and _same(before, result):
            return before
        write_result(run.folder, result, make_table(plan, whole))
        return load_result(path)


def _readable(path: Path) -> Result | None:
    try:
        result = load_result(path)
        load_outcomes(path, result)
    except BadInput:  # absent or damaged: it is written anew
        return None
    return result


def _same(before: Result, after: Result) -> bool:
    return before.model_copy(update={"run": {}, "outcomes": UNWRITTEN}) == after.model_copy(
        update={"run": {}}
    )


def _describe(reports: Sequence[EncodingReport], run: Run) -> dict[str, Any]:
    """Return what may differ when the same run is repeated."""
    seconds = sum(report.seconds for report in reports)
    texts = sum(report.texts for report in reports)
    return {
        "date": now(),
        "device": run.device,
        "processor": processor(run.device),
        "dtype": run.dtype,
        "threads": thread_count(),
        "batch_tokens": max((report.batch_tokens for report in reports), default=0),
        "encoded_sentences": texts,
        "encoded_tokens": sum(report.tokens for report in reports),
        "seconds": round(seconds, 2),
        "sentences_per_second": round(texts / seconds, 1) if seconds else 0.0,
        "versions": {name: version(name) for name in _VERSIONS} | {"python": platform.python_version()},
        "events": [
            *(["bfloat16 was emulated with float32 products"] if is_emulated(run.device, run.dtype) else []),
            *(event for report in reports for event in report.events),
        ],
    }
