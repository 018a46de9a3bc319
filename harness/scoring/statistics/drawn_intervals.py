"""The intervals of scores that older results state: drawn, level by level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.scoring.statistics.claims import LANGUAGES_FOR_A_GENERAL_CLAIM
from harness.scoring.statistics.resampling import Floats, overlap_f1, overlaps, resampled_sums
from harness.scoring.statistics.samples import Sample, influences, interaction, is_parallel, scores_of

REPLICATES = 10_000
_Interval = tuple[float, float]
_Error = tuple[float, float]  # the standard error and its degrees of freedom


def drawn_intervals(
    sample: Sample, *, replicates: int = REPLICATES, level: float = 0.95, seed: int = 0
) -> tuple[_Interval, _Interval | None]:
    """Return the intervals of a score for these languages and for languages in general, as fractions.

    Examples, seeds and languages are drawn together `replicates` times: examples by the bootstrap, jointly
    for all languages where row i is the same example in all of them; seeds and languages by the standard
    error of their means, with Student's tails and Satterthwaite's degrees of freedom, their interactions
    counted once. The second is None with fewer than three languages. `score_claims` replaced this method;
    what it gave in a stored result is checked by it.
    """
    rng = np.random.default_rng(seed)
    cells = list(sample.languages)
    scores = np.stack([scores_of(examples) for examples in cells], axis=1)  # (seeds, languages)
    by_language = scores.mean(axis=0)
    seeds_vary = sample.seeds > 1

    def narrowed(draws: Floats, parts: Sequence[Floats]) -> Floats:
        return draws * _factor_without_interaction(parts) if seeds_vary else draws

    def interval(columns: slice, draws: Floats, *, general: bool = False) -> _Interval:
        estimate = float(by_language[columns].mean())
        errors = [_seed_error(scores[:, columns].mean(axis=1))] if seeds_vary else []
        errors += [_language_error(by_language, scores if seeds_vary else None)] if general else []
        drawn = estimate + _combined_deviations(draws, errors, rng)
        low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
        # Without any variance, rounding must not move a bound past the estimate.
        return min(float(low), estimate), max(float(high), estimate)

    drawn = [_bootstrap_deviations(cell, replicates, rng) for cell in cells]
    # In the order of the method: the intervals of the languages take their draws first.
    languages = [interval(slice(i, i + 1), narrowed(draws, [cells[i]])) for i, draws in enumerate(drawn)]
    if len(cells) == 1:
        return languages[0], None
    parallel = is_parallel([sample])
    if parallel:
        joint = np.mean(cells, axis=0)
        mean = narrowed(_bootstrap_deviations(joint, replicates, rng), [joint])
    else:
        mean = narrowed(np.mean(drawn, axis=0), cells)
    these = interval(slice(None), mean)
    if len(cells) < LANGUAGES_FOR_A_GENERAL_CLAIM:
        return these, None
    # Of examples that are not parallel, the variance between languages already includes their variance.
    low, high = interval(slice(None), mean if parallel else np.zeros(replicates), general=True)
    return these, (min(low, these[0]), max(high, these[1]))


def _bootstrap_deviations(examples: Floats, replicates: int, rng: np.random.Generator) -> Floats:
    """Return draws (replicates,) of the change of a score of examples (seeds, n) or (seeds, n, 3)."""
    n = examples.shape[1]
    if examples.ndim == 2:
        values = examples.mean(axis=0)
        return np.asarray(resampled_sums(values[:, None], replicates, rng)[:, 0] / n - values.mean())
    # The columns are 2 for each seed.
    rows = overlaps(examples).transpose(1, 0, 2).reshape(n, -1)
    drawn = overlap_f1(resampled_sums(rows, replicates, rng).reshape(replicates, -1, 2))
    return np.asarray(drawn.mean(axis=1) - scores_of(examples).mean())


def _factor_without_interaction(cells: Sequence[Floats]) -> float:
    """Return the standard error over examples without their interaction with seeds, divided by the whole."""
    whole = shared = 0.0
    for cell in cells:
        linear = influences(cell)  # (seeds, n)
        contrast = linear.mean(axis=0)
        n = len(contrast)
        whole += float(np.var(contrast, ddof=1)) / n if n > 1 else 0.0
        shared += interaction(linear) / len(linear) / n
    return float(np.sqrt(max(0.0, 1 - shared / whole))) if whole > 0 else 1.0


def _combined_deviations(examples: Floats, errors: Sequence[_Error], rng: np.random.Generator) -> Floats:
    """Add normal draws of the errors to the deviations over examples, and stretch the sum to Student's t."""
    nonzero = [error for error in errors if error[0] > 0]
    if not nonzero:
        return examples
    squares = np.array([size**2 for size, _ in nonzero])
    freedoms = np.array([freedom for _, freedom in nonzero])
    inflated = squares * (1 + 2 / freedoms)
    freedom = (float(np.var(examples)) + inflated.sum()) ** 2 / np.sum(inflated**2 / freedoms)
    drawn = examples + np.sqrt(squares.sum()) * rng.standard_normal(len(examples))
    return np.asarray(drawn * np.sqrt(freedom / rng.chisquare(freedom, size=len(drawn))))


def _seed_error(means: Floats) -> _Error:
    return float(np.sqrt(np.var(means, ddof=1) / len(means))), len(means) - 1


def _language_error(by_language: Floats, scores: Floats | None) -> _Error:
    """Return the error of the mean over languages, without the interaction of seeds and languages."""
    count = len(by_language)
    shared = 0.0 if scores is None else interaction(scores) / len(scores)
    return float(np.sqrt(max(0.0, float(np.var(by_language, ddof=1)) - shared) / count)), count - 1
