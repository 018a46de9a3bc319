"""Targets with a head: load it from the cache or fine-tune it once, then predict language by language."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from harness.catalog import BY_NAME, is_own
from harness.errors import CheckFailed, SystemRefused, WrongUsage, naming_failures
from harness.evaluation.cells import Measured
from harness.evaluation.resume import Resumed
from harness.evaluation.run import WRITE_SECONDS, Run
from harness.evaluation.target_plan import TargetPlan
from harness.kinds.registry import PREDICTED
from harness.locks import lock_of
from harness.models.checkpoint import CheckpointFiles, verify
from harness.models.encoder import EncodingReport
from harness.models.predictor import Predictor, open_head
from harness.records import Head
from harness.stopping import Stopped
from harness.training.finetune import HeadTraining, Trained, finetune

# Increased when training changes what it computes, so that older heads in the cache are not used.
_REVISION = 2
_TRAINED = "trained.json"


class UntrainedHead(CheckFailed):
    """The training of a head failed, and would fail again for all targets that share it."""


@dataclass(frozen=True)
class _OpenedHead:
    """A checkpoint with its head, and the record of the head in the result."""

    files: CheckpointFiles
    record: Head


def _head(resumed: Resumed, seed: int, run: Run) -> _OpenedHead:
    """Return the head of one seed: the submission's, a cached one, or one that is trained now."""
    plan, training = resumed.plan, resumed.training
    files = plan.checkpoints[seed]
    assert plan.head is not None  # every target with a head has one
    if plan.head.recipe is None:
        return _OpenedHead(files, Head(digest=files.digest))
    assert training is not None  # loaded wherever a language is unfinished
    # In training, English answers are compared by SQuAD's rules, so that targets with the same training text
    # share a head.
    target = (
        plan.target.model_copy(update={"options": BY_NAME["xquad"].options})
        if plan.target.kind == "qa"
        else plan.target
    )
    job = HeadTraining(
        files, target, plan.head.recipe, training.train, training.dev, seed, Path(), run.device, run.dtype
    )
    folder = run.cache / "heads" / _cache_key(job)
    try:
        _train_once(job, folder, run)
    except OSError as reason:
        raise CheckFailed(
            f"the head of {files.source} cannot be stored in {folder}: {reason}",
            cure="free space, or point STILTBOARD_CACHE elsewhere; the same command then goes on",
        ) from reason
    except SystemRefused:  # as a full disk: what it is about may have ended
        raise
    except CheckFailed as failed:
        raise UntrainedHead(failed.faults) from failed
    head_files = verify(folder, f"{files.source}, fine-tuned on {target.training}")
    trained = Trained(**json.loads((folder / _TRAINED).read_text()))
    record = Head(digest=head_files.digest, training=training.fingerprint, **asdict(trained))
    return _OpenedHead(head_files, record)


def _train_once(job: HeadTraining, folder: Path, run: Run) -> None:
    """Train a head into its folder unless it exists; a file lock excludes other processes."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = folder.with_name(f".{folder.name}.work")
    with lock_of(folder.with_name(f".{folder.name}.lock")):
        if not (folder / _TRAINED).is_file():
            _refuse_several_processes(run)
            count = job.recipe.taken(len(job.train))
            language = "" if is_own(job.target.name) else "English "
            run.reporter.report(
                f"{job.files.source}: a head for {job.target.training} is fine-tuned "
                f"on {count:,} {language}examples"
            )
            trained = finetune(replace(job, folder=work), run.reporter)
            (work / "model" / _TRAINED).write_text(json.dumps(asdict(trained)))
            shutil.rmtree(folder, ignore_errors=True)
            (work / "model").replace(folder)
        shutil.rmtree(work, ignore_errors=True)


def _refuse_several_processes(run: Run) -> None:
    """Refuse a deadlock: one process would hold the lock while training waits for the others."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise WrongUsage(
            "fine-tuning was started in several processes", cure="start one: it uses all GPUs of the machine"
        )
    if run.device.startswith("cuda:"):
        index = run.device.partition(":")[2]
        raise WrongUsage(
            f"fine-tuning does not support --device {run.device}",
            cure=f"CUDA_VISIBLE_DEVICES={index} and --device cuda",
        )


def open_predictor(files: CheckpointFiles, plan: TargetPlan, run: Run) -> Predictor:
    """Open a head for prediction; inputs are cut by the plan's recipe, and to the head's positions."""
    lengths = plan.length_recipe
    model, tokenizer, order = open_head(files, plan.target, device=run.device, dtype=run.dtype)
    return Predictor(
        model,
        tokenizer,
        order,
        max_length=min(lengths.max_length, files.positions or lengths.max_length),
        stride=lengths.stride,
        batch_tokens=run.options.batch_tokens,
        source=files.source,
        progress=run.reporter.encoded,
    )


def _cache_key(job: HeadTraining) -> str:
    """Return the cache key of a head, a digest of all that it depends on.

    Of the device it depends only on whether matrix products are in bfloat16.
    """
    dependencies = {
        "revision": _REVISION,
        "weights": job.files.digest,
        "kind": job.target.kind,
        "labels": job.target.labels,
        "recipe": job.recipe.model_dump(),
        "train": job.train.fingerprint,
        "dev": job.dev.fingerprint,
        "bfloat16": job.in_bfloat16,
        "seed": job.seed,
    }
    return hashlib.sha256(json.dumps(dependencies, sort_keys=True).encode()).hexdigest()[:32]


def predict(target: Resumed, run: Run) -> Iterator[tuple[Measured, Sequence[EncodingReport]]]:
    """Predict every unfinished language of every seed; yield the measurements so far, and the reports.

    They are yielded about once a minute, after each seed, and at the end; with `overwrite` only at the end.
    A language that cannot be predicted is listed as failed, with the reason. Raises what training or opening
    a head raises.
    """
    plan, measured = target.plan, target.earlier
    reports: list[EncodingReport] = []
    for seed in plan.checkpoints:
        measured = Measured(failed=plan.unreadable_cells(seed)).over(measured)
        todo = measured.unfinished(plan, seed)
        if not todo:
            continue
        head = _head(target, seed, run)
        measured = Measured(heads={seed: head.record}).over(measured)
        predictor = open_predictor(head.files, plan, run)
        report, started, yielded = (
            EncodingReport(batch_tokens=predictor.batch_tokens),
            time.perf_counter(),
            time.monotonic(),
        )
        reports.append(report)
        for language in todo:
            try:
                measured = _predict_language(plan, seed, language, predictor).over(measured)
            except Stopped:  # what is measured is written
                if not run.options.overwrite:
                    yield measured, reports
                raise
            report.texts, report.tokens, report.events = predictor.texts, predictor.tokens, predictor.events
            report.batch_tokens, report.seconds = predictor.batch_tokens, time.perf_counter() - started
            if time.monotonic() - yielded > WRITE_SECONDS and not run.options.overwrite:
                yield measured, reports
                yielded = time.monotonic()
        if not run.options.overwrite:  # the next seed may train for hours
            yield measured, reports
    yield measured, reports


def _predict_language(plan: TargetPlan, seed: int, language: str, predictor: Predictor) -> Measured:
    try:
        with naming_failures(f"{plan.checkpoints[seed].source} cannot predict"):
            outcomes = PREDICTED[plan.target.kind].run(plan.target, plan.examples[language], predictor)
    except CheckFailed as reason:
        return Measured(failed={(seed, language): reason.faults[0].message})
    return Measured({(seed, language): outcomes}, fingerprints={language: plan.fingerprints[language]})
