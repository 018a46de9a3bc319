"""Shared parts of trainings with transformers' Trainer: resumption, memory limits, full disks, progress."""

from __future__ import annotations

import gc
import json
import math
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
import transformers
from safetensors import SafetensorError

from harness.errors import CheckFailed, Unwritable
from harness.models.forward_passes import is_out_of_memory
from harness.reporter import Reporter
from harness.stopping import is_stopping, stop_here

Output = TypeVar("Output")
# The file that the Trainer writes last into a checkpoint.
STATE = "trainer_state.json"
# Seconds between checkpoints: the most that a kill can lose.
_SECONDS = 120.0
# Parts of torch's messages for a file that cannot be written.
_WRITING = ("inline_container", "PytorchStreamWriter", "No space left")


class Optimisation(Protocol):
    """The settings of an optimisation that both kinds of recipes have."""

    @property
    def epochs(self) -> int:
        """Return the number of passes over the examples."""

    @property
    def learning_rate(self) -> float:
        """Return the highest learning rate."""

    @property
    def batch_size(self) -> int:
        """Return the number of examples a step."""

    @property
    def warmup(self) -> float:
        """Return the share of steps, or from 1 on the number of steps, in which the rate rises."""

    @property
    def weight_decay(self) -> float:
        """Return AdamW's weight decay."""


def within_memory(
    train: Callable[[int], Output],
    batch_size: int,
    *,
    first: int | None = None,
    on_gpu: bool,
    reporter: Reporter,
    what: str,
    cure: str,
) -> Output:
    """Call `train` with the number of examples at a time, and with fewer whenever memory runs out.

    It begins with `first`, by default all of a step, which stay the same. Raises CheckFailed, which names
    `what`, when memory is too small for one example.
    """
    at_once = first or batch_size
    while True:
        try:
            return train(at_once)
        except (MemoryError, RuntimeError) as fault:
            if not is_out_of_memory(fault):
                raise
            if at_once == 1:
                raise CheckFailed(
                    f"{what} runs out of memory with one example at a time", cure=cure
                ) from fault
        # Only a divisor keeps the number of examples in a step.
        at_once = next(part for part in range(at_once // 2, 0, -1) if batch_size % part == 0)
        reporter.report(f"out of memory: {at_once} examples at a time, accumulated to {batch_size}")
        gc.collect()
        if on_gpu:
            torch.cuda.empty_cache()


@contextmanager
def writing(what: str, folder: Path, cure: str) -> Iterator[None]:
    """Turn a failed write into Unwritable, which names `what` was written, the folder and the cure."""
    try:
        yield
    except (OSError, SafetensorError, RuntimeError) as reason:
        if isinstance(reason, RuntimeError) and not any(words in str(reason) for words in _WRITING):
            raise
        raise Unwritable(f"{what} cannot be written to {folder}: {reason}", cure=cure) from reason


def arguments(
    folder: Path,
    recipe: Optimisation,
    *,
    device: str,
    bfloat16: bool,
    seed: int,
    at_once: int,
    **more: Any,
) -> transformers.TrainingArguments:
    """Return the arguments that all trainings share; `at_once` is the number of examples on all devices."""
    # One process uses all of a machine's GPUs in parallel.
    devices = max(1, torch.cuda.device_count()) if device == "cuda" else 1
    per_device = max(1, at_once // devices)
    return transformers.TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=per_device,
        gradient_accumulation_steps=math.ceil(recipe.batch_size / (per_device * devices)),
        num_train_epochs=recipe.epochs,
        learning_rate=recipe.learning_rate,
        warmup_steps=recipe.warmup,
        weight_decay=recipe.weight_decay,
        seed=seed,
        data_seed=seed,
        bf16=bfloat16,
        use_cpu=device == "cpu",
        logging_nan_inf_filter=False,
        disable_tqdm=True,
        report_to="none",
        remove_unused_columns=False,
        dataloader_pin_memory=device.startswith("cuda"),
        **more,
    )


def last_complete_checkpoint(steps: Path) -> Path | None:
    """Return the last completely written checkpoint, and delete incomplete ones that a kill left."""
    for folder in sorted(steps.glob("checkpoint-*"), key=lambda path: -int(path.name.rpartition("-")[2])):
        try:
            json.loads((folder / STATE).read_text())
        except (OSError, ValueError):
            shutil.rmtree(folder)
        else:
            return folder
    return None


class ProgressCallback(transformers.TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Report progress, end the training when the loss is not finite, and save at intervals."""

    def __init__(self, reporter: Reporter, cure: str) -> None:
        """Take the `cure` of the error for a loss that is not finite."""
        self._reporter, self._cure = reporter, cure
        self._saved = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Request a checkpoint when the last one is old, and where the training is asked to end."""
        if time.monotonic() - self._saved > _SECONDS or is_stopping():
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Note the time of the checkpoint; end the training here where that is asked for."""
        self._saved = time.monotonic()
        stop_here()

    def on_log(
        self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any
    ) -> None:
        """Report step and loss, or a score on held-out text; raises CheckFailed if the loss is not finite."""
        logs = logs or {}
        if "loss" in logs:
            if not np.isfinite(logs["loss"]):
                raise CheckFailed(f"the loss of step {state.global_step} is not finite", cure=self._cure)
            self._reporter.trained(int(state.global_step), int(state.max_steps), float(logs["loss"]))
        elif "eval_score" in logs:
            self._reporter.report(
                f"step {state.global_step:,} of {state.max_steps:,}: "
                f"{logs['eval_score']:.2f} on held-out English"
            )
