"""Estimate the board's prior of the variance over seeds from its results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from harness.catalog import target_of
from harness.records import Result, SeedPriors, Submission
from harness.scoring.target_priors import SeedScores, estimated_priors
from harness.store import find_submissions, load_results, load_submission, load_training


def fitted_priors(submissions: Path) -> SeedPriors:
    """Return the prior that the rows of a board give: all complete results by today's protocols.

    Only scores are read, no outcomes. Raises BadInput where a submission cannot be read.
    """
    return estimated_priors(
        row for slug in find_submissions(submissions) for row in _seed_scores(submissions / slug)
    )


def _seed_scores(folder: Path) -> Iterator[SeedScores]:
    submission = load_submission(folder)
    if not isinstance(submission, Submission) or len(submission.checkpoints) < 2:
        return
    training = load_training(folder)
    for result in load_results(folder):
        target = target_of(result)
        if result.covers(target.languages) and not target.is_former(result.signature):
            yield SeedScores(
                result.target,
                submission.intermediate.regime.value,
                _by_seed(result),
                training.design(result.checkpoints) if training else None,
            )


def _by_seed(result: Result) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the score of each seed, a fraction: the mean over the languages."""
    return np.array(
        [
            float(np.mean([checkpoint.scores[name].score for name in checkpoint.scores])) / 100
            for checkpoint in result.checkpoints
        ]
    )
