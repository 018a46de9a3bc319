"""Many submissions on one target, compared each with each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from harness.statistics.levels import Sample, influences, interaction, is_parallel, scores_of, standard_error

Floats = NDArray[np.float64]

# Degrees of freedom where no seeds vary: Student's t is the normal distribution.
_MANY = 1e9


@dataclass(frozen=True)
class Entrant:
    """One submission on one target: its score, a fraction, and what is unsure about it.

    `examples` holds the unit-less contributions by which two submissions are paired, one vector over all examples of all
    languages, centred and scaled so that its sum of squares is the examples' variance of the score; None where only that
    `variance` is known, so that a comparison is unpaired. `interaction` is the part of the variance that other seeds would
    change too. `seeds` holds the score of each seed; a single one speaks of the recipe only where nothing was `trained`.
    """

    score: float
    variance: float
    seeds: Floats
    interaction: float = 0.0
    trained: bool = True
    examples: Floats | None = None

    @property
    def speaks_of_the_recipe(self) -> bool:
        """Tell whether what another training would have given is known."""
        return len(self.seeds) > 1 or not self.trained


def entrant(sample: Sample) -> Entrant:
    """Return a submission as it enters a ranking, its score linear in its examples (exactly for means, to first order for F1)."""
    scores = np.stack([scores_of(examples) for examples in sample.languages], axis=1)  # (seeds, languages)
    cells = [influences(examples) for examples in sample.languages]  # (seeds, n) a language
    if is_parallel([sample]):
        cells = [np.mean(cells, axis=0)]
    parts, shared = [], 0.0
    for values in cells:
        n = values.shape[1]
        mean = values.mean(axis=0)
        parts.append((mean - mean.mean()) / (len(cells) * np.sqrt(n * max(1, n - 1))))
        shared += interaction(values) / (len(values) * n * len(cells) ** 2) if len(values) > 1 else 0.0
    examples = np.concatenate(parts)
    return Entrant(
        score=float(scores.mean()),
        variance=float(examples @ examples),
        seeds=scores.mean(axis=1),
        interaction=shared,
        trained=sample.trained,
        examples=examples,
    )


@dataclass(frozen=True)
class Differences:
    """Row − column of each two scores (n, n), with its standard error and Student's degrees of freedom."""

    size: Floats
    error: Floats
    freedom: Floats

    @property
    def p(self) -> Floats:
        """Return the two-sided p values of no difference, before any correction; 1 on the diagonal."""
        size = np.abs(self.size)
        statistic = np.divide(size, self.error, out=np.where(size > 0, np.inf, 0.0), where=self.error > 0)
        return np.asarray(np.minimum(1.0, 2 * stdtr(self.freedom, -statistic)))


def differences(entrants: Sequence[Entrant]) -> Differences:
    """Compare each two: the examples' error, paired where both have them, and the seeds', where both speak of their recipe.

    It is what `difference_claims` draws, in closed form, for as many submissions as a leaderboard has.
    """
    n = len(entrants)
    scores = np.array([each.score for each in entrants])
    recipe = np.array([each.speaks_of_the_recipe for each in entrants], dtype=bool)
    both = recipe[:, None] & recipe[None, :]
    shared = np.array([each.interaction if len(each.seeds) > 1 else 0.0 for each in entrants])
    examples = _examples(entrants)
    examples = np.where(both, np.maximum(0.0, examples - shared[:, None] - shared[None, :]), examples)
    errors = [standard_error([each.seeds]) for each in entrants]
    squares = np.array([error.size**2 for error in errors])
    # σ⁴/ν of each, which add up as Welch has it.
    fourth = squares**2 / np.array([error.freedom for error in errors])
    seeds, unsure = (np.where(both, each[:, None] + each[None, :], 0.0) for each in (squares, fourth))
    welch = np.divide(seeds**2, unsure, out=np.full((n, n), _MANY), where=unsure > 0)
    large = seeds * (1 + 2 / welch)  # as in `difference_claims`: a small spread must not claim many degrees of freedom
    freedom = np.divide((examples + large) ** 2 * welch, large**2, out=np.full((n, n), _MANY), where=large > 0)
    return Differences(scores[:, None] - scores[None, :], np.sqrt(examples + seeds), freedom)


def _examples(entrants: Sequence[Entrant]) -> Floats:
    """Return the examples' variance of each difference (n, n)."""
    variances = np.array([each.variance for each in entrants])
    paired = [i for i, each in enumerate(entrants) if each.examples is not None]
    covariance = np.zeros((len(entrants), len(entrants)))
    vectors = [each.examples for each in entrants if each.examples is not None]
    if len({len(vector) for vector in vectors}) == 1:
        rows = np.stack(vectors)
        covariance[np.ix_(paired, paired)] = rows @ rows.T
    return np.asarray(np.maximum(0.0, variances[:, None] + variances[None, :] - 2 * covariance))
