"""Train an encoder with its heads by transformers' Trainer, on several GPUs and in bfloat16 if possible."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors.torch import load_file

from harness.data.similarity import ScoredPairs
from harness.errors import BadInput
from harness.models.checkpoint import TOKENIZER_FILES, CheckpointFiles
from harness.models.loading import check_ids, open_model, opening
from harness.models.tokenizer_opening import open_tokenizer
from harness.records import TrainingRecipe
from harness.reporter import Reporter
from harness.training.batches import pad
from harness.training.features import Feature, features
from harness.training.intermediate.assess import dev_score
from harness.training.intermediate.mixture import Mixed, TaskText, steps_an_epoch
from harness.training.intermediate.model import MaskedWords, Multitask
from harness.training.trainer import (
    ProgressCallback,
    arguments,
    last_complete_checkpoint,
    within_memory,
    writing,
)

_MASKED_SHARE = 0.15
_LOG_STEPS = 10
_PASSES_FILE = "passes.json"


@dataclass(frozen=True)
class EncoderTraining:
    """A training of an encoder on tasks, in a folder where a killed run goes on."""

    files: CheckpointFiles
    recipe: TrainingRecipe
    parts: tuple[TaskText, ...]
    seed: int
    folder: Path
    device: str
    bfloat16: bool


@dataclass(frozen=True)
class Learnt:
    """Result of a training: mean loss, dev scores before and after, seconds in forward and backward passes.

    `earlier` counts the seconds of killed runs, up to the checkpoints from which this one went on.
    """

    loss: float
    before: dict[str, float]
    after: dict[str, float]
    passes: float
    earlier: float


def optimise(job: EncoderTraining, reporter: Reporter) -> Learnt:
    """Train, and save the encoder with its tokenizer, without heads, into the job's folder/model.

    A killed run resumes from its last checkpoint, with the same order and the same random numbers. Raises
    CheckFailed when memory is too small for one example, the disk is full or the loss is not finite, and
    BadInput for a base that cannot be trained.
    """
    return within_memory(
        lambda at_once: _train(job, at_once, reporter),
        job.recipe.batch_size,
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
    model = _with_heads(job, encoder)
    rows = [
        [row for text in part.train for row in _read(part, text, tokenizer, recipe)] for part in job.parts
    ]
    held_out = [
        [row for text in part.dev for row in _read(part, text, tokenizer, recipe)] for part in job.parts
    ]
    check_ids(
        encoder,
        (item.ids for part in (*rows, *held_out) for row in part for item in row.inputs),
        job.files.source,
    )
    steps = steps_an_epoch(recipe, [len(part) for part in rows])
    trainer = _TaskTrainer(
        model=model,
        args=_arguments(job, at_once),
        train_dataset=[(number, row) for number, part in enumerate(rows) for row in part],
        data_collator=partial(_collate, tokenizer=tokenizer, mlm_part=_mlm_part(job, tokenizer)),
        callbacks=[ProgressCallback(reporter, cure="a lower learning_rate in the recipe")],
    )
    trainer.order = Mixed([[row.tokens for row in part] for part in rows], steps, recipe.batch_size, job.seed)
    # The loss is a mean over a batch: the Trainer must divide by the number of batches that it accumulates.
    trainer.model_accepts_loss_kwargs = False
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.totals = _PassTotals(job.folder / _PASSES_FILE)
    with trainer.totals:
        before = _assess(job, model, held_out, tokenizer)
    transformers.set_seed(job.seed)
    last = last_complete_checkpoint(job.folder / "steps")
    with writing(
        f"the encoder trained from {job.files.source}",
        job.folder,
        "free space; the same command then goes on",
    ):
        trainer.train(resume_from_checkpoint=str(last) if last else None)
        with trainer.totals:
            after = _assess(job, model, held_out, tokenizer)
        _save(model, job.files, job.folder / "model")
    return Learnt(
        trainer.totals.loss / trainer.state.global_step,
        before,
        after,
        trainer.totals.seconds,
        trainer.totals.earlier,
    )


def _with_heads(job: EncoderTraining, encoder: Any) -> Multitask:
    """Add the heads; the one for masked words is the checkpoint's if any, the bias for scores their mean.

    From a bias of 0 the first steps would learn the mean, with gradients many times those of the task.
    """
    model = Multitask(encoder, [part.task for part in job.parts])
    for head, part in zip(model.heads, job.parts, strict=True):
        if part.task.format == "pair_regression":
            assert isinstance(head, torch.nn.Linear)
            scores = [score for text in part.train if isinstance(text, ScoredPairs) for score in text.scores]
            torch.nn.init.constant_(head.bias, float(np.mean(scores)))
        if isinstance(head, MaskedWords):
            head.load(
                {name: tensor for file in job.files.weight_files for name, tensor in load_file(file).items()}
            )
    if job.recipe.freeze_embeddings:
        for parameter in encoder.get_input_embeddings().parameters():
            parameter.requires_grad_(False)
    return model


def _read(part: TaskText, text: Any, tokenizer: Any, recipe: TrainingRecipe) -> list[Feature]:
    return features(part.task.labels, text, tokenizer, recipe.max_length, recipe.stride)


def _assess(
    job: EncoderTraining, model: Multitask, held_out: Sequence[Sequence[Feature]], tokenizer: Any
) -> dict[str, float]:
    """Return the dev score of every task that has a metric, in points."""
    return {
        part.task.name: round(dev_score(model, number, part.task, rows, tokenizer.pad_token_id), 4)
        for number, (part, rows) in enumerate(zip(job.parts, held_out, strict=True))
        if part.task.metric
    }


def _mlm_part(job: EncoderTraining, tokenizer: Any) -> int | None:
    """Return the number of the masked-language-modelling part; raises BadInput without a mask token."""
    number = next((number for number, part in enumerate(job.parts) if part.task.format == "mlm"), None)
    if number is not None and tokenizer.mask_token_id is None:
        raise BadInput(
            f"the tokenizer of {job.files.source} has no mask token", cure="leave continued_mlm out"
        )
    return number


def _collate(rows: Sequence[tuple[int, Feature]], tokenizer: Any, mlm_part: int | None) -> dict[str, Any]:
    """Put one step's rows, all of one task, into tensors; tokens are masked anew each time."""
    task = rows[0][0]
    batch: dict[str, Any] = pad([row for _, row in rows], tokenizer.pad_token_id)
    if task == mlm_part:
        special = torch.tensor(
            [
                tokenizer.get_special_tokens_mask(ids, already_has_special_tokens=True)
                for ids in batch["input_ids"].tolist()
            ]
        )
        collator = transformers.DataCollatorForLanguageModeling(tokenizer, mlm_probability=_MASKED_SHARE)
        batch["input_ids"], batch["labels"] = collator.torch_mask_tokens(batch["input_ids"], special)
    return {**batch, "task": task}


