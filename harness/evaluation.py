"""THE STORY of an evaluation: examples → vectors → outcomes → scores → a result on disk."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from harness.address import layer_address
from harness.cache import VectorSpace, cache_folder
from harness.catalog import TARGETS, find_target
from harness.cells import UNWRITTEN, Cells, resolve_layer, signature
from harness.checkpoint import CheckpointFiles, fetch
from harness.data import load_examples
from harness.data.examples import Examples
from harness.encoder import (
    Encoder,
    EncodingReport,
    Vectors,
    View,
    arithmetic,
    choose_device,
    choose_dtype,
    is_emulated,
    processor,
    thread_count,
)
from harness.errors import BadInput, CheckFailed, Fault, Unreachable, WrongUsage
from harness.kinds.registry import KINDS
from harness.plan import Indices
from harness.records import Encoding, Result, Submission, Target
from harness.store import load_outcomes, load_result, load_submission, results_lock, write_result

_VERSIONS = ("stiltboard", "torch", "transformers", "tokenizers", "numpy", "faiss-cpu")


class Observer(Protocol):
    """Who is told how a run goes on."""

    def say(self, message: str) -> None:
        """Take one line of news."""

    def encoded(self, texts: int, tokens: int, total: int) -> None:
        """Take what one batch added, and the total of tokens that the run will encode."""


class Silent:
    """Tell nobody."""

    def say(self, message: str) -> None:
        """Drop the line."""

    def encoded(self, texts: int, tokens: int, total: int) -> None:
        """Drop the count."""


@dataclass(frozen=True)
class Options:
    """How to evaluate; none of it may change a score beyond the rounding of the dtype.

    `data` is a folder of raw layouts, `limit` tries the first pairs only, `cache` replaces STILTBOARD_CACHE, and
    `keep_layers` keeps the vectors of further layers, which the same passes give, for checkpoints cut there.
    """

    data: Path | None = None
    device: str = "auto"
    dtype: str = "auto"
    batch_tokens: int | None = None
    limit: int | None = None
    overwrite: bool = False
    cache: Path | None = None
    keep_layers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Run:
    """What stays the same through one evaluation of one submission."""

    folder: Path
    submission: Submission
    options: Options
    observer: Observer
    device: str
    dtype: str

    @property
    def cache(self) -> Path:
        """Return the folder of the cache."""
        return self.options.cache or cache_folder()


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
    score. With `options.limit` only the first pairs are tried and nothing is written. Raises BadInput when the
    submission, its checkpoint or all of the text cannot be read, and CheckFailed, after the other targets are written,
    when the whole text of one target cannot.
    """
    run = _open_run(Path(folder), options or Options(), observer or Silent())
    work, unreadable = _load_targets(targets, languages, run)
    opened = _fetch_all(run)
    for cells in work:
        cells.opened.update(opened)
        _keep_finished(cells, run, run.observer)
    reports: list[EncodingReport] = []
    results: tuple[Result, ...] = ()
    for seed, files in opened.items():
        reports.append(_measure(seed, files, work, run))
        # What a seed gave is on disk before the next one starts.
        results = tuple(_finish(cells, _describe(reports, run), run) for cells in work)
    if unreadable:
        raise CheckFailed(unreadable)
    return results


def _open_run(folder: Path, options: Options, observer: Observer) -> Run:
    device = choose_device(options.device)
    return Run(folder, load_submission(folder), options, observer, device, choose_dtype(options.dtype, device))


def _fetch_all(run: Run) -> dict[int, CheckpointFiles]:
    """Fetch every seed's checkpoint before the first is measured: what is missing shows at once."""
    opened = {checkpoint.seed: fetch(checkpoint, run.folder, run.cache / "checkpoints") for checkpoint in run.submission.checkpoints}
    layers = sorted({resolve_layer(run.submission.encoding, files) for files in opened.values()})
    if len(layers) > 1:
        raise BadInput(
            f"the checkpoints differ in depth, so that `layer: last` means {layers}", cure="one submission is one recipe at one size"
        )
    return opened


