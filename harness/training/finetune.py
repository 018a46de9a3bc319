"""Fine-tune a head on English with transformers' Trainer, on several GPUs and in bfloat16 where it can."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import load_file

from harness.catalog.finetuning import Recipe
from harness.data.examples import RowExamples
from harness.errors import BadInput
from harness.kinds.registry import PREDICTED
from harness.models.checkpoint import CheckpointFiles
from harness.models.loading import check_ids
from harness.models.predictor import Predictor, label_names, load
from harness.models.transformers_errors import opening
from harness.records import Target
from harness.reporter import Reporter
from harness.scoring.tables import TABLES
from harness.training.batches import ByLength, pad
from harness.training.features import features
from harness.training.trainer import (
    STATE,
    ProgressCallback,
    arguments,
    last_complete_checkpoint,
    within_memory,
    writing,
)

# Evaluate and save at least once in this many steps.
_STEPS = 500


@dataclass(frozen=True)
class Trained:
    """Result of a training: examples per epoch, steps, and the best score on held-out English, in points."""

    examples: int
    steps: int
    dev: float


@dataclass(frozen=True)
class HeadTraining:
    """A training of an encoder with a fresh head on English text, in a folder where a killed run goes on."""

    files: CheckpointFiles
    target: Target
    recipe: Recipe
    train: RowExamples
    dev: RowExamples
    seed: int
    folder: Path
    device: str
    dtype: str

    @property
    def in_bfloat16(self) -> bool:
        """Tell whether products are computed in bfloat16: on a GPU where that is requested."""
        return self.dtype == "bfloat16" and self.device.startswith("cuda")


def finetune(job: HeadTraining, reporter: Reporter) -> Trained:
    """Train, and save the model with the best score on held-out English, whole, into the job's folder/model.

    A killed run resumes from its last checkpoint, with the same data order and the same random numbers. When
    memory runs out, a device takes fewer examples at a time, at the same number of examples a step. Raises
    CheckFailed when memory is too small for one example, the disk is full or the loss is not finite, and
    BadInput for a base without the weights of an encoder.
    """
    return within_memory(
        lambda at_once: _train(job, at_once, reporter),
        job.recipe.batch_size,
        on_gpu=job.device.startswith("cuda"),
        reporter=reporter,
        what=f"fine-tuning {job.files.source} on {job.target.training}",
        cure="use a larger machine, or freeze_embeddings: true in the submission's finetuning",
    )


def _train(job: HeadTraining, at_once: int, reporter: Reporter) -> Trained:
    recipe, target = job.recipe, job.target
    model, tokenizer = _fresh(job)
    rows = features(
        target.labels,
        job.train.draw(recipe.taken(len(job.train))),
        tokenizer,
        recipe,
    )
    check_ids(model, [item.ids for row in rows for item in row.inputs], job.files.source)
    callbacks: list[Any] = [
        ProgressCallback(reporter, cure="a lower learning_rate in the submission's finetuning")
    ]
    if recipe.patience is not None:
        callbacks.append(transformers.EarlyStoppingCallback(recipe.patience))
    trainer = _OnEnglish(
        model=model,
        args=_arguments(job, at_once, math.ceil(len(rows) / recipe.batch_size)),
        train_dataset=rows,
        eval_dataset=rows[:1],  # evaluation uses `dev`, through Predictor
        data_collator=partial(pad, padding=tokenizer.pad_token_id),
        callbacks=callbacks,
    )
    trainer.order = ByLength([row.tokens for row in rows], recipe.batch_size, job.seed)
    trainer.english = _English(target, job.dev, tokenizer, recipe)
    # The loss is a mean over a batch: the Trainer must divide by the number of batches that it accumulates.
    trainer.model_accepts_loss_kwargs = False
    # Progress goes to the reporter, not to stdout.
    trainer.remove_callback(transformers.PrinterCallback)
    last = last_complete_checkpoint(job.folder / "steps")
    with writing(
        f"the head of {job.files.source}",
        job.folder,
        "free space, or point STILTBOARD_CACHE elsewhere; the same command then goes on",
    ):
        if not (last and _patience_is_over(last, recipe)):
            trainer.train(resume_from_checkpoint=str(last) if last else None)
        else:  # killed between stopping early and saving: only the best evaluation is needed
            trainer.state = transformers.TrainerState.load_from_json(str(last / STATE))
            best = last.with_name(Path(str(trainer.state.best_model_checkpoint)).name)
            trainer.model.load_state_dict(load_file(best / "model.safetensors"), strict=False)
        _save(trainer, tokenizer, job.folder / "model")
    return Trained(
        recipe.taken(len(job.train)),
        int(trainer.state.global_step),
        round(float(trainer.state.best_metric), 4),
    )


def _save(trainer: Any, tokenizer: Any, folder: Path) -> None:
    """Save the model whole, its tokenizer and the training log, without the Trainer's pickle of arguments."""
    trainer.save_model(str(folder))
    tokenizer.save_pretrained(str(folder))
    (folder / "training_args.bin").unlink(missing_ok=True)
    trainer.state.save_to_json(str(folder / "log.json"))


