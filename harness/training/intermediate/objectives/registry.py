"""The objectives, by the name of their settings in a recipe; a task without settings trains a head."""

from __future__ import annotations

from collections.abc import Mapping

from harness.records import TaskShare
from harness.training.intermediate.objectives.distillation import DistillationObjective
from harness.training.intermediate.objectives.head import HeadObjective
from harness.training.intermediate.objectives.objective import Objective
from harness.training.intermediate.objectives.pair_ranking import RankingObjective
from harness.training.intermediate.objectives.relevance import RelevanceObjective
from harness.training.intermediate.objectives.scored_pairs import ScoredObjective

OBJECTIVES: Mapping[str | None, type[Objective]] = {
    None: HeadObjective,
    "pair_ranking": RankingObjective,
    "scored_pairs": ScoredObjective,
    "distillation": DistillationObjective,
    "reranking": RelevanceObjective,
}


def objective_of(share: TaskShare) -> type[Objective]:
    """Return the objective of a task in a recipe."""
    return OBJECTIVES[share.objective.name if share.objective is not None else None]
