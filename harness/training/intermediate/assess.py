"""Score an encoder on the held-out text of a task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from harness.models.tokenization import IGNORED
from harness.records import Task
from harness.scoring.metrics.accuracy import accuracy
from harness.scoring.metrics.spearman import spearman
from harness.training.batches import pad
from harness.training.features import Feature
from harness.training.intermediate.model import Multitask

_AT_ONCE = 32


@torch.inference_mode()
def dev_score(model: Multitask, number: int, task: Task, rows: Sequence[Feature], padding: int) -> float:
    """Return the task's metric on its held-out rows, in points.

    Spearman's correlation; accuracy over inputs, over questions, or over words; or the share of windows in
    which both ends of the answer are right.
    """
    model.eval()
    device = next(model.parameters()).device
    order = sorted(range(len(rows)), key=lambda i: rows[i].tokens)
    predictions, gold = [], []
    for start in range(0, len(order), _AT_ONCE):
        batch = pad([rows[i] for i in order[start : start + _AT_ONCE]], padding)
        logits = (
            model(**{name: tensor.to(device) for name, tensor in batch.items()}, task=number)["logits"]
            .float()
            .cpu()
            .numpy()
        )
        predicted, expected = _predictions_and_gold(
            task, logits, {name: tensor.numpy() for name, tensor in batch.items()}
        )
        predictions.append(predicted)
        gold.append(expected)
    model.train()
    measure: Any = spearman if task.metric == "spearman" else accuracy
    return 100 * float(measure(np.concatenate(predictions), np.concatenate(gold)))


def _predictions_and_gold(task: Task, logits: Any, batch: dict[str, Any]) -> tuple[Any, Any]:
    """Return the predictions and the gold answers, (answers,) each."""
    if task.format == "pair_regression":
        return logits, batch["labels"]
    if task.format == "tagging":
        marked = batch["labels"] != IGNORED
        return logits.argmax(-1)[marked], batch["labels"][marked]
    if task.format == "qa":
        tokens = np.int64(logits.shape[1])
        masked = np.where(batch["attention_mask"][..., None] == 1, logits, -np.inf).argmax(1)  # (windows, 2)
        return masked[:, 0] * tokens + masked[:, 1], batch["start_positions"] * tokens + batch[
            "end_positions"
        ]
    return logits.argmax(-1), batch["labels"]
