"""Rank the right text of a query above the others of its batch: InfoNCE on cosines."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from harness.records import PairRanking, Task, TaskShare
from harness.training.intermediate.items import Items
from harness.training.intermediate.job import Opened
from harness.training.intermediate.objectives.pairs import PairObjective
from harness.training.intermediate.texts import TaskText
from harness.training.intermediate.vectors import normalized


class RankingObjective(PairObjective):
    """Query, right text and, in some tasks, a wrong text (Oord et al. 2018, arXiv 1807.03748)."""

    formats = ("text_pairs", "translations", "mlm")

    def __init__(self, number: int, opened: Opened, text: TaskText) -> None:
        super().__init__(number, opened, text)
        assert isinstance(self.share.objective, PairRanking)
        self.settings = self.share.objective
        self.log_scale: nn.Parameter | None = None
        if self.settings.learnt_scale:
            # Its logarithm, so that it stays positive and a step changes it by a share.
            self.log_scale = nn.Parameter(torch.tensor(-math.log(self.settings.temperature)))
            self.head.register_parameter("log_scale", self.log_scale)

    @classmethod
    def metric(cls, task: Task) -> str:
        """Return the mean reciprocal rank."""
        return "mrr"

    @classmethod
    def description(cls, task: Task, share: TaskShare) -> str:
        """Describe the loss."""
        settings = share.objective
        assert isinstance(settings, PairRanking)
        scale = f"cosine / {settings.temperature:g}" + (", a learnt scale" if settings.learnt_scale else "")
        sides = "queries and passages" if settings.both_directions else "the passages"
        return f"cross-entropy over {sides} of the batch, {scale}"

    @property
    def rates(self) -> Mapping[nn.Parameter, float]:
        """Return the rate of the scale, where it has one of its own."""
        rate = self.settings.scale_rate
        return {self.log_scale: rate} if self.log_scale is not None and rate is not None else {}

    def prefixes(self) -> tuple[str, str]:
        """Return the prefixes of queries and passages, by default that of evaluation."""
        own = self.settings.query_prefix, self.settings.passage_prefix
        query, passage = (
            usual if prefix is None else prefix for prefix, usual in zip(own, super().prefixes(), strict=True)
        )
        return query, passage

    def facts(self, items: Items, numbers: NDArray[np.intp]) -> torch.Tensor:
        """Return the class of each text, equal for texts that mean the same, (pairs, sides)."""
        return torch.from_numpy(items.classes[numbers])

    def loss(self, vectors: torch.Tensor, facts: torch.Tensor) -> torch.Tensor:
        """Return the cross-entropy of the right texts."""
        scale = 1 / self.settings.temperature if self.log_scale is None else self.log_scale.exp()
        return ranking_loss(normalized(vectors), facts, scale, both=self.settings.both_directions)

    def score(self, vectors: torch.Tensor, facts: torch.Tensor) -> float:
        """Return the mean reciprocal rank of the right texts among all."""
        return mean_reciprocal_rank(normalized(vectors), facts)


def ranking_loss(
    vectors: torch.Tensor, classes: torch.Tensor, scale: torch.Tensor | float, *, both: bool
) -> torch.Tensor:
    """Return the mean cross-entropy of softmax(scale · cosine) over the texts of the batch.

    `vectors` (sides, pairs, width) have length 1: queries, right texts, and possibly wrong ones, which are
    candidates of every query. `classes` (pairs, sides) are equal for texts that mean the same: such a text is
    no negative. If `both`, the mean with the cross-entropy of the queries given the right texts.
    """
    queries, right = vectors[0], vectors[1]
    pairs = torch.arange(len(queries), device=vectors.device)
    same = same_texts(classes)
    logits = scale * (queries @ vectors[1:].flatten(0, 1).T)  # (pairs, candidates)
    loss = functional.cross_entropy(logits.masked_fill(same, -torch.inf), pairs)
    if not both:
        return loss
    backward = scale * (right @ queries.T)
    same_queries = same[:, : len(queries)].T
    return (loss + functional.cross_entropy(backward.masked_fill(same_queries, -torch.inf), pairs)) / 2


def same_texts(classes: torch.Tensor) -> torch.Tensor:
    """Return which candidates are no negatives of a query, (pairs, candidates), except its own right text.

    Those are texts that mean the same as the query or its right text, and the right texts of equal queries.
    """
    pairs, query, right = len(classes), classes[:, :1], classes[:, 1:2]
    candidates = classes[:, 1:].T.reshape(1, -1)
    same = (candidates == query) | (candidates == right)
    same[:, :pairs] |= query == query.T
    same[:, :pairs].fill_diagonal_(False)
    return same


def mean_reciprocal_rank(vectors: torch.Tensor, classes: torch.Tensor) -> float:
    """Return the mean of 1 / rank of each query's right text; of equal cosines the right one comes last."""
    cosines = vectors[0] @ vectors[1:].flatten(0, 1).T  # (pairs, candidates)
    own = cosines.diagonal().unsqueeze(1)
    rivals = (cosines >= own) & ~same_texts(classes)
    return float((1 / rivals.sum(dim=1)).mean())
