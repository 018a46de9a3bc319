"""Train an encoder on its tasks' objectives by transformers' Trainer, in bfloat16 on GPUs that have it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers

from harness.errors import BadInput
from harness.models.loading import check_ids, open_model
from harness.models.tokenizer_opening import open_tokenizer
from harness.models.transformers_errors import opening
from harness.records import DrawnLanguages, TrainingRecipe
from harness.reporter import Reporter
from harness.training.intermediate.curve import BEST, CurveCallback, CurvePoint, Measures, TrainingCurve
from harness.training.intermediate.job import EncoderTraining, Opened
from harness.training.intermediate.mixture import Mixed, steps_an_epoch
from harness.training.intermediate.model import Multitask
from harness.training.intermediate.objectives.head import HeadObjective
from harness.training.intermediate.objectives.head_layers import Labels, MaskedWords
from harness.training.intermediate.objectives.objective import Objective, StepRunner
from harness.training.intermediate.objectives.registry import objective_of
from harness.training.intermediate.retrieval_probe import RetrievalProbe
from harness.training.intermediate.saving import save_encoder
from harness.training.trainer import (
    ProgressCallback,
    arguments,
    last_complete_checkpoint,
    within_memory,
    writing,
)

_LOG_STEPS = 10
_PASSES_FILE, _CURVE_FILE = "passes.json", "curve.json"
_MOST_POINTS = 900


@dataclass(frozen=True)
class Learnt:
    """Result of a training: mean loss, points from step 0 to the last, seconds in passes.

    `chosen` is the step of the best dev score, where that chooses the encoder; `earlier` counts the seconds
    of killed runs, up to the checkpoints from which this one went on; `drawn` are the languages of tasks that
    are trained on pairs, unless the training ended before all were seen.
    """

    loss: float
    curve: Sequence[CurvePoint]
    chosen: int | None
    passes: float
    earlier: float
    drawn: Mapping[str, DrawnLanguages] = field(default_factory=dict)


def optimise(job: EncoderTraining, reporter: Reporter) -> Learnt:
    """Train, and save the encoder with its tokenizer, without heads, into the job's folder/model.

    After the recipe's `keep_steps` it is also saved, into folder/kept_folder(step).

    A killed run resumes from its last checkpoint, with the same order and the same random numbers. Raises
    CheckFailed when memory is too small for one example, the disk is full or the loss is not finite, and
    BadInput for a base that cannot be trained.
    """
    return within_memory(
        lambda at_once: _train(job, at_once, reporter),
        job.recipe.batch_size,
        first=job.recipe.at_once,
        on_gpu=job.device.startswith("cuda"),
        reporter=reporter,
        what=f"training {job.files.source}",
        cure="use a larger machine, freeze_embeddings: true or a smaller max_length in the recipe",
    )


def _train(job: EncoderTraining, at_once: int, reporter: Reporter) -> Learnt:
    recipe = job.recipe
    job.files.check_length(recipe.max_length)
    with opening(job.files.source):
        encoder = open_model(job.files, "float32", "cpu")
        tokenizer = open_tokenizer(job.files)
    transformers.set_seed(job.seed)
    opened = Opened(job, encoder, tokenizer, at_once)
    objectives = _objectives(opened)
    probe = RetrievalProbe(len(objectives), opened, job.probe) if job.probe is not None else None
    heads = [objective.head for objective in objectives]
    model = Multitask(encoder, [*heads, probe.head] if probe is not None else heads)
    if recipe.freeze_embeddings:
        for parameter in encoder.get_input_embeddings().parameters():
            parameter.requires_grad_(False)
    steps = steps_an_epoch(recipe, [objective.size for objective in objectives])
    _refuse_too_many_points(recipe, sum(steps) * recipe.epochs)
    trainer = _new_trainer(job, model, objectives, steps, reporter)
    check_ids(encoder, (ids for objective in objectives for ids in objective.ids()), job.files.source)
    check_ids(encoder, probe.ids if probe is not None else (), job.files.source)
    curve = TrainingCurve(job.folder / _CURVE_FILE)
    last = last_complete_checkpoint(job.folder / "steps")
    curve.begin(int(last.name.rpartition("-")[2]) if last else 0)

    def measure(step: int) -> None:
        if curve.at(step) is None:
            with trainer.totals:
                measures = _assess(objectives, probe, model)
            curve.add(CurvePoint(step, trainer.totals.loss, measures))

    def save(folder: Path) -> None:
        save_encoder(encoder, job.files, recipe.encoding, objectives[0].prefixes(), folder)
        for objective in objectives:
            objective.save(folder)

    trainer.add_callback(CurveCallback(recipe, curve, measure, lambda name: save(job.folder / name)))
    measure(0)
    transformers.set_seed(job.seed)
    with writing(
        f"the encoder trained from {job.files.source}",
        job.folder,
        "free space; the same command then goes on",
    ):
        trainer.train(resume_from_checkpoint=str(last) if last else None)
        step = trainer.state.global_step
        measure(step)
        best = curve.best() if recipe.patience is not None else None
        if best is None or best.step == step:
            save(job.folder / "model")
        else:
            (job.folder / BEST).replace(job.folder / "model")
    return Learnt(
        trainer.totals.loss / trainer.state.global_step,
        curve.points,
        best.step if best is not None else None,
        trainer.totals.seconds,
        trainer.totals.earlier,
        {task.text.task.name: task.drawn for task in objectives if task.drawn is not None}
        if step == trainer.state.max_steps
        else {},
    )


def _new_trainer(
    job: EncoderTraining,
    model: Multitask,
    objectives: Sequence[Objective],
    steps: Sequence[int],
    reporter: Reporter,
) -> _ObjectiveTrainer:
    """Return a trainer that takes `steps` of each objective an epoch."""
    schedules = [objective.schedule(n) for objective, n in zip(objectives, steps, strict=True)]
    trainer = _ObjectiveTrainer(
        model=model,
        args=_arguments(job),
        train_dataset=[(number, row) for number, schedule in enumerate(schedules) for row in schedule.rows],
        data_collator=partial(_collate, objectives=objectives),
        callbacks=[ProgressCallback(reporter, cure="a lower learning_rate in the recipe")],
    )
    trainer.objectives = objectives
    trainer.order = Mixed(schedules, steps, job.recipe.batch_size, job.seed)
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.totals = _PassTotals(job.folder / _PASSES_FILE)
    return trainer


def _refuse_too_many_points(recipe: TrainingRecipe, steps: int) -> None:
    """Raise BadInput for steps that the training does not have, and for a curve with too many points."""
    if recipe.dev_steps is not None and steps // recipe.dev_steps > _MOST_POINTS:
        raise BadInput(
            f"dev_steps: {recipe.dev_steps} measures {steps // recipe.dev_steps:,} times in {steps:,} steps",
            cure=f"dev_steps: {-(-steps // _MOST_POINTS)} or more",
        )
    if late := [step for step in recipe.keep_steps if step >= steps]:
        raise BadInput(
            f"keep_steps: {late[0]} is not before the last of {steps:,} steps",
            cure="the last encoder is always kept",
        )


def _objectives(opened: Opened) -> list[Objective]:
    """Return the objectives of the recipe's tasks, and that of the text for masked words, which is last."""
    kinds: list[type[Objective]] = [objective_of(share) for share in opened.recipe.tasks]
    if opened.recipe.continued_mlm is not None:
        kinds.append(HeadObjective)
    objectives = [
        kind(number, opened, text)
        for number, (kind, text) in enumerate(zip(kinds, opened.job.parts, strict=True))
    ]
    if opened.recipe.shared_heads:
        _share_heads([one for one in objectives if isinstance(one, HeadObjective) and one.task.labels])
    return objectives