def _patience_is_over(last: Path, recipe: Recipe) -> bool:
    """Tell whether training had stopped early at this checkpoint: the Trainer would begin one more step."""
    callbacks = json.loads((last / STATE).read_text()).get("stateful_callbacks", {})
    evaluations = (
        callbacks.get("EarlyStoppingCallback", {})
        .get("attributes", {})
        .get("early_stopping_patience_counter", 0)
    )
    return recipe.patience is not None and evaluations >= recipe.patience


def _arguments(job: HeadTraining, at_once: int, steps_an_epoch: int) -> transformers.TrainingArguments:
    recipe = job.recipe
    every = math.ceil(steps_an_epoch / math.ceil(steps_an_epoch / _STEPS))
    return arguments(
        job.folder / "steps",
        recipe,
        device=job.device,
        bfloat16=job.in_bfloat16,
        seed=job.seed,
        at_once=at_once,
        eval_strategy="steps",
        save_strategy="steps",
        eval_steps=every,
        save_steps=every,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="score",
        greater_is_better=True,
        restore_callback_states_from_checkpoint=recipe.patience is not None,
        logging_steps=min(10, every),
    )


def _fresh(job: HeadTraining) -> tuple[Any, Any]:
    """Open the encoder with a fresh head for the target; a head of the checkpoint is ignored."""
    files, target = job.files, job.target
    files.check_length(job.recipe.max_length)
    with opening(files.source):
        model, info, tokenizer = load(
            files, target.kind, dtype=torch.float32, ignore_mismatched_sizes=True, **label_names(target)
        )
    base = f"{model.base_model_prefix}."
    missing = {*info["missing_keys"], *(str(key[0]) for key in info["mismatched_keys"])}
    missing = {name for name in missing if name.startswith(base) and not name.startswith(f"{base}pooler.")}
    if missing:
        raise BadInput(
            f"the weights of {files.source} lack {len(missing)} tensors of {type(model).__name__}: "
            f"{', '.join(sorted(missing)[:3])} …",
            cure="they would be random: save the whole encoder",
        )
    transformers.set_seed(job.seed)
    initial = type(model)(model.config).state_dict()
    model.load_state_dict(
        {name: value for name, value in initial.items() if not name.startswith(base)}, strict=False
    )
    if job.recipe.freeze_embeddings:
        for parameter in model.get_input_embeddings().parameters():
            parameter.requires_grad_(False)
    return model, tokenizer


@dataclass(frozen=True)
class _English:
    """The held-out English text, scored like the target."""

    target: Target
    dev: RowExamples
    tokenizer: Any
    recipe: Recipe

    def score(self, model: Any) -> float:
        """Return the target's score on this text, in points."""
        predictor = Predictor(
            model, self.tokenizer, None, max_length=self.recipe.max_length, stride=self.recipe.stride
        )
        kind = PREDICTED[self.target.kind]
        return TABLES[self.target.kind].score(self.target, kind.run(self.target, self.dev, predictor)).score


class _OnEnglish(transformers.Trainer):  # type: ignore[misc]  # transformers is untyped here
    """Evaluate by the score that the target reports, so that there is no second definition of it."""

    english: _English
    order: ByLength

    def _get_train_sampler(self, *_: Any) -> ByLength:
        return self.order

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Score the held-out English text, log it and pass it to the callbacks as the Trainer does."""
        model = self.accelerator.unwrap_model(self.model)
        model.eval()
        metrics = {"eval_score": self.english.score(model)}
        self.log(metrics)
        self.control: Any = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics
