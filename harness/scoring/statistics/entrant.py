"""One submission on one target, as the input of comparisons and ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.scoring.statistics.moderation import NO_PRIORS, Priors, seed_variance
from harness.scoring.statistics.resampling import Floats
from harness.scoring.statistics.samples import Sample, influences, interaction, is_parallel, scores_of


@dataclass(frozen=True)
class Entrant:
    """One submission on one target: its score, a fraction, and the terms of its variance.

    `examples` is what each example adds to the score (to first order for F1), one vector whose sum is the
    score, used to pair two submissions; None where only the `variance` of the score over examples is known,
    so that a comparison is unpaired. Within each of the languages, whose numbers of examples are `lengths`,
    its deviations from their mean are scaled so that the sum of their squares is the variance. With `keys`
    (examples,) the examples of two submissions are those of equal keys, and others add nothing; `lengths` is
    then empty and the sum 0. `interaction` is the part of the variance that varies with the seed. `seeds` has
    the score of each seed; a single one describes the recipe only where nothing was `trained`. `count` is the
    number of examples, of parallel ones counted once. Entrants of one `design` have matched seeds. `regime`
    names the prior of the variance of seeds. `binary` is the number of languages where the values are the
    right and wrong answers of one seed, 0 for other values.
    """

    score: float
    variance: float
    seeds: Floats
    interaction: float = 0.0
    trained: bool = True
    examples: Floats | None = None
    count: float = np.inf
    design: str | None = None
    regime: str = ""
    lengths: tuple[int, ...] = ()
    keys: Floats | None = None
    binary: int = 0

    @property
    def has_training_variance(self) -> bool:
        """Return whether variation between trainings is known: there are several seeds, or no training."""
        return len(self.seeds) > 1 or not self.trained

    @property
    def shared(self) -> float:
        """Return the part of the variance over examples that the seeds' spread contains too."""
        return self.interaction if len(self.seeds) > 1 else 0.0


def entrant(sample: Sample, regime: str = "", keys: Floats | None = None) -> Entrant:
    """Return a sample as an entrant; contributions of examples are exact for means, first order for F1.

    `keys` (examples,) identify the examples of F1 in the order of the languages, where two submissions do not
    have the same ones.
    """
    scores = np.stack([scores_of(examples) for examples in sample.languages], axis=1)  # (seeds, languages)
    by_language = [influences(examples) for examples in sample.languages]  # (seeds, n) each
    language_scores = scores.mean(axis=0)
    if is_parallel([sample]):
        by_language, language_scores = [np.mean(by_language, axis=0)], language_scores.mean(keepdims=True)
    contributions, variance, shared = [], 0.0, 0.0
    count = len(by_language)
    for values, score in zip(by_language, language_scores, strict=True):
        n = values.shape[1]
        mean = values.mean(axis=0)
        centred = (mean - mean.mean()) * np.sqrt(n / max(1, n - 1)) / (count * n)
        variance += float(centred @ centred)
        shared += interaction(values) / (len(values) * n * count**2) if len(values) > 1 else 0.0
        contributions.append(centred if keys is not None else centred + score / (count * n))
    return Entrant(
        score=float(scores.mean()),
        variance=variance,
        seeds=scores.mean(axis=1),
        interaction=shared,
        trained=sample.trained,
        examples=np.concatenate(contributions),
        count=sum(values.shape[1] for values in by_language),
        design=sample.design,
        regime=regime,
        lengths=tuple(values.shape[1] for values in by_language) if keys is None else (),
        keys=keys,
        binary=len(sample.languages) if all(map(are_right_or_wrong, sample.languages)) else 0,
    )


def are_right_or_wrong(examples: Floats) -> bool:
    """Tell whether these are the right and wrong answers of one seed."""
    return examples.ndim == 2 and len(examples) == 1 and bool(np.isin(examples, (0, 1)).all())


@dataclass(frozen=True)
class SeedTerms:
    """The squared standard errors over seeds (n,), σ⁴/ν of these, and the ν that a comparison may not exceed.

    Entrants without several seeds have zeros, and an infinite ν.
    """

    squares: Floats
    fourths: Floats
    limits: Floats


def seed_terms(entrants: Sequence[Entrant], priors: Priors = NO_PRIORS) -> SeedTerms:
    """Return what the seeds of each entrant add to the variance of a difference.

    Variances that borrow from one prior err together, so that two of them have no more degrees of freedom
    than one has.
    """
    squares, fourths, limits = (
        np.zeros(len(entrants)),
        np.zeros(len(entrants)),
        np.full(len(entrants), np.inf),
    )
    for i, one in enumerate(entrants):
        if len(one.seeds) > 1:
            variance = seed_variance(one.seeds, one.score, priors.get(one.regime))
            squares[i] = variance.square / len(one.seeds)
            fourths[i] = squares[i] ** 2 / variance.freedom
            limits[i] = variance.freedom if variance.borrowed else np.inf
    return SeedTerms(squares, fourths, limits)


def aligned(entrants: Sequence[Entrant]) -> tuple[Floats | None, tuple[int, ...]]:
    """Return the contributions of entrants with examples as rows, and the numbers of them by language.

    None where the entrants do not have the same examples. Examples with keys are those of any entrant, with
    nothing where another has none.
    """
    vectors = [one.examples for one in entrants if one.examples is not None]
    keys = [one.keys for one in entrants if one.keys is not None]
    if keys and len(keys) == len(vectors):
        columns = np.unique(np.concatenate(keys))
        rows = np.zeros((len(vectors), len(columns)))
        for row, key, vector in zip(rows, keys, vectors, strict=True):
            row[np.searchsorted(columns, key)] = vector
        return rows, ()
    if len({(len(one.examples), one.lengths) for one in entrants if one.examples is not None}) != 1:
        return None, ()
    return np.stack(vectors), entrants[0].lengths
