"""Results → what enters a ranking: the score with what is unsure about it, paired by the examples where these are at hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from harness.records import Regime, Result, Submission, Target, Training
from harness.scoring.outcomes import cells
from harness.scoring.statistics.multilevel import Sample
from harness.scoring.statistics.pairwise import Entrant, entrant
from harness.scoring.tables import units

if TYPE_CHECKING:
    import pyarrow as pa

# Half the width of a 95 % interval in standard errors.
_HALF = 1.959964


def paired_entrant(
    target: Target,
    submission: Submission,
    result: Result,
    outcomes: pa.Table,
    training: Training | None = None,
) -> Entrant:
    """Return a whole result with its examples, by which two submissions are paired, and by their seeds where `training` matches them.

    Raises ValueError, or KeyError for a column, where the outcomes lack what the result says.
    """
    found = cells(outcomes)
    seeds = [checkpoint.seed for checkpoint in result.checkpoints]
    for cell in ((seed, language) for seed in seeds for language in target.languages):
        if cell not in found:
            raise ValueError(f"has no rows of seed {cell[0]} in {cell[1]!r}")
    languages = [units(target, [found[seed, language] for seed in seeds]) for language in target.languages]
    design = training.design(result.checkpoints) if training else None
    found_entrant = entrant(Sample(languages, target.parallel, _trained(submission, result), design))
    # What was mined differs from submission to submission: its sentences have no common order.
    return replace(found_entrant, examples=None) if target.kind == "mining" else found_entrant


def unpaired_entrant(target: Target, submission: Submission, result: Result) -> Entrant:
    """Return a whole result by its intervals alone, as if every submission had examples of its own: more is called a tie.

    Of a translated set luck on one example may be luck in all its languages: their errors are averaged, not
    their squares.
    """
    errors = np.array([_error(result, language) for language in target.languages])
    together = float(errors.mean()) if target.parallel else math.sqrt(float(errors @ errors)) / len(errors)
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
        variance=together**2,
        seeds=scores,
        trained=_trained(submission, result),
        count=min(counts) if target.parallel else sum(counts),
    )


def _error(result: Result, language: str) -> float:
    """Return the examples' standard error of one language, a fraction, from the mean width of the seeds' intervals.

    A bootstrap of examples that are all alike has none: at least that of Wilson's interval without a success
    is taken.
    """
    scores = [checkpoint.scores[language] for checkpoint in result.checkpoints]
    widths = [max(float(np.ptp(score.interval)) / 100, _HALF**2 / (score.n + _HALF**2)) for score in scores]
    return float(np.mean(widths)) / 2 / _HALF


def _trained(submission: Submission, result: Result) -> bool:
    """Tell whether another training would have given other weights."""
    return submission.intermediate.regime is not Regime.NONE or any(
        checkpoint.head for checkpoint in result.checkpoints
    )
