"""Train a head of the task's own format: a classifier, a regression, a tagger, spans, or masked words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors.torch import load_file
from torch import nn

from harness.data.similarity import ScoredPairs
from harness.data.tagging import TaggedSentences
from harness.errors import BadInput
from harness.models.tokenization import IGNORED
from harness.records import Batches, Task, TaskShare, TrainingRecipe
from harness.scoring.metrics.accuracy import accuracy
from harness.scoring.metrics.spearman import spearman
from harness.training.batches import ByLength, pad
from harness.training.features import Feature, features
from harness.training.intermediate.job import Opened
from harness.training.intermediate.objectives.head_layers import Labels, MaskedWords, new_head
from harness.training.intermediate.objectives.objective import (
    DevMeasures,
    Objective,
    Schedule,
    StepRunner,
)
from harness.training.intermediate.texts import SpreadText, TaskText, read_spread

_MASKED_SHARE = 0.15
_SCORED_AT_ONCE = 32
_LOSSES = {
    "pair_regression": "mean squared error of the score scaled to 0-1, read off the first token",
    "pair_classification": "cross-entropy of the label, read off the first token",
    "multiple_choice": "cross-entropy over the answers, read off the first token",
    "qa": "mean cross-entropy of the answer's first and last token",
    "tagging": "cross-entropy of the tag at each word's first sub-word",
    "mlm": "cross-entropy of 15 % masked tokens",
}


class HeadObjective(Objective):
    """The examples of a task, each in one language, and a head that predicts their labels."""

    formats = tuple(_LOSSES)
    head: Labels | MaskedWords

    def __init__(self, number: int, opened: Opened, text: TaskText) -> None:
        """Add the head; the one for masked words is the checkpoint's if any, the bias for scores their mean.

        From a bias of 0 the first steps would learn the mean, with gradients many times those of the task.
        """
        super().__init__(number, opened, text)
        assert isinstance(text, SpreadText)
        self.task = text.task if text.task.format != "tagging" or text.task.labels else _with_tags(text)
        self.head = new_head(self.task, opened.width, int(opened.encoder.config.vocab_size))
        if isinstance(self.head, MaskedWords):
            if opened.tokenizer.mask_token_id is None:
                raise BadInput(
                    f"the tokenizer of {opened.job.files.source} has no mask token",
                    cure="leave continued_mlm out",
                )
            files = opened.job.files.weight_files
            self.head.load({name: tensor for file in files for name, tensor in load_file(file).items()})
        elif self.task.format == "pair_regression":
            scores = [score for part in text.train if isinstance(part, ScoredPairs) for score in part.scores]
            nn.init.constant_(self.head.linear.bias, float(np.mean(scores)))
        self.rows, self.held_out = self._features(text.train), self._features(text.dev)

    def _features(self, texts: Sequence[Any]) -> list[Feature]:
        return [
            row
            for text in texts
            for row in features(self.task.labels, text, self.opened.tokenizer, self.opened.recipe)
        ]

    @classmethod
    def read(
        cls, task: Task, share: TaskShare, recipe: TrainingRecipe, seed: int, data: Path | None
    ) -> SpreadText:
        """Return the text of the task, spread over its languages, or over pairs of them in such batches."""
        crosslingual = recipe.batches is Batches.CROSSLINGUAL
        return read_spread(task, share.languages, share.examples, seed, data, crosslingual=crosslingual)

    @classmethod
    def description(cls, task: Task, share: TaskShare) -> str:
        """Describe the loss of the task's format."""
        return _LOSSES[task.format]

    @classmethod
    def metric(cls, task: Task) -> str:
        """Return the task's metric."""
        return task.metric

    @property
    def size(self) -> int:
        """Return the number of inputs, which for windows and long sentences is not that of examples."""
        return len(self.rows)

    def schedule(self, steps: int) -> Schedule:
        """Return the inputs in steps of similar length."""
        recipe = self.opened.recipe
        lengths = [row.tokens for row in self.rows]
        return Schedule(
            self.rows, SimilarLengths(lengths, recipe.batch_size, self.opened.job.seed + self.number)
        )

    def ids(self) -> Iterator[list[int]]:
        """Yield the token ids of training and held-out inputs."""
        return (item.ids for row in (*self.rows, *self.held_out) for item in row.inputs)

    def collate(self, rows: Sequence[Feature]) -> dict[str, Any]:
        """Return parts of as many rows as memory holds, padded; tokens are masked anew each time."""
        at_once = self.opened.at_once
        return {"parts": [self._padded(rows[i : i + at_once]) for i in range(0, len(rows), at_once)]}

    def _padded(self, rows: Sequence[Feature]) -> dict[str, Any]:
        tokenizer = self.opened.tokenizer
        batch: dict[str, Any] = pad(rows, tokenizer.pad_token_id)
        if self.task.format == "mlm":
            special = torch.tensor(
                [
                    tokenizer.get_special_tokens_mask(ids, already_has_special_tokens=True)
                    for ids in batch["input_ids"].tolist()
                ]
            )
            collator = transformers.DataCollatorForLanguageModeling(tokenizer, mlm_probability=_MASKED_SHARE)
            batch["input_ids"], batch["labels"] = collator.torch_mask_tokens(batch["input_ids"], special)
        return batch

    def backpropagate(self, runner: StepRunner, batch: Mapping[str, Any]) -> torch.Tensor:
        """Make one forward and backward pass for each part; the loss is the mean over the parts."""
        losses = []
        for part in batch["parts"]:
            with runner.autocast():
                # One loss for each GPU.
                loss = runner.model(**part, task=self.number)["loss"].mean() / len(batch["parts"])
            runner.backward(loss)
            losses.append(loss.detach())
        return torch.stack(losses).sum()

    def assess(self, model: nn.Module) -> DevMeasures | None:
        """Measure a model on the task's held-out rows."""
        if not self.task.metric:
            return None
        padding, at_once = self.opened.tokenizer.pad_token_id, min(self.opened.at_once, _SCORED_AT_ONCE)
        return assess_rows(model, self.number, self.task, self.held_out, padding, at_once)


