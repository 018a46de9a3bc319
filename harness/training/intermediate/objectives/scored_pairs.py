"""Make the cosine of two sentences follow their score: CoSENT, or regression."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from harness.records import Task, TaskShare, VectorRegression
from harness.scoring.metrics.spearman import spearman
from harness.training.intermediate.items import Items
from harness.training.intermediate.objectives.pairs import PairObjective
from harness.training.intermediate.vectors import normalized


class ScoredObjective(PairObjective):
    """Two sentences and a score from 0 to 1, such as STS-B's, as sentence vectors."""

    formats = ("pair_regression",)

    @classmethod
    def metric(cls, task: Task) -> str:
        """Return Spearman's correlation."""
        return "spearman"

    @classmethod
    def description(cls, task: Task, share: TaskShare) -> str:
        """Describe the loss."""
        settings = share.objective
        assert isinstance(settings, VectorRegression)
        if settings.loss == "cosent":
            return f"CoSENT over the pairs of the batch, cosine times {settings.scale:g}"
        return "mean squared error of cosine and score scaled to 0-1"

    def facts(self, items: Items, numbers: NDArray[np.intp]) -> torch.Tensor:
        """Return the scores, (pairs,)."""
        return torch.from_numpy(items.scores[numbers])

    def loss(self, vectors: torch.Tensor, facts: torch.Tensor) -> torch.Tensor:
        """Return the loss that the recipe names."""
        settings = self.share.objective
        assert isinstance(settings, VectorRegression)
        cosines = (normalized(vectors[0]) * normalized(vectors[1])).sum(dim=-1)
        if settings.loss == "cosent":
            return cosent(cosines, facts, settings.scale)
        return functional.mse_loss(cosines, facts.to(cosines.dtype))

    def score(self, vectors: torch.Tensor, facts: torch.Tensor) -> float:
        """Return Spearman's correlation of cosines and scores."""
        cosines = (normalized(vectors[0]) * normalized(vectors[1])).sum(dim=-1)
        return spearman(cosines.double().cpu().numpy(), facts.cpu().numpy())


def cosent(cosines: torch.Tensor, scores: torch.Tensor, scale: float) -> torch.Tensor:
    """Return log(1 + Σ exp(scale · (cosine of j − cosine of i))) over i, j with score of i > score of j.

    Source: Su Jianlin. 2022. CoSENT. https://kexue.fm/archives/8847. Cosines and scores are (pairs,).
    """
    differences = scale * (cosines[None, :] - cosines[:, None])  # [i, j]
    wrong = scores[:, None] > scores[None, :]
    return torch.cat([cosines.new_zeros(1), differences[wrong]]).logsumexp(dim=0)
