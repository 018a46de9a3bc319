"""Intervals and p values of scores and differences, with variance over seeds, languages and examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.scoring.statistics.resampling import (
    Floats,
    overlap_f1,
    overlaps,
    resampled_sums,
    signed_sums,
)
from harness.scoring.statistics.samples import Sample, are_matched, influences, is_parallel, scores_of

# The examples of one language: one array (seeds, n) or (seeds, n, 3) for each of the one or two samples.
_Cell = Sequence[Floats]

REPLICATES = 10_000
# With fewer languages, Student's interval over languages is too wide to be of use.
LANGUAGES_FOR_A_GENERAL_CLAIM = 3


@dataclass(frozen=True)
class Error:
    """A standard error and its degrees of freedom."""

    size: float
    freedom: float


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
    the two samples were compared seed by seed.
    """

    recipe: bool
    languages: tuple[Claim, ...]
    these: Claim
    general: Claim | None
    matched: bool = False


def score_claims(
    sample: Sample, *, replicates: int = REPLICATES, level: float = 0.95, seed: int = 0
) -> Claims:
    """Return the claims about a score, the unweighted mean over languages of the mean over seeds.

    The method is that of `difference_claims`.
    """
    return _claims([sample], replicates, level, np.random.default_rng(seed))


def difference_claims(
    first: Sample, second: Sample, *, replicates: int = REPLICATES, level: float = 0.95, seed: int = 0
) -> Claims:
    """Return the claims about second − first, paired by example and averaged over the same languages.

    Three sources of variance are drawn together `replicates` times:

    - examples: resampled within each language, jointly for both samples and all seeds, and jointly for all
      languages where row i is the same example in all of them;
    - seeds, where both samples have several or were not trained: the standard error of the mean over seeds,
      with Student's tails. Resampling three seeds would underestimate their variance by a third and ignore
      the tails. Where the seeds are matched by design it is the standard error of the mean difference over
      seeds, which excludes the effect that a seed has on both samples;
    - languages, for the claim about languages in general: likewise.

    All seeds are run on the same examples, so that the interaction of the two adds to the variance of both
    levels; as in an analysis of variance it is counted once, by narrowing the draws of the lower level. Where
    seeds do not vary, the p value is that of the permutation test, which exchanges the two systems example by
    example. Raises ValueError where the two do not have the same languages and examples.
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
    return _claims([first, second], replicates, level, np.random.default_rng(seed))


@dataclass(frozen=True)
class _Draws:
    """The deviations of a contrast under resampled examples, and its permutation distribution.

    Both are (replicates,); `permuted` is None where seeds vary.
    """

    deviations: Floats
    permuted: Floats | None

    @classmethod
    def mean(cls, draws: Sequence[_Draws]) -> _Draws:
        """Return the draws of the mean of independent contrasts."""
        permuted = [contrast.permuted for contrast in draws if contrast.permuted is not None]
        return cls(
            np.mean([contrast.deviations for contrast in draws], axis=0),
            np.mean(permuted, axis=0) if permuted else None,
        )

    def narrowed(self, factor: float) -> _Draws:
        """Return the draws with the deviations multiplied by the factor."""
        return _Draws(factor * self.deviations, self.permuted)


def _claims(samples: Sequence[Sample], replicates: int, level: float, rng: np.random.Generator) -> Claims:
    cells: list[_Cell] = list(zip(*(sample.languages for sample in samples), strict=True))
    if any(examples.shape[1] == 0 for cell in cells for examples in cell):
        raise ValueError("a resampling needs at least one example in every language")
    recipe = all(sample.has_training_variance for sample in samples)
    seeds_vary = any(sample.seeds > 1 for sample in samples)
    # One array (seeds, languages) for each sample.
    scores = [np.stack([scores_of(examples) for examples in sample.languages], axis=1) for sample in samples]
    by_language = _contrast([matrix.mean(axis=0) for matrix in scores])
    matched = len(samples) == 2 and are_matched(*((sample.design, sample.seeds) for sample in samples))
    if matched:
        scores = [_contrast(scores)]

    def draw(cell: _Cell) -> _Draws:
        return _Draws(
            _bootstrap_deviations(cell, replicates, rng),
            _permuted_differences(cell, replicates, rng) if len(cell) == 2 and not seeds_vary else None,
        )

    def factor(cells: Sequence[_Cell]) -> float:
        return _factor_without_interaction(cells, matched) if recipe and seeds_vary else 1.0

    def claim(columns: slice, draws: _Draws, *, general: bool = False) -> Claim:
        estimate = float(by_language[columns].mean())
        errors = [standard_error([matrix[:, columns].mean(axis=1) for matrix in scores])] if recipe else []
        errors += [_language_error(by_language, scores if recipe else [])] if general else []
        drawn = estimate + _combined_deviations(draws.deviations, errors, rng)
        low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
        p = (
            _two_sided_p(drawn)
            if general or draws.permuted is None
            else _permutation_p(estimate, draws.permuted)
        )
        # Without any variance, rounding must not move a bound past the estimate.
        return Claim(
            estimate,
            (min(float(low), estimate), max(float(high), estimate)),
            p if len(samples) == 2 else None,
        )

    drawn = [draw(cell) for cell in cells]
    languages = tuple(
        claim(slice(i, i + 1), draws.narrowed(factor([cells[i]]))) for i, draws in enumerate(drawn)
    )
    if len(cells) == 1:
        return Claims(recipe, languages, languages[0], None, matched)
    parallel = is_parallel(samples)
    joint: _Cell = [np.mean(sample.languages, axis=0) for sample in samples] if parallel else ()
    mean = draw(joint).narrowed(factor([joint])) if parallel else _Draws.mean(drawn).narrowed(factor(cells))
    these = claim(slice(None), mean)
    if len(cells) < LANGUAGES_FOR_A_GENERAL_CLAIM:
        return Claims(recipe, languages, these, None, matched)
    # Of examples that are not parallel, the variance between languages already includes their variance.
    shared = mean if parallel else _Draws(np.zeros(replicates), None)
    general = _at_least_as_uncertain(claim(slice(None), shared, general=True), these)
    return Claims(recipe, languages, these, general, matched)


def _at_least_as_uncertain(general: Claim, these: Claim) -> Claim:
    """Return the general claim with an interval and a p value not smaller than those about these languages.

    They would be smaller where few languages are close together by chance.
    """
    low, high = zip(general.interval, these.interval, strict=True)
    p = None if general.p is None or these.p is None else max(general.p, these.p)
    return Claim(general.estimate, (min(low), max(high)), p)


def _contrast(values: Sequence[Floats]) -> Floats:
    """Return second − first, or the only array."""
    return values[-1] - values[0] if len(values) == 2 else values[0]


# ---- the variance of each level ----------------------------------------------------------------


def _bootstrap_deviations(cell: _Cell, replicates: int, rng: np.random.Generator) -> Floats:
    """Return draws (replicates,) of the change of the contrast under resampled examples."""
    n = cell[0].shape[1]
    if cell[0].ndim == 2:
        values = _contrast([examples.mean(axis=0) for examples in cell])
        return np.asarray(resampled_sums(values[:, None], replicates, rng)[:, 0] / n - values.mean())
    # The columns are 2 for each seed of each sample.
    rows = overlaps(np.concatenate(cell)).transpose(1, 0, 2).reshape(n, -1)
    drawn = overlap_f1(resampled_sums(rows, replicates, rng).reshape(replicates, -1, 2))
    by_sample = np.split(drawn, np.cumsum([len(examples) for examples in cell])[:-1], axis=1)
    estimate = _contrast([scores_of(examples).mean() for examples in cell])
    return np.asarray(_contrast([scores.mean(axis=1) for scores in by_sample]) - estimate)


def _factor_without_interaction(cells: Sequence[_Cell], matched: bool) -> float:
    """Return the standard error over examples without their interaction with seeds, divided by the whole."""
    whole = shared = 0.0
    for cell in cells:
        linear = [influences(examples) for examples in cell]  # (seeds, n) each
        if matched:
            linear = [_contrast(linear)]
        contrast = _contrast([values.mean(axis=0) for values in linear])
        n = len(contrast)
        whole += float(np.var(contrast, ddof=1)) / n if n > 1 else 0.0
        shared += sum(interaction(values) / len(values) for values in linear if len(values) > 1) / n
    return float(np.sqrt(max(0.0, 1 - shared / whole))) if whole > 0 else 1.0


def interaction(values: Floats) -> float:
    """Return the mean square of the interaction of rows and columns (rows, columns), 0 for one column.

    There must be at least two rows.
    """
    rows, columns = values.shape
    if columns < 2:
        return 0.0
    residuals = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
    return float(np.sum(residuals**2) / ((rows - 1) * (columns - 1)))


def _combined_deviations(examples: Floats, errors: Sequence[Error], rng: np.random.Generator) -> Floats:
    """Add normal draws of the errors to the deviations over examples, and stretch the sum to Student's t.

    The stretch √(ν/χ²) is drawn with Satterthwaite's degrees of freedom of the sum, so that the tails are
    those of t where few seeds dominate, and the bootstrap's shape remains where the examples do. A variance
    that is small by chance would also lead to many degrees of freedom; for ν alone each error's square is
    therefore taken 1 + 2/νᵢ times as large, which brings a coverage of 91.8 to 95.1 % with three seeds to
    93.4 to 95.6 % (docs/statistics.md). Source: F. E. Satterthwaite. 1946. Biometrics Bulletin 2(6), 110–114.
    """
    nonzero = [error for error in errors if error.size > 0]
    if not nonzero:
        return examples
    squares = np.array([error.size**2 for error in nonzero])
    freedoms = np.array([error.freedom for error in nonzero])
    inflated = squares * (1 + 2 / freedoms)
    freedom = (float(np.var(examples)) + inflated.sum()) ** 2 / np.sum(inflated**2 / freedoms)
    drawn = examples + np.sqrt(squares.sum()) * rng.standard_normal(len(examples))
    return np.asarray(drawn * np.sqrt(freedom / rng.chisquare(freedom, size=len(drawn))))


def standard_error(means: Sequence[Floats]) -> Error:
    """Return the standard error of a contrast of means over seeds (seeds,), with Welch's degrees of freedom.

    A single seed adds nothing; without any variance the error is 0 and the freedom infinite.
    Source: B. L. Welch. 1947. Biometrika 34(1/2), 28–35.
    """
    squares = [
        (float(np.var(values, ddof=1)) / len(values), len(values) - 1) for values in means if len(values) > 1
    ]
    total = sum(square for square, _ in squares)
    if total <= 0:
        return Error(0.0, np.inf)
    return Error(float(np.sqrt(total)), total**2 / sum(square**2 / freedom for square, freedom in squares))


def _language_error(by_language: Floats, scores: Sequence[Floats]) -> Error:
    """Return the standard error of the mean over languages, without the interaction of seeds and languages.

    `by_language` is (languages,), `scores` (seeds, languages) each.
    """
    count = len(by_language)
    shared = sum(interaction(matrix) / len(matrix) for matrix in scores if len(matrix) > 1)
    square = max(0.0, float(np.var(by_language, ddof=1)) - shared)
    return Error(float(np.sqrt(square / count)), count - 1)


# ---- tests -------------------------------------------------------------------------------------


def _two_sided_p(drawn: Floats) -> float:
    """Return twice the smaller share of draws on one side of 0, one more counted on both: p is never 0."""
    below, above = int(np.sum(drawn <= 0)), int(np.sum(drawn >= 0))
    return min(1.0, 2 * (min(below, above) + 1) / (len(drawn) + 1))


def _permutation_p(estimate: float, permuted: Floats) -> float:
    """Return the share of permuted differences that are at least as large as the estimate.

    Source: E. W. Noreen. 1989. Computer-Intensive Methods for Testing Hypotheses, 2.
    """
    # Sums of equal fractions differ in their last bits.
    return (1 + int(np.sum(np.abs(permuted) >= abs(estimate) - 1e-12))) / (len(permuted) + 1)


def _permuted_differences(cell: _Cell, replicates: int, rng: np.random.Generator) -> Floats:
    """Return differences (replicates,) of two systems exchanged at random on each example, one seed each."""
    # (n,) or (n, 2) each.
    (first,), (second,) = cell if cell[0].ndim == 2 else [overlaps(examples) for examples in cell]
    signed = signed_sums((second - first).reshape(len(first), -1), replicates, rng)
    if first.ndim == 1:
        return np.asarray(signed[:, 0] / len(first))
    total = (first + second).sum(axis=0)
    return overlap_f1((total + signed) / 2) - overlap_f1((total - signed) / 2)
