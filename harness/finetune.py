"""Fine-tune a head on English with transformers' Trainer: several GPUs, bfloat16 and accumulation come from it and accelerate."""

from __future__ import annotations

import gc
import json
import math
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors import SafetensorError
from safetensors.torch import load_file

from harness.checkpoint import CheckpointFiles
from harness.data.examples import Examples
from harness.encoder import check_ids, opening
from harness.errors import BadInput, CheckFailed
from harness.features import Feature, features
from harness.inputs import IGNORED
from harness.kinds.registry import PREDICTED
from harness.passes import is_out_of_memory
from harness.predictor import Predictor, label_names, load
from harness.recipes import Recipe
from harness.records import Target
from harness.run import Observer

# Evaluated, and saved, at least once in so many steps, and saved once in so many seconds: what a kill costs at most.
_STEPS, _SECONDS = 500, 120.0
_RUN = 50
_STATE = "trainer_state.json"
# What torch says when a file of its own cannot be written.
_WRITING = ("inline_container", "PytorchStreamWriter", "No space left")


@dataclass(frozen=True)
class Trained:
    """What a training did: examples seen an epoch, steps made, and the best score on held-out English, in points."""

    examples: int
    steps: int
    dev: float


@dataclass(frozen=True)
class Job:
    """What is trained: an encoder with a fresh head on English text, in a folder where a killed run goes on."""

    files: CheckpointFiles
    target: Target
    recipe: Recipe
    train: Examples
    dev: Examples
    seed: int
    folder: Path
    device: str
    dtype: str

    @property
    def in_bfloat16(self) -> bool:
        """Tell whether products are made in bfloat16: where a GPU has it and it is asked for."""
        return self.dtype == "bfloat16" and self.device.startswith("cuda")


