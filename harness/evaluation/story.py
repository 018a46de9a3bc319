"""THE STORY of an evaluation: examples → vectors or predictions → outcomes → scores → a result on disk."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness.errors import BadInput, CheckFailed
from harness.evaluation.cells import UNWRITTEN, Cells
from harness.evaluation.embeddings import Encoded, declared_view, distinct_texts, encode_missing, every_view
from harness.evaluation.heads import predict
from harness.evaluation.plan import Work, open_work
from harness.evaluation.resume import keep_finished, result_path
from harness.evaluation.run import WRITE_SECONDS, Options, Run
from harness.evaluation.sweep import Sweeping, open_sweeps
from harness.kinds.registry import EMBEDDED
from harness.models.checkpoint import CheckpointFiles
from harness.models.device import is_emulated, processor, thread_count
from harness.models.encoder import EncodingReport
from harness.observer import Observer, Silent
from harness.records import Result, View
from harness.store import load_outcomes, load_result, results_lock, write_result

__all__ = ["Options", "evaluate"]

_VERSIONS = ("stiltboard", "torch", "transformers", "tokenizers", "accelerate", "numpy", "faiss-cpu")


def evaluate(
    folder: Path | str,
    targets: Sequence[str] = (),
    languages: Sequence[str] = (),
    options: Options | None = None,
    observer: Observer | None = None,
) -> tuple[Result, ...]:
    """Evaluate the submission in `folder` zero-shot, write one result per target, and return them.

    `targets` default to the benchmark's and `languages` to all of a target's. What an earlier run of the same weights,
    text and encoding finished is kept. A language that cannot be measured is named in the result, which then has no
    score. Targets with a head are fine-tuned on English first, once. With `options.limit` only the first examples are tried
    and nothing is written. Raises BadInput when the submission, its checkpoint or all of the text cannot be read, and
    CheckFailed, after the other targets are written, when the whole text of one target cannot, or its head cannot be trained.
    """
    work = open_work(Path(folder), targets, languages, options or Options(), observer or Silent())
    results = _compare_vectors(work)
    faults = list(work.unreadable)
    for cells in work.headed:
        try:
            results[cells.target.name] = _predict(cells, work.run)
        except (BadInput, CheckFailed) as reason:  # the other targets go on
            if len(work.cells) == 1:
                raise
            faults.extend(reason.faults)
    if faults:
        raise CheckFailed(faults)
    return tuple(results[cells.target.name] for cells in work.cells)


def _predict(cells: Cells, run: Run) -> Result:
    """Predict with a head, which is trained first where it has to be."""
    results: list[Result] = []
    predict(cells, run, lambda reports: results.append(_finish(cells, _describe(reports, run), run)))
    return results[-1]


def _compare_vectors(work: Work) -> dict[str, Result]:
    """Encode what the targets without a head need, checkpoint by checkpoint, and run their cells."""
    run, sweeps = work.run, open_sweeps(work)
    reports: list[EncodingReport] = []
    results: dict[str, Result] = {}
    for number, (seed, files) in enumerate(work.checkpoints.items() if work.embedded else (), start=1):
        swept = [(sweeping, language) for sweeping in sweeps for language in sweeping.unfinished(seed, files)]
        encoded = _measure(seed, files, work.embedded, swept, run)
        reports.append(encoded.report)
        # What a seed gave is on disk before anything else starts; what is overwritten stays until all seeds are measured.
        if number == len(work.checkpoints) or not run.options.overwrite:
            results = {cells.target.name: _finish(cells, _describe(reports, run), run) for cells in work.embedded}
        _sweep(seed, files, swept, encoded, _describe(reports, run))
    return results


Swept = Sequence[tuple[Sweeping, str]]


def _measure(seed: int, files: CheckpointFiles, work: Sequence[Cells], swept: Swept, run: Run) -> Encoded:
    """Encode every text that an unfinished cell of this checkpoint needs, in one plan, then run the cells one by one."""
    todo = [(cells, language) for cells in work for language in cells.unfinished(seed)]
    for cells in work:
        cells.failed |= {(seed, language): reason for language, reason in cells.unreadable.items()}
    examples = [cells.examples[language] for cells, language in [*todo, *((sweeping.cells, language) for sweeping, language in swept)]]
    if not examples:
        return Encoded({})
    view = declared_view(run.submission.encoding, files)
    views = [view, *(every_view(files) if swept else _kept(view, run))]
    encoded = encode_missing(distinct_texts(examples), views, files, run)
    for cells, language in todo:
        if reason := encoded.why_not(view, cells.examples[language]):
            cells.failed[seed, language] = reason
        else:
            space = encoded.spaces[view]
            cells.outcomes[seed, language] = EMBEDDED[cells.target.kind].run(cells.target, cells.examples[language], space.get)
    encoded.spaces[view].close()
    return encoded


def _sweep(seed: int, files: CheckpointFiles, swept: Swept, encoded: Encoded, description: Mapping[str, Any]) -> None:
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
    return [other for other in (View(layer, view.pooling) for layer in run.options.keep_layers) if other < view]


# ---- the result --------------------------------------------------------------------------------


def _finish(cells: Cells, description: dict[str, Any], run: Run) -> Result:
    """Write the result, together with what another run finished in the meantime; leave the file untouched if nothing is new."""
    if run.options.limit:
        return cells.result(run.slug, description)
    for files in cells.opened.values():
        files.check_unchanged()
    path = result_path(cells, run)
    with results_lock(run.folder):
        keep_finished(cells, run, Silent())
        result = cells.result(run.slug, description)
        before = _readable(path)
        if before and not run.options.overwrite and _same(before, result):
            return before
        write_result(run.folder, result, cells.table())
        return load_result(path)


def _readable(path: Path) -> Result | None:
    try:
        result = load_result(path)
        load_outcomes(path, result)
    except BadInput:  # absent or damaged: it is written anew
        return None
    return result


def _same(before: Result, after: Result) -> bool:
    return before.model_copy(update={"run": {}, "outcomes": UNWRITTEN}) == after.model_copy(update={"run": {}})


def _describe(reports: Sequence[EncodingReport], run: Run) -> dict[str, Any]:
    """Return what may differ when the same run is repeated."""
    seconds = sum(report.seconds for report in reports)
    texts = sum(report.texts for report in reports)
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
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
