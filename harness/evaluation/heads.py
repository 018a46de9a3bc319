"""Targets with a head: find the head in the cache or fine-tune it there, once, then predict language by language."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from harness.catalog import BY_NAME
from harness.errors import CheckFailed, WrongUsage
from harness.evaluation.cells import Cells
from harness.evaluation.run import WRITE_SECONDS, Run
from harness.kinds.registry import PREDICTED
from harness.models.checkpoint import CheckpointFiles, verify
from harness.models.encoder import EncodingReport
from harness.models.predictor import Predictor, open_head
from harness.records import Head
from harness.training.finetune import Job, Trained, finetune

# Raised when training changes what it computes, so that older heads are not taken from the cache.
_REVISION = 1
_TRAINED = "trained.json"


@dataclass(frozen=True)
class Tuned:
    """A checkpoint with its head, and what the result says of it."""

    files: CheckpointFiles
    head: Head


def tuned(cells: Cells, seed: int, run: Run) -> Tuned:
    """Return the head that predicts for one seed: the submission's own, one from the cache, or one that is trained now."""
    files = cells.opened[seed]
    if cells.recipe is None:
        return Tuned(files, Head(digest=files.digest))
    assert cells.training is not None  # loaded with the examples wherever a language is unfinished
    training = cells.training
    # English answers are compared by SQuAD's rules in training, so that targets with one training text share the head.
    target = cells.target.model_copy(update={"options": BY_NAME["xquad"].options}) if cells.target.kind == "qa" else cells.target
    job = Job(files, target, cells.recipe, training.train, training.dev, seed, Path(), run.device, run.dtype)
    folder = run.cache / "heads" / _address(job)
    try:
        _train_once(job, folder, run)
    except OSError as reason:
        raise CheckFailed(
            f"the head of {files.source} cannot be kept in {folder}: {reason}",
            cure="free space, or point STILTBOARD_CACHE elsewhere; the same command then goes on",
        ) from reason
    opened = verify(folder, f"{files.source}, fine-tuned on {target.training}")
    trained = Trained(**json.loads((folder / _TRAINED).read_text()))
    return Tuned(opened, Head(digest=opened.digest, training=training.fingerprint, **asdict(trained)))


def _train_once(job: Job, folder: Path, run: Run) -> None:
    """Train a head into its folder unless it is there, while no other process does."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = folder.with_name(f".{folder.name}.work")
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        if not (folder / _TRAINED).is_file():
            _refuse_several_processes(run)
            taken = job.recipe.taken(len(job.train))
            run.observer.say(f"{job.files.source}: a head for {job.target.training} is fine-tuned on {taken:,} English examples")
            trained = finetune(replace(job, folder=work), run.observer)
            (work / "model" / _TRAINED).write_text(json.dumps(asdict(trained)))
            shutil.rmtree(folder, ignore_errors=True)
            (work / "model").replace(folder)
        shutil.rmtree(work, ignore_errors=True)


def _refuse_several_processes(run: Run) -> None:
    """Refuse what would wait for itself: one process holds the lock while the others are needed to train."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise WrongUsage("fine-tuning was started in several processes", cure="start one: it takes all GPUs of the machine")
    if run.device.startswith("cuda:"):
        index = run.device.partition(":")[2]
        raise WrongUsage(f"fine-tuning takes no --device {run.device}", cure=f"CUDA_VISIBLE_DEVICES={index} and --device cuda")


def predictor_of(found: Tuned, cells: Cells, run: Run) -> Predictor:
    """Open a head for prediction; a submitted one reads inputs as long as XTREME's recipe would make them, if it has the positions."""
    model, tokenizer, order = open_head(found.files, cells.target, device=run.device, dtype=run.dtype)
    return Predictor(
        model,
        tokenizer,
        order,
        max_length=min(cells.lengths.max_length, found.files.positions or cells.lengths.max_length),
        stride=cells.lengths.stride,
        batch_tokens=run.options.batch_tokens,
        progress=run.observer.encoded,
    )


def _address(job: Job) -> str:
    """Name all that a head depends on: of the device only whether it multiplies in bfloat16."""
    what = {
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
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:32]


def predict(cells: Cells, run: Run, write: Callable[[list[EncodingReport]], Any]) -> None:
    """Measure every unfinished language of every seed; `write` puts what is there on the disk, at least once a minute.

    A language that cannot be predicted is named with its reason. Raises what training or opening a head raises.
    """
    reports: list[EncodingReport] = []
    written = time.monotonic()
    for seed in cells.opened:
        cells.failed |= {(seed, language): reason for language, reason in cells.unreadable.items()}
        todo = cells.unfinished(seed)
        if not todo:
            continue
        found = tuned(cells, seed, run)
        cells.use_head(seed, found.head)
        predictor = predictor_of(found, cells, run)
        started = time.perf_counter()
        report = EncodingReport(batch_tokens=predictor.batch_tokens)
        reports.append(report)
        for language in todo:
            try:
                outcomes = PREDICTED[cells.target.kind].run(cells.target, cells.examples[language], predictor)
            except CheckFailed as reason:
                cells.failed[seed, language] = reason.faults[0].message
            else:
                cells.outcomes[seed, language] = outcomes
            report.texts, report.tokens, report.events = predictor.texts, predictor.tokens, predictor.events
            report.batch_tokens = predictor.batch_tokens
            report.seconds = time.perf_counter() - started
            if time.monotonic() - written > WRITE_SECONDS and not run.options.overwrite:
                write(reports)
                written = time.monotonic()
        if not run.options.overwrite:  # the next seed may train for hours
            write(reports)
    write(reports)
