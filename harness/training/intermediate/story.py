"""Run an intermediate training: recipe → examples → steps → an encoder on disk and its submission."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch

from harness.cache import cache_folder
from harness.catalog.tasks import find_task
from harness.clock import now
from harness.data.reading_notes import noting
from harness.errors import BadInput, CheckFailed, WrongUsage
from harness.locks import lock_of
from harness.models.checkpoint import CheckpointFiles, fetch, verify
from harness.models.device import choose_device, choose_dtype, processor
from harness.records import (
    Checkpoint,
    Distillation,
    Encoding,
    Intermediate,
    PairRanking,
    Submission,
    TaskShare,
    TrainedSeed,
    TrainedTask,
    Training,
    TrainingPoint,
    TrainingRecipe,
    TrainingRun,
)
from harness.reporter import Reporter, Silent
from harness.store import (
    declare_checkpoint,
    load_training,
    new_trained_submission,
    results_lock,
    write_training,
)
from harness.training.intermediate.curve import CurvePoint, kept_folder
from harness.training.intermediate.job import EncoderTraining
from harness.training.intermediate.mixture import parts
from harness.training.intermediate.objectives.registry import objective_of
from harness.training.intermediate.objectives.teacher import teacher_identity
from harness.training.intermediate.optimise import Learnt, optimise
from harness.training.intermediate.retrieval_probe import read_probe
from harness.training.intermediate.texts import TaskText

_VERSIONS = ("stiltboard", "torch", "transformers", "tokenizers", "accelerate", "numpy")
_JOB = "job.json"


@dataclass(frozen=True)
class Trainee:
    """One encoder to train: a recipe at one depth with one seed."""

    recipe: TrainingRecipe
    start: Checkpoint
    seed: int

    @property
    def slug(self) -> str:
        """Return the submission's name."""
        return self.recipe.slug.replace("{layers}", str(self.start.layers))

    @property
    def title(self) -> str:
        """Return the submission's title."""
        return self.recipe.title.replace("{layers}", str(self.start.layers))


@dataclass(frozen=True)
class TrainingOptions:
    """Where to train: raw layouts in `data` or the Hub, the folder of submissions, and the device."""

    data: Path | None = None
    submissions: Path = Path("submissions")
    device: str = "auto"
    cache: Path | None = None


def trainees(recipe: TrainingRecipe) -> tuple[Trainee, ...]:
    """Return the encoders that a recipe trains, by depth and then by seed."""
    return tuple(Trainee(recipe, start, seed) for start in recipe.start.checkpoints for seed in recipe.seeds)


def train(
    trainee: Trainee, options: TrainingOptions | None = None, reporter: Reporter | None = None
) -> TrainedSeed:
    """Train one encoder into submissions/<slug>/checkpoints/seed-N, and record it in training.yaml.

    Returns the record. Existing weights with the recorded digest are not trained again; a killed run resumes
    from its last checkpoint. A missing submission is scaffolded with all of the recipe's seeds. Raises
    BadInput for a recipe, text or encoder that cannot be used, and CheckFailed when memory, disk or the loss
    end the training, or when the same training gave other weights before.
    """
    options, reporter = options or TrainingOptions(), reporter or Silent()
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise WrongUsage(
            "training was started in several processes", cure="start one: it uses all GPUs of the machine"
        )
    folder = options.submissions / trainee.slug
    cache = options.cache or cache_folder()
    start = fetch(trainee.start, folder, cache / "checkpoints")
    with noting(reporter.report):
        text = tuple(parts(trainee.recipe, trainee.seed, options.data))
        probe = read_probe(trainee.recipe.probe, options.data) if trainee.recipe.probe is not None else None
    _scaffold(trainee, text, folder)
    target = folder / "checkpoints" / f"seed-{trainee.seed}"
    work = target.with_name(f".seed-{trainee.seed}.work")
    target.parent.mkdir(exist_ok=True)
    with lock_of(target.with_name(f".seed-{trainee.seed}.lock")):
        record = _training_record(trainee, start, text, folder, cache)
        if completed := _completed_seed(trainee, record, target):
            reporter.report("already trained")
            return completed
        _resume_or_begin(work, trainee, record)
        seconds = time.perf_counter()
        device = choose_device(options.device)
        bfloat16 = device.startswith("cuda") and choose_dtype("auto", device) == "bfloat16"
        job = EncoderTraining(
            start,
            trainee.recipe,
            text,
            trainee.seed,
            work,
            folder,
            cache / "checkpoints",
            device,
            bfloat16,
            probe,
        )
        learnt = optimise(job, reporter)
        trained = _finish(trainee, record, learnt, work, target, device, seconds)
    shutil.rmtree(work, ignore_errors=True)
    return trained


