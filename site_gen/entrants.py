"""Results → what enters a ranking: the score with what is unsure about it, paired by the examples where these are at hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from harness.outcomes import cells, units
from harness.records import Regime, Result, Submission, Target
from harness.statistics.entrants import Entrant, entrant
from harness.statistics.levels import Sample

if TYPE_CHECKING:
    import pyarrow as pa

# Half the width of a 95 % interval in standard errors.
_HALF = 1.959964


def paired_entrant(target: Target, submission: Submission, result: Result, outcomes: pa.Table) -> Entrant:
    """Return a whole result with its examples, by which two submissions are paired.

    Raises ValueError, or KeyError for a column, where the outcomes lack what the result says.
    """
    found = cells(outcomes)
    seeds = [checkpoint.seed for checkpoint in result.checkpoints]
    for cell in ((seed, language) for seed in seeds for language in target.languages):
        if cell not in found:
            raise ValueError(f"has no rows of seed {cell[0]} in {cell[1]!r}")
    languages = [units(target, [found[seed, language] for seed in seeds]) for language in target.languages]
    found_entrant = entrant(Sample(languages, target.parallel, _trained(submission, result)))
    # What was mined differs from submission to submission: its sentences have no common order.
    return replace(found_entrant, examples=None) if target.kind == "mining" else found_entrant


def unpaired_entrant(target: Target, submission: Submission, result: Result) -> Entrant:
    """Return a whole result by its intervals alone, as if every submission had examples of its own: more is called a tie."""
    variance = 0.0
    for language in target.languages:
        widths = [np.ptp(checkpoint.scores[language].interval) for checkpoint in result.checkpoints]
        variance += (float(np.mean(widths)) / 100 / 2 / _HALF / len(target.languages)) ** 2
    seeds = [math.fsum(c.scores[language].score for language in target.languages) / len(target.languages) for c in result.checkpoints]
    scores = np.array(seeds) / 100
    return Entrant(float(scores.mean()), variance, scores, trained=_trained(submission, result))


def _trained(submission: Submission, result: Result) -> bool:
    """Tell whether another training would have given other weights."""
    return submission.intermediate.regime is not Regime.NONE or any(checkpoint.head for checkpoint in result.checkpoints)