# ---- examples ----------------------------------------------------------------------------------


def _load_targets(names: Sequence[str], languages: Sequence[str], run: Run) -> tuple[list[Cells], list[Fault]]:
    """Load the named targets, or all of XTREME (what stands outside it is evaluated when it is named)."""
    targets = [find_target(name) for name in dict.fromkeys(names)] if names else [t for t in TARGETS if t.in_xtreme]
    work: list[Cells] = []
    faults: list[Fault] = []
    for target in targets:
        try:
            work.append(_load_examples(target, languages, run))
        except BadInput as reason:
            faults.extend(reason.faults)
    if not work:
        raise BadInput(faults)
    return work, faults


def _load_examples(target: Target, languages: Sequence[str], run: Run) -> Cells:
    cells = Cells(target, run.submission.encoding)
    faults: list[Fault] = []
    for language in languages:
        if language not in target.languages:
            raise WrongUsage(f"target {target.name} has no language {language!r}", cure=f"one of: {' '.join(target.languages)}")
    for language in [language for language in target.languages if not languages or language in languages]:
        try:
            examples = load_examples(target, language, run.options.data)
        except Unreachable:
            raise
        except BadInput as reason:
            cells.unreadable[language] = reason.faults[0].message
            faults.extend(reason.faults)
        else:
            cells.examples[language] = examples.first(run.options.limit) if run.options.limit else examples
            cells.fingerprints[language] = examples.fingerprint
    if not cells.examples:
        raise BadInput(faults)
    return cells


# ---- what is there already ---------------------------------------------------------------------


def _result_path(cells: Cells, run: Run) -> Path:
    return run.folder / "results" / f"{cells.target.name}.yaml"


def _keep_finished(cells: Cells, run: Run, observer: Observer) -> None:
    """Take over what the result on disk holds; nothing that this run does not measure is lost."""
    path = _result_path(cells, run)
    if run.options.limit or not path.is_file():
        return
    with results_lock(run.folder):
        named: Sequence[str] = cells.target.languages
        try:
            result = load_result(path)
            named = result.languages
            table = load_outcomes(path, result)
        except BadInput as reason:
            _replace_damaged(path, reason, [language for language in named if language not in cells.examples], observer)
            return
    if not run.options.overwrite or any(language not in cells.examples for language in named):
        _refuse_other_measure(cells, path, result, run)
        cells.take_over(result, table, measured_again=run.options.overwrite)


def _replace_damaged(path: Path, reason: BadInput, left_alone: Sequence[str], observer: Observer) -> None:
    """Let a damaged result be measured again, but only by a run that measures all that it names."""
    if left_alone:
        message = f"{path} is damaged, and this run would measure only a part of it again, without {' '.join(left_alone)}"
        raise BadInput([*reason.faults, Fault(message, cure="evaluate without -l")]) from reason
    observer.say(f"{path} is measured again: {reason.faults[0].message}")


def _refuse_other_measure(cells: Cells, path: Path, result: Result, run: Run) -> None:
    """Refuse to mix two ways of measuring in one result."""
    asked = signature(cells.target, cells.encoding, resolve_layer(cells.encoding, next(iter(cells.opened.values()))))
    measured_in, measured_on = (str(result.run.get(key, now)) for key, now in (("dtype", run.dtype), ("device", run.device)))
    for what, found, now, cure in (
        ("signature", result.signature, asked, "--overwrite without -l measures all of it again"),
        ("dtype", measured_in, run.dtype, f"--dtype {measured_in}, or --overwrite without -l to measure all of it again"),
        (
            "device",
            measured_on.partition(":")[0],
            run.device.partition(":")[0],
            f"--device {measured_on}, or --overwrite without -l to measure all of it again",
        ),
    ):
        if found != now:
            raise BadInput(f"{path} was measured with the {what} {found!r}, now it is {now!r}: the two are not mixed", cure=cure)