def use_threads(threads: int) -> None:
    """Set the number of processor threads of this process."""
    torch.set_num_threads(threads)


def _training_record(
    trainee: Trainee, start: CheckpointFiles, text: tuple[TaskText, ...], folder: Path, cache: Path
) -> Training:
    """Return the record of the training, without seeds yet."""
    shares = _shares(trainee.recipe)
    tasks = tuple(
        TrainedTask(
            task=part.task.name,
            languages=part.languages,
            examples=part.examples,
            metric=objective_of(share).metric(part.task) or "none",
            train=part.train_fingerprint,
            dev=part.dev_fingerprint,
            teacher=teacher_identity(share.objective.teacher, folder, cache / "checkpoints")
            if isinstance(share.objective, Distillation)
            else None,
        )
        for share, part in zip(shares, text, strict=True)
    )
    return Training(
        schema_=1,
        submission=trainee.slug,
        recipe=trainee.recipe,
        start=start.digest,
        objective="; ".join(
            f"{part.task.name}: {objective_of(share).description(part.task, share)}"
            for share, part in zip(shares, text, strict=True)
        ),
        tasks=tasks,
        seeds=(),
    )


def _shares(recipe: TrainingRecipe) -> list[TaskShare]:
    """Return the recipe's entry of each text; that of masked language modelling is written as a task's."""
    mlm = recipe.continued_mlm
    more = [TaskShare(task=mlm.text, languages=mlm.languages)] if mlm is not None else []
    return [*recipe.tasks, *more]


def _completed_seed(trainee: Trainee, record: Training, target: Path) -> TrainedSeed | None:
    """Return the record of this seed when its weights exist, unchanged."""
    recorded = _recorded_seed(trainee, record, target)
    if recorded is None or not target.is_dir():
        return None
    return recorded if verify(target, str(target)).digest == recorded.weights else None


def _recorded_seed(trainee: Trainee, record: Training, target: Path) -> TrainedSeed | None:
    """Return the record of this seed; raises BadInput when the folder's record is of another training."""
    training = load_training(target.parents[1])
    if training is None:
        return None
    if (training.recipe.work, training.start, training.tasks) != (
        record.recipe.work,
        record.start,
        record.tasks,
    ):
        raise BadInput(
            f"{target.parents[1]} was trained with another recipe, from another encoder or on other text",
            cure="choose another slug, or remove the folder",
        )
    return next((trained for trained in training.seeds if trained.seed == trainee.seed), None)


def _resume_or_begin(work: Path, trainee: Trainee, record: Training) -> None:
    """Keep the checkpoints of a killed run of the same training; delete anything else in `work`."""
    description = json.dumps(
        {"work": record.recipe.work, "start": record.start, "seed": trainee.seed}, sort_keys=True
    )
    description += "".join(f"{task.train}{task.dev}" for task in record.tasks)
    digest = hashlib.sha256(description.encode()).hexdigest()
    if not (work / _JOB).is_file() or (work / _JOB).read_text() != digest:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        (work / _JOB).write_text(digest)


def _finish(
    trainee: Trainee,
    record: Training,
    learnt: Learnt,
    work: Path,
    target: Path,
    device: str,
    started: float,
) -> TrainedSeed:
    """Move the encoder to `target`, those of earlier steps next to it, and record all."""
    digest = verify(work / "model", str(target)).digest
    kept = {
        step: verify(work / kept_folder(step), kept_folder(step)).digest
        for step in trainee.recipe.keep_steps
        if step <= learnt.curve[-1].step
    }
    previous = _recorded_seed(trainee, record, target)
    if previous is not None and previous.weights != digest:
        raise CheckFailed(
            f"{trainee.slug} seed {trainee.seed} gave {digest}, but {previous.weights} is recorded",
            cure="another machine or version rounds differently: train elsewhere with --submissions DIR",
        )
    run = TrainingRun(
        date=now(),
        device=f"{device} {processor(device)}",
        threads=torch.get_num_threads(),
        versions={name: version(name) for name in _VERSIONS},
        seconds=round(learnt.earlier + time.perf_counter() - started, 1),
        passes=round(learnt.passes, 1),
    )
    trained = TrainedSeed(
        seed=trainee.seed,
        weights=digest,
        loss=round(learnt.loss, 6),
        before=learnt.curve[0].measures.dev_score,
        after=next(
            point for point in learnt.curve if point.step == (learnt.chosen or learnt.curve[-1].step)
        ).measures.dev_score,
        drawn=learnt.drawn or None,
        curve=_points(learnt.curve, kept) if trainee.recipe.dev_steps is not None or kept else (),
        chosen=learnt.chosen,
        run=run,
    )
    for step in kept:
        shutil.rmtree(kept_checkpoint(target, step), ignore_errors=True)
        (work / kept_folder(step)).replace(kept_checkpoint(target, step))
    shutil.rmtree(target, ignore_errors=True)
    (work / "model").replace(target)
    folder = target.parents[1]
    with results_lock(folder):  # other seeds may finish at the same time
        current = load_training(folder) or record
        other_seeds = [seed for seed in current.seeds if seed.seed != trainee.seed]
        seeds = tuple(sorted((*other_seeds, previous or trained), key=lambda seed: seed.seed))
        write_training(folder, record.model_copy(update={"seeds": seeds}))
    return previous or trained