def _arguments(job: EncoderTraining, at_once: int) -> transformers.TrainingArguments:
    recipe = job.recipe
    return arguments(
        job.folder / "steps",
        device=job.device,
        bfloat16=job.bfloat16,
        seed=job.seed,
        batch_size=recipe.batch_size,
        at_once=at_once,
        num_train_epochs=recipe.epochs,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=recipe.schedule
        if recipe.schedule == "linear" or not recipe.warmup
        else "constant_with_warmup",
        warmup_steps=recipe.warmup,
        weight_decay=recipe.weight_decay,
        save_strategy="no",  # except by ProgressCallback, so that short trainings save nothing
        save_total_limit=1,
        logging_steps=_LOG_STEPS,
    )


def _save(model: Multitask, files: CheckpointFiles, folder: Path) -> None:
    """Save the encoder as its family's base model, with unchanged copies of its tokenizer files."""
    model.encoder.save_pretrained(folder)
    for name in TOKENIZER_FILES:
        if (files.folder / name).is_file():
            (folder / name).write_bytes((files.folder / name).read_bytes())


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


class _TaskTrainer(transformers.Trainer):  # type: ignore[misc]  # transformers is untyped here
    """Use the order of `Mixed`, and measure the time and loss of the passes."""

    order: Mixed
    totals: _PassTotals

    def _get_train_sampler(self, *_: Any) -> Mixed:
        return self.order

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Make one forward and backward pass."""
        with self.totals:
            loss: torch.Tensor = super().training_step(*args, **kwargs)
            self.totals.loss += float(loss.detach())  # already divided by the number of accumulated batches
        return loss

    def _save_checkpoint(self, *args: Any, **kwargs: Any) -> None:
        super()._save_checkpoint(*args, **kwargs)
        self.totals.save()