def finetune(job: Job, observer: Observer) -> Trained:
    """Train, and save the best evaluation on held-out English, whole, into the job's folder/model.

    What a killed run saved goes on from there, with the same data order and the same random numbers. Too little memory halves
    what one device takes at a time, at the same number of examples a step. Raises CheckFailed when memory is too small for one
    example, the disk is full or the loss is not finite, and BadInput for a base without the weights of an encoder.
    """
    at_once = job.recipe.batch_size
    while True:
        try:
            return _train(job, at_once, observer)
        except (MemoryError, RuntimeError) as fault:
            if not is_out_of_memory(fault):
                raise
            if at_once == 1:
                raise CheckFailed(
                    f"fine-tuning {job.files.source} on {job.target.training} runs out of memory with one example at a time",
                    cure="use a larger machine, or freeze_embeddings: true in the submission's finetuning",
                ) from fault
        # Only a divisor leaves a step what it is.
        at_once = next(part for part in range(at_once // 2, 0, -1) if job.recipe.batch_size % part == 0)
        observer.say(f"out of memory: {at_once} examples at a time, accumulated to {job.recipe.batch_size}")
        gc.collect()
        if job.device.startswith("cuda"):
            torch.cuda.empty_cache()


def _train(job: Job, at_once: int, observer: Observer) -> Trained:
    recipe = job.recipe
    model, tokenizer = _fresh(job)
    rows = features(job.target, job.train, tokenizer, recipe)
    check_ids(model, [row.input.ids for row in rows], job.files.source)
    callbacks: list[Any] = [_Report(observer)]
    if recipe.patience is not None:
        callbacks.append(transformers.EarlyStoppingCallback(recipe.patience))
    trainer = _OnEnglish(
        model=model,
        args=_arguments(job, at_once, math.ceil(len(rows) / recipe.batch_size)),
        train_dataset=rows,
        eval_dataset=rows[:1],  # what is evaluated is `dev`, by our own prediction
        data_collator=_Pad(tokenizer),
        callbacks=callbacks,
    )
    trainer.order = ByLength([len(row.input.ids) for row in rows], recipe.batch_size, job.seed)
    trainer.english = _English(job.target, job.dev, tokenizer, recipe)
    # These models take the mean over what they are given; otherwise the Trainer would not divide by what is accumulated.
    trainer.model_accepts_loss_kwargs = False
    # The Trainer's own report goes to the observer.
    trainer.remove_callback(transformers.PrinterCallback)
    last = _last_whole(job.folder / "steps")
    try:
        if not (last and _waited_enough(last, recipe)):
            trainer.train(resume_from_checkpoint=str(last) if last else None)
        else:  # killed between its early end and saving what follows: the best evaluation is all that is wanted
            trainer.state = transformers.TrainerState.load_from_json(str(last / _STATE))
            best = last.with_name(Path(str(trainer.state.best_model_checkpoint)).name)
            trainer.model.load_state_dict(load_file(best / "model.safetensors"), strict=False)
        _save(trainer, tokenizer, job.folder / "model")
    except (OSError, SafetensorError, RuntimeError) as reason:
        if isinstance(reason, RuntimeError) and not any(words in str(reason) for words in _WRITING):
            raise
        raise CheckFailed(
            f"the head of {job.files.source} cannot be written to {job.folder}: {reason}",
            cure="free space, or point STILTBOARD_CACHE elsewhere; the same command then goes on",
        ) from reason
    return Trained(recipe.taken(len(job.train)), int(trainer.state.global_step), round(float(trainer.state.best_metric), 4))


def _save(trainer: Any, tokenizer: Any, folder: Path) -> None:
    """Save the model whole with its tokenizer and the log of its training; the Trainer's own pickle of arguments goes."""
    trainer.save_model(str(folder))
    tokenizer.save_pretrained(str(folder))
    (folder / "training_args.bin").unlink(missing_ok=True)
    trainer.state.save_to_json(str(folder / "log.json"))


def _waited_enough(last: Path, recipe: Recipe) -> bool:
    """Tell whether training had ended early when this was saved: the Trainer would begin one more step."""
    callbacks = json.loads((last / _STATE).read_text()).get("stateful_callbacks", {})
    waited = callbacks.get("EarlyStoppingCallback", {}).get("attributes", {}).get("early_stopping_patience_counter", 0)
    return recipe.patience is not None and waited >= recipe.patience


def _arguments(job: Job, at_once: int, steps_an_epoch: int) -> transformers.TrainingArguments:
    recipe = job.recipe
    # One process takes all of a machine's GPUs side by side: together they hold what is taken at once.
    devices = max(1, torch.cuda.device_count()) if job.device == "cuda" else 1
    each = max(1, at_once // devices)
    every = math.ceil(steps_an_epoch / math.ceil(steps_an_epoch / _STEPS))
    return transformers.TrainingArguments(
        output_dir=str(job.folder / "steps"),
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=each,
        gradient_accumulation_steps=math.ceil(recipe.batch_size / (each * devices)),
        learning_rate=recipe.learning_rate,
        warmup_steps=recipe.warmup,
        weight_decay=recipe.weight_decay,
        seed=job.seed,
        data_seed=job.seed,
        bf16=job.in_bfloat16,
        use_cpu=job.device == "cpu",
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
        logging_nan_inf_filter=False,
        disable_tqdm=True,
        report_to="none",
        remove_unused_columns=False,
        dataloader_pin_memory=job.device.startswith("cuda"),
    )


def _fresh(job: Job) -> tuple[Any, Any]:
    """Open the encoder with a fresh head for the target, whatever head the checkpoint may carry."""
    files, target = job.files, job.target
    files.check_length(job.recipe.max_length)
    with opening(files.source):
        model, info, tokenizer = load(files, target, dtype=torch.float32, ignore_mismatched_sizes=True, **label_names(target))
    base = f"{model.base_model_prefix}."
    lacking = {*info["missing_keys"], *(str(key[0]) for key in info["mismatched_keys"])}
    lacking = {name for name in lacking if name.startswith(base) and not name.startswith(f"{base}pooler.")}
    if lacking:
        raise BadInput(
            f"the weights of {files.source} lack {len(lacking)} tensors of {type(model).__name__}: {', '.join(sorted(lacking)[:3])} …",
            cure="they would be random: save the whole encoder",
        )
    transformers.set_seed(job.seed)
    drawn = type(model)(model.config).state_dict()
    model.load_state_dict({name: value for name, value in drawn.items() if not name.startswith(base)}, strict=False)
    if job.recipe.freeze_embeddings:
        for parameter in model.get_input_embeddings().parameters():
            parameter.requires_grad_(False)
    return model, tokenizer


def _last_whole(steps: Path) -> Path | None:
    """Return the last checkpoint that was saved whole, and remove what a kill left half written."""
    for folder in sorted(steps.glob("checkpoint-*"), key=lambda path: -int(path.name.rpartition("-")[2])):
        try:
            json.loads((folder / _STATE).read_text())  # written last
        except (OSError, ValueError):
            shutil.rmtree(folder)
        else:
            return folder
    return None


class ByLength(torch.utils.data.Sampler[int]):
    """Give the examples of an epoch in random order, but those of one step of like length: half of what is padded is saved.

    A random permutation is cut into runs of 50 steps, each run is sorted by length and cut into steps, and the steps of all runs
    are shuffled, so that lengths come in no order. It depends on seed and epoch alone, so a resumed run sees the same.
    """

    def __init__(self, lengths: Sequence[int], batch: int, seed: int) -> None:
        self._lengths, self._batch, self._seed, self._epoch = np.asarray(lengths), batch, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order is given next; the Trainer calls it."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng([self._seed, self._epoch])
        order = rng.permutation(len(self._lengths))
        steps: list[Any] = []
        for start in range(0, len(order), _RUN * self._batch):
            run = order[start : start + _RUN * self._batch]
            run = run[np.argsort(-self._lengths[run], kind="stable")]
            steps += [run[first : first + self._batch] for first in range(0, len(run), self._batch)]
        # What is shorter than a step goes last: in between it would shift all that follow.
        whole, rest = [step for step in steps if len(step) == self._batch], [step for step in steps if len(step) < self._batch]
        for number in rng.permutation(len(whole)):
            yield from whole[number].tolist()
        for step in rest:
            yield from step.tolist()


class _Pad:
    """Put features of different lengths into one batch."""

    def __init__(self, tokenizer: Any) -> None:
        self._pad = tokenizer.pad_token_id

    def __call__(self, rows: Sequence[Feature]) -> dict[str, torch.Tensor]:
        longest = max(len(row.input.ids) for row in rows)

        def padded(lists: Sequence[Any], fill: int) -> torch.Tensor:
            return torch.tensor([values + [fill] * (longest - len(values)) for values in lists])

        batch = {
            "input_ids": padded([row.input.ids for row in rows], self._pad),
            "attention_mask": padded([[1] * len(row.input.ids) for row in rows], 0),
        }
        if rows[0].input.types is not None:
            batch["token_type_ids"] = padded([row.input.types or [] for row in rows], 0)
        for name, value in rows[0].answer.items():
            answers = [row.answer[name] for row in rows]
            batch[name] = padded(answers, IGNORED) if isinstance(value, list) else torch.tensor(answers)
        return batch


@dataclass(frozen=True)
class _English:
    """The held-out English text, scored as a target is."""

    target: Target
    dev: Examples
    tokenizer: Any
    recipe: Recipe

    def score(self, model: Any) -> float:
        """Return the target's score on it in points."""
        predictor = Predictor(model, self.tokenizer, None, max_length=self.recipe.max_length, stride=self.recipe.stride)
        kind = PREDICTED[self.target.kind]
        return kind.score(self.target, kind.run(self.target, self.dev, predictor)).score


class _OnEnglish(transformers.Trainer):  # type: ignore[misc]  # transformers is untyped here
    """Evaluate by the very score that the target reports, so that no second definition of it can differ."""

    english: _English
    order: ByLength

    def _get_train_sampler(self, *_: Any) -> ByLength:
        return self.order

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Score the held-out English text; the result is logged and told to the callbacks as the Trainer does."""
        model = self.accelerator.unwrap_model(self.model)
        model.eval()
        metrics = {"eval_score": self.english.score(model)}
        self.log(metrics)
        self.control: Any = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


class _Report(transformers.TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Tell the observer how training goes on, end it when the loss is lost, and save now and then."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._saved = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if time.monotonic() - self._saved > _SECONDS:
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._saved = time.monotonic()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        logs = logs or {}
        if "loss" in logs:
            if not np.isfinite(logs["loss"]):
                raise CheckFailed(
                    f"the loss of step {state.global_step} is not finite", cure="a lower learning_rate in the submission's finetuning"
                )
            self._observer.trained(int(state.global_step), int(state.max_steps), float(logs["loss"]))
        elif "eval_score" in logs:
            self._observer.say(f"step {state.global_step:,} of {state.max_steps:,}: {logs['eval_score']:.2f} on held-out English")
