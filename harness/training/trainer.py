"""What every training with transformers' Trainer shares: going on after a kill, too little memory, full disks, and the news."""

from __future__ import annotations

import gc
import json
import math
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
import transformers
from safetensors import SafetensorError

from harness.errors import CheckFailed
from harness.models.forward_passes import is_out_of_memory
from harness.reporter import Reporter

Made = TypeVar("Made")
# Written last into what the Trainer saves.
STATE = "trainer_state.json"
# Saved once in so many seconds: what a kill costs at most.
_SECONDS = 120.0
# What torch says when a file of its own cannot be written.
_WRITING = ("inline_container", "PytorchStreamWriter", "No space left")


def within_memory(
    train: Callable[[int], Made], batch_size: int, *, on_gpu: bool, reporter: Reporter, what: str, cure: str
) -> Made:
    """Call `train` with how many examples a device takes at a time, fewer whenever memory runs out, never fewer a step.

    Raises CheckFailed, which says `what` it was, when memory is too small for one example.
    """
    at_once = batch_size
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
        # Only a divisor leaves a step what it is.
        at_once = next(part for part in range(at_once // 2, 0, -1) if batch_size % part == 0)
        reporter.report(f"out of memory: {at_once} examples at a time, accumulated to {batch_size}")
        gc.collect()
        if on_gpu:
            torch.cuda.empty_cache()


@contextmanager
def kept(what: str, folder: Path, cure: str) -> Iterator[None]:
    """Turn a failure to write into CheckFailed, which says what could not be written, where, and the cure."""
    try:
        yield
    except (OSError, SafetensorError, RuntimeError) as reason:
        if isinstance(reason, RuntimeError) and not any(words in str(reason) for words in _WRITING):
            raise
        raise CheckFailed(f"{what} cannot be written to {folder}: {reason}", cure=cure) from reason


def arguments(
    folder: Path, *, device: str, bfloat16: bool, seed: int, batch_size: int, at_once: int, **more: Any
) -> transformers.TrainingArguments:
    """Return the Trainer's arguments that do not depend on what is trained; `at_once` examples lie on the devices together."""
    # One process takes all of a machine's GPUs side by side.
    devices = max(1, torch.cuda.device_count()) if device == "cuda" else 1
    each = max(1, at_once // devices)
    return transformers.TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=each,
        gradient_accumulation_steps=math.ceil(batch_size / (each * devices)),
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


def last_whole(steps: Path) -> Path | None:
    """Return the last checkpoint that was saved whole, and remove what a kill left half written."""
    for folder in sorted(steps.glob("checkpoint-*"), key=lambda path: -int(path.name.rpartition("-")[2])):
        try:
            json.loads((folder / STATE).read_text())
        except (OSError, ValueError):
            shutil.rmtree(folder)
        else:
            return folder
    return None


class ProgressCallback(transformers.TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Tell the reporter how training goes on, end it when the loss is lost, and save now and then."""

    def __init__(self, reporter: Reporter, cure: str) -> None:
        """`cure` says what helps when the loss is lost."""
        self._reporter, self._cure = reporter, cure
        self._saved = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Ask for a checkpoint when the last is old."""
        if time.monotonic() - self._saved > _SECONDS:
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Note that there is one."""
        self._saved = time.monotonic()

    def on_log(
        self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any
    ) -> None:
        """Tell step and loss, or a score on held-out text."""
        logs = logs or {}
        if "loss" in logs:
            if not np.isfinite(logs["loss"]):
                raise CheckFailed(f"the loss of step {state.global_step} is not finite", cure=self._cure)
            self._reporter.trained(int(state.global_step), int(state.max_steps), float(logs["loss"]))
        elif "eval_score" in logs:
            self._reporter.report(
                f"step {state.global_step:,} of {state.max_steps:,}: {logs['eval_score']:.2f} on held-out English"
            )
