"""Train a re-ranker: a query and a passage, read together, get a score of relevance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from harness.models.tokenization import pair_inputs
from harness.records import Reranking, Task, TaskShare
from harness.training.batches import pad
from harness.training.features import Feature
from harness.training.intermediate.family_head import RelevanceHead
from harness.training.intermediate.hard_negatives import mine_negatives
from harness.training.intermediate.items import Items
from harness.training.intermediate.job import Opened
from harness.training.intermediate.objectives.objective import DevMeasures, StepRunner
from harness.training.intermediate.objectives.planned import Pair, PlannedObjective
from harness.training.intermediate.texts import TaskText

FOLDER = "reranker"
"""In the folder of the encoder: the whole model, with its head."""

_QUERY, _PASSAGE = 0, 1
# Queries that are scored at once on held-out text.
_SCORED_AT_ONCE = 8


class RelevanceObjective(PlannedObjective):
    """The inputs of a pair are the query with the right passage, and with each of its negatives.

    The binary loss is that of R. Nogueira and K. Cho 2019 (arXiv 1901.04085), the listwise one the localized
    contrastive estimation of L. Gao et al. 2021 (arXiv 2101.08751).
    """

    formats = ("text_pairs",)
    head: RelevanceHead

    def __init__(self, number: int, opened: Opened, text: TaskText) -> None:
        super().__init__(number, opened, text)
        assert isinstance(self.share.objective, Reranking)
        self.settings = self.share.objective
        self.head = RelevanceHead(opened.encoder, opened.job.files.source)

    @classmethod
    def metric(cls, task: Task) -> str:
        """Return the mean reciprocal rank, of the right passage among its negatives."""
        return "mrr"

    @classmethod
    def description(cls, task: Task, share: TaskShare) -> str:
        """Describe the loss."""
        assert isinstance(share.objective, Reranking)
        over = "relevant or not" if share.objective.loss == "binary" else "the right passage among them"
        return f"cross-entropy of {over}, {share.objective.negatives} negatives of a query mined by BM25"

    def _pairs(
        self, items: Items, numbers: NDArray[np.intp], first: NDArray[np.intp], second: NDArray[np.intp]
    ) -> list[Pair]:
        """Return each query in its first language, with passages in its second: the right one is first."""
        negatives = mine_negatives(items, self.settings.negatives)
        queries, passages = [], []
        for item, query_language, language in zip(numbers, first, second, strict=True):
            for passage in (item, *negatives[item, language]):
                queries.append(items.text(_QUERY, int(item), int(query_language)))
                passages.append(items.text(_PASSAGE, int(passage), int(language)))
        inputs = pair_inputs(self.opened.tokenizer, queries, passages, self.opened.recipe.max_length)
        width = 1 + self.settings.negatives
        return [Pair(tuple(inputs[i * width : (i + 1) * width]), int(item)) for i, item in enumerate(numbers)]

    def collate(self, rows: Sequence[Pair]) -> dict[str, Any]:
        """Return the inputs of the queries of a step, as many queries a part as memory holds."""
        return {"parts": self._parts(rows, self.opened.at_once)}

    def _parts(self, rows: Sequence[Pair], at_once: int) -> list[dict[str, torch.Tensor]]:
        padding = self.opened.tokenizer.pad_token_id
        return [
            pad([Feature(row.inputs, {}) for row in rows[start : start + at_once]], padding)
            for start in range(0, len(rows), at_once)
        ]

    def backpropagate(self, runner: StepRunner, batch: Mapping[str, Any]) -> torch.Tensor:
        """Make one forward and backward pass for each part; the loss is the mean over the parts."""
        losses = []
        for part in batch["parts"]:
            with runner.autocast():
                scores = self._by_query(runner.model(**part, task=self.number)["scores"])
                loss = relevance_loss(scores, listwise=self._is_listwise) / len(batch["parts"])
            runner.backward(loss)
            losses.append(loss.detach())
        return torch.stack(losses).sum()

    @torch.inference_mode()
    def assess(self, model: nn.Module) -> DevMeasures | None:
        """Return the loss, and the mean reciprocal rank of the right passage; it comes last in a tie."""
        device = next(model.parameters()).device
        parts = self._parts(self._held_out, _SCORED_AT_ONCE)
        scores = torch.cat(
            [
                model(**{name: tensor.to(device) for name, tensor in part.items()}, task=self.number)[
                    "scores"
                ]
                for part in parts
            ]
        )
        by_query = self._by_query(scores.float())
        rank = (by_query >= by_query[:, :1]).sum(dim=1)
        loss = float(relevance_loss(by_query, listwise=self._is_listwise))
        return DevMeasures(loss, 100 * float((1 / rank).mean()))

    def save(self, folder: Path) -> None:
        """Save the whole re-ranker."""
        (folder / FOLDER).mkdir(parents=True, exist_ok=True)
        self.head.save(self.opened.encoder, self.opened.job.files, folder / FOLDER)

    @property
    def _is_listwise(self) -> bool:
        return self.settings.loss == "listwise"

    def _by_query(self, scores: torch.Tensor) -> torch.Tensor:
        return scores.view(-1, 1 + self.settings.negatives)


def relevance_loss(scores: torch.Tensor, *, listwise: bool) -> torch.Tensor:
    """Return the mean loss of scores (queries, 1 + negatives), of which the first is the right passage's."""
    if listwise:
        right = torch.zeros(len(scores), dtype=torch.long, device=scores.device)
        return functional.cross_entropy(scores, right)
    relevant = torch.zeros_like(scores)
    relevant[:, 0] = 1
    return functional.binary_cross_entropy_with_logits(scores, relevant)