def kept_checkpoint(target: Path, step: int) -> Path:
    """Return the folder of the encoder that is kept after some steps of the training that gives `target`."""
    return target.with_name(f"{target.name}-{kept_folder(step)}")


def _points(curve: Sequence[CurvePoint], kept: Mapping[int, str]) -> tuple[TrainingPoint, ...]:
    """Return the record of a curve; the loss of a point is the mean over the steps since the point before."""
    points, last_step, last_total = [], 0, 0.0
    for point in curve:
        steps = point.step - last_step
        points.append(
            TrainingPoint(
                step=point.step,
                loss=round((point.total - last_total) / steps, 6) if steps else None,
                dev_loss=point.measures.dev_loss,
                dev_score=point.measures.dev_score,
                probe=point.measures.probe,
                weights=kept.get(point.step),
            )
        )
        last_step, last_total = point.step, point.total
    return tuple(points)


def _objective_names(recipe: TrainingRecipe) -> tuple[str, ...]:
    """Return the objective of each task; nothing where all train heads, as in recipes without objectives."""
    names = [share.objective.name if share.objective is not None else "head" for share in recipe.tasks]
    return tuple(names) if set(names) != {"head"} else ()


def _scaffold(trainee: Trainee, text: tuple[TaskText, ...], folder: Path) -> None:
    """Write a missing submission; an existing one gets this seed if it lacks it.

    Raises BadInput where it names other weights for this seed.
    """
    recipe = trainee.recipe
    seed_checkpoints = [Checkpoint(seed=seed, path=f"checkpoints/seed-{seed}") for seed in recipe.seeds]
    not_only_english = any(language != "en" for language in recipe.languages)
    tasks = text[: len(recipe.tasks)]
    submission = Submission(
        schema_=1,
        title=trainee.title,
        family=recipe.family,
        base=recipe.base,
        intermediate=Intermediate(
            regime=recipe.regime,
            batches=recipe.batches,
            tasks=tuple(part.task.name for part in tasks),
            objectives=_objective_names(recipe),
            languages=recipe.languages,
            examples=sum(part.examples for part in tasks),
            continued_mlm=recipe.continued_mlm is not None,
            translated=not_only_english and any(find_task(part.task.name).translated for part in tasks),
        ),
        encoding=_evaluated_encoding(recipe),
        finetuning=recipe.finetuning,
        checkpoints=tuple(seed_checkpoints),
        trained_on=tuple(dict.fromkeys((*recipe.trained_on, *(part.task.seen for part in text)))),
        submitters=recipe.submitters,
        license=recipe.license,
        links=recipe.links,
    )
    if not new_trained_submission(folder, submission):
        declare_checkpoint(folder, seed_checkpoints[recipe.seeds.index(trainee.seed)])


def _evaluated_encoding(recipe: TrainingRecipe) -> Encoding:
    """Return the recipe's encoding; its queries and passages are encoded as the first task trained them."""
    encoding, objective = recipe.encoding, recipe.tasks[0].objective
    if encoding.query_prefix is not None or not isinstance(objective, PairRanking):
        return encoding
    prefixes = objective.query_prefix, objective.passage_prefix
    query, passage = (encoding.prefix if prefix is None else prefix for prefix in prefixes)
    if query == passage == encoding.prefix:
        return encoding
    return encoding.model_copy(update={"query_prefix": query, "passage_prefix": passage})