# ---- measuring ---------------------------------------------------------------------------------


def _measure(seed: int, files: CheckpointFiles, work: Iterable[Cells], run: Run) -> EncodingReport:
    """Encode every text that an unfinished cell of this checkpoint needs, in one plan, then run the cells one by one."""
    todo = [(cells, language) for cells in work for language in cells.unfinished(seed)]
    for cells in work:
        cells.failed |= {(seed, language): reason for language, reason in cells.unreadable.items()}
    texts = list(dict.fromkeys(text for cells, language in todo for side in cells.examples[language].sides.values() for text in side))
    if not texts:
        return EncodingReport()
    space, failures, report = _encode(texts, files, run)
    for cells, language in todo:
        examples = cells.examples[language]
        if reason := _unencoded(examples, failures):
            cells.failed[seed, language] = reason
        else:
            cells.outcomes[seed, language] = KINDS[cells.target.kind].run(cells.target, examples, space.get)
    return report


def _encode(texts: list[str], files: CheckpointFiles, run: Run) -> tuple[VectorSpace, Mapping[str, str], EncodingReport]:
    """Bring every text's vector into the cache, and return the space with the texts that have none and why."""
    encoding = run.submission.encoding
    view = View(resolve_layer(encoding, files), encoding.pooling)
    spaces = {each: open_space(run.cache, files, each, encoding, device=run.device, dtype=run.dtype) for each in _views(view, run)}
    space = spaces[view]
    missing = [text for text in texts if text not in space]
    run.observer.say(f"{files.source}: {len(texts):,} distinct texts, {len(texts) - len(missing):,} of them in the cache")
    if not missing:
        return space, {}, EncodingReport()
    encoder = Encoder(
        files, list(spaces), max_length=encoding.max_length, device=run.device, dtype=run.dtype, batch_tokens=run.options.batch_tokens
    )

    def keep(indices: Indices, vectors: Mapping[View, Vectors]) -> None:
        for each, rows in vectors.items():
            spaces[each].put([missing[i] for i in indices], rows)

    try:
        report = encoder.encode(missing, prefix=encoding.prefix, sink=keep, progress=run.observer.encoded)
    finally:
        for each in spaces.values():
            each.flush()
    return space, {missing[index]: reason for index, reason in report.failed.items()}, report


def _views(view: View, run: Run) -> list[View]:
    """Return the declared view, and those of shallower layers that the same passes give on request."""
    others = (View(layer, view.pooling) for layer in run.options.keep_layers)
    return [view, *(other for other in others if other < view)]


def open_space(cache: Path, files: CheckpointFiles, view: View, encoding: Encoding, *, device: str, dtype: str) -> VectorSpace:
    """Open the cached vectors of one view: the one place that says what a vector depends on beside its text."""
    return VectorSpace(
        cache,
        weights=layer_address(files, view.layer),
        layer=view.layer,
        pooling=view.pooling.value,
        arithmetic=arithmetic(device, dtype),
        prefix=encoding.prefix,
        max_length=encoding.max_length,
    )


def _unencoded(examples: Examples, failures: Mapping[str, str]) -> str | None:
    """Return why a language cannot be scored: the first of its texts without a vector."""
    if failures:
        for side, texts in examples.sides.items():
            for number, text in enumerate(texts, start=1):
                if text in failures:
                    return f"sentence {number} of the {side}: {failures[text]}"
    return None


# ---- the result --------------------------------------------------------------------------------


def _finish(cells: Cells, description: dict[str, Any], run: Run) -> Result:
    """Write the result, together with what another run finished in the meantime; leave the file untouched if nothing is new."""
    slug = run.folder.resolve().name
    if run.options.limit:
        return cells.result(slug, description)
    path = _result_path(cells, run)
    with results_lock(run.folder):
        _keep_finished(cells, run, Silent())
        result = cells.result(slug, description)
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
