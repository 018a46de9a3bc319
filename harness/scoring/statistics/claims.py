"""Intervals and p values of scores and differences, with variance over seeds, languages and examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from harness.scoring.statistics.entrant import Entrant, entrant, seed_terms
from harness.scoring.statistics.moderation import NO_PRIORS, Priors
from harness.scoring.statistics.pairwise import Differences, differences
from harness.scoring.statistics.resampling import Floats
from harness.scoring.statistics.samples import Sample, interaction, is_parallel, scores_of

# With fewer languages, Student's interval over languages is too wide to be of use.
LANGUAGES_FOR_A_GENERAL_CLAIM = 3


@dataclass(frozen=True)
class Claim:
    """An estimate with its interval and the p value of no difference (None for a score), all fractions."""

    estimate: float
    interval: tuple[float, float]
    p: float | None


@dataclass(frozen=True)
class Claims:
    """The claims about each language, the mean of these languages, and languages in general.

    `general` is None with fewer than three languages. With `recipe` the claims are about the recipes: the
    variance between trainings is included. Otherwise they are about these checkpoints only. With `matched`
    the two samples were compared seed by seed; with `borrowed` a prior moderated the variance of seeds of the
    mean of these languages and of the general claim.
    """

    recipe: bool
    languages: tuple[Claim, ...]
    these: Claim
    general: Claim | None
    matched: bool = False
    borrowed: bool = False


@dataclass(frozen=True)
class _Part:
    """A variance that is estimated with some degrees of freedom."""

    square: float
    freedom: float


def score_claims(sample: Sample, *, level: float = 0.95) -> Claims:
    """Return the claims about a score, the unweighted mean over languages of the mean over seeds.

    A score's interval is that of its own seeds alone: no prior moderates it.
    """
    _require_examples([sample])

    def claim(part: Sample) -> Claim:
        one = entrant(part)
        examples, seeds = _score_parts(one)
        return _claim(one.score, examples, [seeds], level)

    languages = tuple(claim(_of_language(sample, i)) for i in range(len(sample.languages)))
    if len(languages) == 1:
        return Claims(sample.has_training_variance, languages, languages[0], None)
    these = claim(sample)
    general = None
    if len(languages) >= LANGUAGES_FOR_A_GENERAL_CLAIM:
        examples, seeds = _score_parts(entrant(sample))
        scores = [_by_seed(sample)] if sample.has_training_variance else []
        between = _language_part(_by_seed(sample).mean(axis=0), scores)
        known = examples if is_parallel([sample]) else 0.0
        general = _at_least_as_uncertain(_claim(these.estimate, known, [seeds, between], level), these)
    return Claims(sample.has_training_variance, languages, these, general)


def difference_claims(
    first: Sample,
    second: Sample,
    entrants: tuple[Entrant, Entrant] | None = None,
    priors: Priors = NO_PRIORS,
    *,
    level: float = 0.95,
) -> Claims:
    """Return the claims about second − first, paired by example and averaged over the same languages.

    The claim about these languages is that of `differences` for the two `entrants`, which without any are
    made from the samples: ranks, pages and comparisons have one number each. A language's claim is by its own
    seeds; a single language is the target, and has its claim. Raises ValueError where the two do not have the
    same languages and examples.
    """
    if len(first.languages) != len(second.languages):
        raise ValueError(
            f"paired systems need the same languages, got {len(first.languages)} and {len(second.languages)}"
        )
    for first_examples, second_examples in zip(first.languages, second.languages, strict=True):
        if first_examples.shape[1:] != second_examples.shape[1:]:
            raise ValueError(
                "paired systems need the same examples, "
                f"got {first_examples.shape[1:]} and {second_examples.shape[1:]}"
            )
    samples = [first, second]
    _require_examples(samples)
    pair = differences(entrants or [entrant(first), entrant(second)], priors)
    these = _difference_claim(pair, level)
    flags = bool(pair.recipe[0, 1]), bool(pair.matched[0, 1]), bool(pair.borrowed[0, 1])
    if len(first.languages) == 1:
        return Claims(flags[0], (these,), these, None, *flags[1:])
    languages = tuple(
        _difference_claim(differences([entrant(_of_language(sample, i)) for sample in samples]), level)
        for i in range(len(first.languages))
    )
    general = None
    if len(languages) >= LANGUAGES_FOR_A_GENERAL_CLAIM:
        scores = [_by_seed(sample) for sample in samples]
        by_language = scores[1].mean(axis=0) - scores[0].mean(axis=0)
        within = [scores[1] - scores[0]] if flags[1] else scores
        between = _language_part(by_language, within if flags[0] else [])
        seeds = _Part(float(pair.seed_error[0, 1]) ** 2, float(pair.seed_freedom[0, 1]))
        # Of examples that are not parallel, the variance between languages already includes their variance.
        known = float(pair.error[0, 1]) ** 2 - seeds.square if is_parallel(samples) else 0.0
        claim = _claim(these.estimate, max(0.0, known), [seeds, between], level, tested=True)
        general = _at_least_as_uncertain(claim, these)
    return Claims(flags[0], languages, these, general, *flags[1:])


def _require_examples(samples: Sequence[Sample]) -> None:
    if any(examples.shape[1] == 0 for sample in samples for examples in sample.languages):
        raise ValueError("an interval needs at least one example in every language")


def _of_language(sample: Sample, number: int) -> Sample:
    return Sample([sample.languages[number]], sample.parallel, sample.trained, sample.design)


def _by_seed(sample: Sample) -> Floats:
    """Return the scores (seeds, languages)."""
    return np.stack([scores_of(examples) for examples in sample.languages], axis=1)


def _score_parts(one: Entrant) -> tuple[float, _Part]:
    """Return a score's variance over examples, without what seeds contain of it, and that over seeds."""
    if not one.has_training_variance:
        return one.variance, _Part(0.0, np.inf)
    terms = seed_terms([one])
    square = float(terms.squares[0])
    freedom = square**2 / float(terms.fourths[0]) if square > 0 else np.inf
    return max(0.0, one.variance - one.shared), _Part(square, freedom)


