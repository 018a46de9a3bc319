"""Batch the training examples of a head: their order, and padding to one length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from harness.models.tokenization import IGNORED
from harness.training.features import Feature

_RUN = 50


class ByLength(torch.utils.data.Sampler[int]):
    """Order the examples of an epoch at random, but with similar lengths in a step, which halves the padding.

    A random permutation is cut into runs of 50 steps, each run is sorted by length and cut into steps, and
    the steps of all runs are shuffled, so that lengths come in no order. The order depends on seed and epoch
    alone, so a resumed run has the same one.
    """

    def __init__(self, lengths: Sequence[int], batch: int, seed: int) -> None:
        self._lengths, self._batch, self._seed, self._epoch = np.asarray(lengths), batch, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch that is iterated next; the Trainer calls this."""
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
        # An incomplete step goes last: in between it would shift all that follow.
        whole, rest = (
            [step for step in steps if len(step) == self._batch],
            [step for step in steps if len(step) < self._batch],
        )
        for number in rng.permutation(len(whole)):
            yield from whole[number].tolist()
        for step in rest:
            yield from step.tolist()


def pad(rows: Sequence[Feature], padding: int) -> dict[str, torch.Tensor]:
    """Return the inputs of features as tensors (inputs, longest), and their answers by name."""
    inputs = [item for row in rows for item in row.inputs]
    longest = max(len(item.ids) for item in inputs)

    def padded(lists: Sequence[Any], fill: int) -> torch.Tensor:
        return torch.tensor([values + [fill] * (longest - len(values)) for values in lists])

    batch = {
        "input_ids": padded([item.ids for item in inputs], padding),
        "attention_mask": padded([[1] * len(item.ids) for item in inputs], 0),
    }
    if inputs[0].types is not None:
        batch["token_type_ids"] = padded([item.types or [] for item in inputs], 0)
    for name, value in rows[0].answer.items():
        answers = [row.answer[name] for row in rows]
        batch[name] = padded(answers, IGNORED) if isinstance(value, list) else torch.tensor(answers)
    return batch
