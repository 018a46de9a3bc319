"""Results → entrants of a ranking: scores with uncertainty, paired by example if outcomes exist; pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from harness.records import Regime, Result, Submission, Target, Training
from harness.scoring.outcomes import cells
from harness.scoring.statistics.entrant import Entrant
from harness.scoring.target_entrant import target_entrant

if TYPE_CHECKING:
    import pyarrow as pa

# Half the width of a 95 % interval in standard errors.
_HALF_WIDTH = 1.959964


def paired_entrant(
    target: Target,
    submission: Submission,
    result: Result,
    outcomes: pa.Table,
    training: Training | None = None,
) -> Entrant:
    """Return the entrant of a complete result with its examples, by which two submissions are paired.

    Where `training` gives both the same design, seeds are paired too. Raises ValueError, or KeyError for a
    column, where the outcomes lack rows that the result reports.
    """
    outcome_cells = cells(outcomes)
    seeds = [checkpoint.seed for checkpoint in result.checkpoints]
    for cell in ((seed, language) for seed in seeds for language in target.languages):
        if cell not in outcome_cells:
            raise ValueError(f"has no rows for seed {cell[0]} in {cell[1]!r}")
    return target_entrant(
        target,
        {language: [outcome_cells[seed, language] for seed in seeds] for language in target.languages},
        trained=_trained(submission, result),
        regime=submission.intermediate.regime.value,
        design=training.design(result.checkpoints) if training else None,
    )


def unpaired_entrant(target: Target, submission: Submission, result: Result) -> Entrant:
    """Return the entrant of a complete result from its intervals alone, as if no examples were shared.

    This calls more differences a tie. In a translated set, chance on one example may be the same in all
    languages: their errors are averaged, not their squares.
    """
    errors = np.array([_error(result, language) for language in target.languages])
    error = float(errors.mean()) if target.parallel else math.sqrt(float(errors @ errors)) / len(errors)
    counts = [
        min(checkpoint.scores[language].n for checkpoint in result.checkpoints)
        for language in target.languages
    ]
    seeds = [
        math.fsum(c.scores[language].score for language in target.languages) / len(target.languages)
        for c in result.checkpoints
    ]
    scores = np.array(seeds) / 100
    return Entrant(
        score=float(scores.mean()),
        variance=error**2,
        seeds=scores,
        trained=_trained(submission, result),
        regime=submission.intermediate.regime.value,
        count=min(counts) if target.parallel else sum(counts),
    )


def _error(result: Result, language: str) -> float:
    """Return the standard error over examples in one language, a fraction, from the mean interval width.

    The bootstrap interval of identical outcomes has no width: it is taken to be at least as wide as Wilson's
    interval without a success.
    """
    scores = [checkpoint.scores[language] for checkpoint in result.checkpoints]
    widths = [
        max(float(np.ptp(score.interval)) / 100, _HALF_WIDTH**2 / (score.n + _HALF_WIDTH**2))
        for score in scores
    ]
    return float(np.mean(widths)) / 2 / _HALF_WIDTH


def _trained(submission: Submission, result: Result) -> bool:
    """Tell whether another training seed would have given other weights."""
    return submission.intermediate.regime is not Regime.NONE or any(
        checkpoint.head for checkpoint in result.checkpoints
    )