def _difference_claim(pair: Differences, level: float) -> Claim:
    """Return the claim about second − first of two entrants."""
    estimate, half = float(pair.size[1, 0]), float(pair.half_width(level)[1, 0])
    return Claim(estimate, (estimate - half, estimate + half), float(pair.p[1, 0]))


def _claim(
    estimate: float, examples: float, parts: Sequence[_Part], level: float, *, tested: bool = False
) -> Claim:
    """Return the claim with a known variance over examples and estimated ones of seeds and languages.

    Degrees of freedom are Satterthwaite's, as in `combined_freedom`.
    """
    estimated = [part for part in parts if part.square > 0]
    error = float(np.sqrt(examples + sum(part.square for part in estimated)))
    inflated = [(part.square * (1 + 2 / part.freedom), part.freedom) for part in estimated]
    total = examples + sum(square for square, _ in inflated)
    freedom = total**2 / sum(square**2 / own for square, own in inflated) if inflated else np.inf
    half = float(stdtrit(freedom, 0.5 + level / 2)) * error
    p = None
    if tested:
        p = 2 * float(stdtr(freedom, -abs(estimate) / error)) if error > 0 else float(estimate == 0)
    return Claim(estimate, (estimate - half, estimate + half), p)


def _language_part(by_language: Floats, scores: Sequence[Floats]) -> _Part:
    """Return the squared error of the mean over languages, without the interaction of seeds and languages.

    `by_language` is (languages,), `scores` (seeds, languages) each.
    """
    count = len(by_language)
    shared = sum(interaction(matrix) / len(matrix) for matrix in scores if len(matrix) > 1)
    return _Part(max(0.0, float(np.var(by_language, ddof=1)) - shared) / count, count - 1)


def _at_least_as_uncertain(general: Claim, these: Claim) -> Claim:
    """Return the general claim with an interval and a p value not smaller than those about these languages.

    They would be smaller where few languages are close together by chance.
    """
    low, high = zip(general.interval, these.interval, strict=True)
    p = None if general.p is None or these.p is None else max(general.p, these.p)
    return Claim(general.estimate, (min(low), max(high)), p)