@torch.inference_mode()
def assess_rows(
    model: nn.Module, number: int, task: Task, rows: Sequence[Feature], padding: int, at_once: int
) -> DevMeasures:
    """Measure a model in evaluation mode on rows of the task of this number.

    The score is Spearman's correlation; accuracy over inputs, over questions, or over words; or the share of
    windows in which both ends of the answer are right. The loss is the mean over the rows of their passes'.
    """
    device = next(model.parameters()).device
    order = sorted(range(len(rows)), key=lambda i: rows[i].tokens)
    predictions, gold, loss = [], [], 0.0
    for start in range(0, len(order), at_once):
        taken = order[start : start + at_once]
        batch = pad([rows[i] for i in taken], padding)
        output = model(**{name: tensor.to(device) for name, tensor in batch.items()}, task=number)
        loss += float(output["loss"]) * len(taken)
        logits = output["logits"].float().cpu().numpy()
        answers = {name: tensor.numpy() for name, tensor in batch.items()}
        predicted, expected = _predictions_and_gold(task, logits, answers)
        predictions.append(predicted)
        gold.append(expected)
    measure: Any = spearman if task.metric == "spearman" else accuracy
    score = 100 * float(measure(np.concatenate(predictions), np.concatenate(gold)))
    return DevMeasures(loss / max(1, len(rows)), score)


def _with_tags(text: SpreadText) -> Task:
    """Return a tagging task with the tags that its text has, in alphabetical order, as its labels."""
    tags = {
        tag
        for part in (*text.train, *text.dev)
        if isinstance(part, TaggedSentences)
        for sentence in part.tags
        for tag in sentence
    }
    return text.task.model_copy(update={"labels": tuple(sorted(tags))})


@dataclass(frozen=True)
class SimilarLengths:
    """The order of ByLength; examples that do not fill a step are left out, others than in other rounds.

    A task with more steps than it has examples for begins anew, in another order.
    """

    lengths: Sequence[int]
    batch: int
    seed: int

    def steps(self, epoch: int) -> Iterator[Sequence[int]]:
        """Yield steps without end."""
        whole = len(self.lengths) // self.batch * self.batch
        for repetition in count():
            order = ByLength(self.lengths, self.batch, self.seed)
            order.set_epoch(epoch * 1000 + repetition)
            rows = list(order)
            for start in range(0, whole, self.batch):  # what does not fill a step comes last
                yield rows[start : start + self.batch]


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
