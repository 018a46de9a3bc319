"""A callback of transformers' Trainer that measures the model and leaves the training as it was."""

from __future__ import annotations

import random
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any, Protocol

import numpy as np
import torch
import transformers

from harness.errors import StiltboardError, WrongUsage


class Measure(Protocol):
    """What is measured of a model in training."""

    def prepare(self, model: Any, tokenizer: Any) -> None:
        """Read what every measurement needs; raises StiltboardError where the model cannot be measured."""

    def scores(self) -> Mapping[str, float]:
        """Return scores of the model of now, by name."""

    def close(self) -> None:
        """Remove what `prepare` wrote."""


class PeriodicEvaluation(transformers.TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Measures every `every` steps and at the end, or, without `every`, whenever the Trainer evaluates.

    Scores are logged as `eval_…` wherever the Trainer reports to, and are among the metrics of its own
    evaluations at that step, so that `metric_for_best_model` and early stopping may name one. The random
    state is restored; one of several processes measures. A model that cannot be measured raises before the
    first step; a later failure is a warning, and the training goes on.
    """

    def __init__(self, measure: Measure, every: int | None) -> None:
        if every is not None and every < 1:
            raise WrongUsage(f"every is {every}, which is no number of steps", cure="every=1000, or None")
        self._measure, self._every = measure, every
        self._measured: tuple[int, dict[str, float]] | None = None
        self._prepared = False

    def __repr__(self) -> str:
        when = "at every evaluation" if self._every is None else f"every {self._every} steps"
        return f"{type(self).__name__} of {self._measure}, {when}"

    def on_train_begin(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Prepare the measurements, so that what hinders them is known before the training."""
        self._measured = None
        self._prepare(args, state, others)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Measure at every multiple of `every`."""
        if self._every is not None and state.global_step % self._every == 0:
            self._run(state)

    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: dict[str, float] | None = None, **others: Any
    ) -> None:
        """Add the scores of this step to the Trainer's own metrics, measured now where `every` is None."""
        if self._every is None:
            in_training = self._prepared
            if not in_training:
                self._measured = None  # the weights may be others than at this step of a training
                self._prepare(args, state, others)
            self._run(state)
            if not in_training:
                self._close()
        if metrics is not None and self._measured is not None and self._measured[0] == state.global_step:
            metrics |= self._measured[1]

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Measure at the last step, unless an earlier step's weights have been loaded as the best."""
        if self._every is not None and not args.load_best_model_at_end:
            self._run(state)
        self._close()

    def _prepare(self, args: Any, state: Any, others: Mapping[str, Any]) -> None:
        if state.is_world_process_zero:
            _refuse_sharded(args)
            with _random_state_kept():
                self._measure.prepare(others["model"], others.get("processing_class"))
            self._prepared = True

    def _close(self) -> None:
        if self._prepared:
            self._measure.close()
            self._prepared = False

    def _run(self, state: Any) -> None:
        """Measure and log, once at each step."""
        step = int(state.global_step)
        if not state.is_world_process_zero or (self._measured is not None and self._measured[0] == step):
            return
        self._measured = step, {}
        try:
            with _random_state_kept():
                scores = {f"eval_{name}": value for name, value in self._measure.scores().items()}
        except StiltboardError as error:
            warnings.warn(f"step {step} is not evaluated: {error}", RuntimeWarning, stacklevel=2)
            return
        self._measured = step, scores
        _calling_trainer().log(dict(scores))


def _calling_trainer() -> Any:
    """Return the Trainer that calls: it tells a callback everything but who logs."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if isinstance(owner := frame.f_locals.get("self"), transformers.Trainer):
            return owner
        frame = frame.f_back
    raise WrongUsage("no Trainer called this callback", cure="Trainer(…, callbacks=[harness.callback(…)])")


def _refuse_sharded(args: Any) -> None:
    """Refuse trainings in which no process has all of the weights."""
    if getattr(args, "deepspeed", None) or getattr(args, "fsdp", None):
        raise WrongUsage(
            "the weights are sharded over processes (FSDP or DeepSpeed), where none has the whole model",
            cure="evaluate the saved checkpoints: stiltboard evaluate RUN/checkpoint-* -t TARGET",
        )


@contextmanager
def _random_state_kept() -> Iterator[None]:
    """Restore the random states of Python, NumPy and torch on all devices, so that no batch changes."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