def _share_heads(objectives: Sequence[HeadObjective]) -> None:
    """Give tasks of one format with the same labels, such as SNLI, MNLI and ANLI, the head of the first."""
    heads: dict[tuple[str, tuple[str, ...]], Labels | MaskedWords] = {}
    for objective in objectives:
        objective.head = heads.setdefault((objective.task.format, objective.task.labels), objective.head)


def _assess(objectives: Sequence[Objective], probe: RetrievalProbe | None, model: Multitask) -> Measures:
    """Measure every task that has a dev score, and the probe."""
    model.eval()
    measured = {objective.text.task.name: objective.assess(model) for objective in objectives}
    accuracies = probe.accuracies(model) if probe is not None else {}
    model.train()
    scored = {name: measures for name, measures in measured.items() if measures is not None}
    return Measures(
        {name: round(measures.loss, 6) for name, measures in scored.items()},
        {name: round(measures.score, 4) for name, measures in scored.items()},
        accuracies,
    )


def _collate(rows: Sequence[tuple[int, Any]], objectives: Sequence[Objective]) -> dict[str, Any]:
    """Put one step's rows, all of one task, into tensors."""
    task = rows[0][0]
    return {**objectives[task].collate([row for _, row in rows]), "task": task}


def _arguments(job: EncoderTraining) -> transformers.TrainingArguments:
    """Return the Trainer's arguments; it receives whole steps, which the objectives divide."""
    recipe = job.recipe
    return arguments(
        job.folder / "steps",
        recipe,
        device=job.device,
        bfloat16=job.bfloat16,
        seed=job.seed,
        at_once=recipe.batch_size,
        lr_scheduler_type=recipe.schedule
        if recipe.schedule == "linear" or not recipe.warmup
        else "constant_with_warmup",
        save_strategy="no",  # except by ProgressCallback, so that short trainings save nothing
        save_total_limit=1,
        logging_steps=_LOG_STEPS,
    )


class _PassTotals:
    """Totals of pass seconds, losses and all seconds, in a file so that those of killed runs count."""

    def __init__(self, path: Path) -> None:
        self._path, self._created, self._started = path, time.perf_counter(), 0.0
        self.seconds: float
        self.loss: float
        self.earlier: float
        self.seconds, self.loss, self.earlier = (
            json.loads(path.read_text()) if path.is_file() else (0.0, 0.0, 0.0)
        )

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._started

    def save(self) -> None:
        self._path.write_text(
            json.dumps([self.seconds, self.loss, self.earlier + time.perf_counter() - self._created])
        )


class _ObjectiveTrainer(transformers.Trainer):  # type: ignore[misc]  # transformers is untyped here
    """Let the task of each step compute its gradient, in the order of `Mixed`; measure time and loss."""

    objectives: Sequence[Objective]
    order: Mixed
    totals: _PassTotals

    def _get_train_sampler(self, *_: Any) -> Mixed:
        return self.order

    def create_optimizer(self, *args: Any, **kwargs: Any) -> torch.optim.Optimizer:
        """Give parameters with a learning rate of their own a group of the optimizer each."""
        optimizer: torch.optim.Optimizer = super().create_optimizer(*args, **kwargs)
        for objective in self.objectives:
            for parameter, rate in objective.rates.items():
                for group in optimizer.param_groups:
                    if any(other is parameter for other in group["params"]):
                        group["params"] = [other for other in group["params"] if other is not parameter]
                        optimizer.add_param_group({**group, "params": [parameter], "lr": rate})
                        break
        return optimizer

    def training_step(self, model: torch.nn.Module, inputs: dict[str, Any], *_: Any) -> torch.Tensor:
        """Add the gradient of one step."""
        with self.totals:
            model.train()
            batch = self._prepare_inputs(inputs)
            runner = StepRunner(model, self.compute_loss_context_manager, self.accelerator.backward)
            loss: torch.Tensor = self.objectives[batch.pop("task")].backpropagate(runner, batch)
            self.totals.loss += float(loss)
        return loss

    def _save_checkpoint(self, *args: Any, **kwargs: Any) -> None:
        super()._save_checkpoint(*args, **kwargs)
        self.totals.save()
