from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from harness.scoring.statistics.claims import difference_claims, score_claims
from harness.scoring.statistics.drawn_intervals import drawn_intervals
from harness.scoring.statistics.entrant import entrant
from harness.scoring.statistics.mcnemar import mcnemar
from harness.scoring.statistics.pairwise import differences
from harness.scoring.statistics.samples import Sample, influences, interaction, scores_of

Floats = NDArray[np.float64]


def answers(rng: np.random.Generator, seeds: int, n: int, share: float) -> Floats:
    return (rng.random((seeds, n)) < share).astype(np.float64)


def chunks(rng: np.random.Generator, seeds: int, n: int) -> Floats:
    gold = rng.integers(0, 6, n)
    proposed = rng.integers(0, 6, (seeds, n))
    hits = np.minimum(proposed, rng.binomial(gold, 0.7, (seeds, n)))
    return np.stack([hits, proposed, np.broadcast_to(gold, (seeds, n))], axis=2).astype(np.float64)


def test_one_seed_of_right_and_wrong_has_the_binomial_standard_error_and_no_claim_about_the_recipe() -> None:
    values = np.array([[1.0] * 600 + [0.0] * 400])
    claims = score_claims(Sample([values]))
    assert (claims.recipe, claims.general, claims.these.p) == (False, None, None)
    assert claims.these.estimate == 0.6
    error = np.sqrt(0.6 * 0.4 / 1000)
    assert claims.these.interval == pytest.approx((0.6 - 1.96 * error, 0.6 + 1.96 * error), abs=0.002)


def test_seeds_that_agree_on_every_example_leave_only_the_examples() -> None:
    values = answers(np.random.default_rng(0), 1, 500, 0.7)
    one = score_claims(Sample([values])).these.interval
    three = score_claims(Sample([np.repeat(values, 3, axis=0)]))
    assert three.recipe
    assert three.these.interval == pytest.approx(one, abs=0.002)


def test_seeds_that_differ_give_students_interval() -> None:
    # Examples without variance: each seed is right on a fixed share, which differs between trainings.
    shares = np.array([0.60, 0.66, 0.63])
    values = np.repeat(shares[:, None], 50, axis=1)
    claims = score_claims(Sample([values]))
    low, high = stats.t.interval(0.95, 2, loc=shares.mean(), scale=shares.std(ddof=1) / np.sqrt(3))
    # A little wider: the degrees of freedom are reduced.
    assert low - 0.004 < claims.these.interval[0] <= low + 0.001
    assert high - 0.001 <= claims.these.interval[1] < high + 0.004


def test_the_interaction_is_the_residual_mean_square_of_an_analysis_of_variance() -> None:
    # Rows that differ by 10, columns that differ by 1, and one cell larger by 4: residuals ±1 in four cells,
    # one degree of freedom.
    assert interaction(np.array([[0.0, 1.0], [10.0, 15.0]])) == pytest.approx(4.0)
    assert interaction(np.add.outer([0.0, 3.0, 9.0], [1.0, 5.0])) == pytest.approx(0.0)


def test_influences_are_the_derivative_of_f1() -> None:
    examples = chunks(np.random.default_rng(0), 2, 40)
    linear = influences(examples)
    assert linear.mean(axis=1) == pytest.approx([0.0, 0.0], abs=1e-12)
    step = 1e-6
    reweighted = examples.copy()
    reweighted[:, 7] *= 1 + step  # example 7 with slightly more weight
    derivative = (scores_of(reweighted) - scores_of(examples)) / step
    assert derivative == pytest.approx(linear[:, 7] / 40, rel=1e-3)


def test_a_difference_of_one_language_has_mcnemars_p_and_the_paired_interval() -> None:
    rng = np.random.default_rng(3)
    first = answers(rng, 1, 400, 0.6)
    second = first.copy()
    second[0, rng.choice(400, 60, replace=False)] = 1.0
    claims = difference_claims(Sample([first]), Sample([second]))
    assert claims.these.p == pytest.approx(mcnemar(first[0] > 0, second[0] > 0).p, abs=0.002)
    change = second[0] - first[0]
    error = change.std() / 20
    assert claims.these.interval == pytest.approx(
        (change.mean() - 1.96 * error, change.mean() + 1.96 * error), abs=0.003
    )
    noise = answers(rng, 1, 400, 0.6)
    permuted = difference_claims(Sample([first]), Sample([noise])).these.p
    assert permuted == pytest.approx(mcnemar(first[0] > 0, noise[0] > 0).p, abs=0.01)


def test_the_permutation_of_f1_equals_a_plain_loop() -> None:
    rng = np.random.default_rng(5)
    first, second = chunks(rng, 1, 60), chunks(rng, 1, 60)
    second[..., 2] = first[..., 2]
    observed = abs(float(scores_of(second)[0] - scores_of(first)[0]))
    exceeding = 0
    for _ in range(2000):
        swap = rng.random(60) < 0.5
        new_first, new_second = (
            np.where(swap[:, None], second[0], first[0]),
            np.where(swap[:, None], first[0], second[0]),
        )
        permuted = abs(float(scores_of(new_second[None])[0] - scores_of(new_first[None])[0]))
        exceeding += permuted >= observed - 1e-12
    p = difference_claims(Sample([first]), Sample([second])).these.p
    assert p == pytest.approx(exceeding / 2000, abs=0.03)


def test_equal_samples_do_not_differ_at_any_level() -> None:
    rng = np.random.default_rng(0)
    for seeds in (1, 3):
        sample = Sample([answers(rng, seeds, 100, 0.5) for _ in range(4)])
        claims = difference_claims(sample, sample)
        assert claims.these.estimate == 0.0
        assert claims.these.p is not None
        assert claims.these.p > 0.9
        assert claims.general is not None
        assert claims.general.interval[0] <= 0 <= claims.general.interval[1]
        assert claims.recipe == (seeds == 3)


def test_parallel_examples_are_counted_once() -> None:
    # The same 200 examples, of the same difficulty, in ten languages: they add no information.
    values = answers(np.random.default_rng(0), 1, 200, 0.5)
    width = {
        parallel: np.ptp(score_claims(Sample([values] * 10, parallel)).these.interval)
        for parallel in (False, True)
    }
    assert width[True] / width[False] == pytest.approx(np.sqrt(10), rel=0.05)


def test_a_claim_about_languages_in_general_needs_three_and_is_wider() -> None:
    rng = np.random.default_rng(0)
    samples = [
        Sample([answers(rng, 1, 300, share) for share in shares]) for shares in ((0.5, 0.6), (0.5, 0.6, 0.8))
    ]
    assert score_claims(samples[0]).general is None
    claims = score_claims(samples[1])
    assert claims.general is not None
    assert np.ptp(claims.general.interval) > 3 * np.ptp(claims.these.interval)


def test_a_claim_about_languages_in_general_is_at_least_as_uncertain_as_about_these() -> None:
    # Three languages of the same score by chance: no variance between languages.
    rng = np.random.default_rng(0)
    values = [rng.permutation([1.0] * 60 + [0.0] * 40)[None] for _ in range(3)]
    rolled = [np.roll(language, 7, axis=1) for language in values]
    better = [np.where(np.cumsum(language == 0, axis=1) <= 6, 1.0, language) for language in rolled]
    for claims in (score_claims(Sample(values)), difference_claims(Sample(values), Sample(better))):
        assert claims.general is not None
        assert claims.general.interval[0] <= claims.these.interval[0]
        assert claims.general.interval[1] >= claims.these.interval[1]
        assert (
            claims.general.p is claims.these.p is None or (claims.general.p or 0) >= (claims.these.p or 0) > 0
        )


def test_one_seed_of_an_untrained_sample_is_enough_for_a_claim_about_recipes() -> None:
    rng = np.random.default_rng(0)
    base, tuned = [answers(rng, 1, 300, 0.5)], [answers(rng, 3, 300, 0.7)]
    assert not difference_claims(Sample(base), Sample(tuned)).recipe
    assert difference_claims(Sample(base, trained=False), Sample(tuned)).recipe


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("kind", [answers, chunks])
def test_the_closed_form_agrees_with_the_draws_that_it_replaces(
    seeds: int, parallel: bool, kind: Callable[..., Floats]
) -> None:
    rng = np.random.default_rng(seeds)
    extra = (0.6,) if kind is answers else ()
    sample = Sample([kind(rng, seeds, 400, *extra) for _ in range(6)], parallel)
    claims, drawn = score_claims(sample), drawn_intervals(sample, replicates=20_000)
    assert claims.general is not None
    for closed, bounds in zip((claims.these, claims.general), drawn, strict=True):
        assert bounds is not None
        assert closed.interval == pytest.approx(bounds, abs=0.12 * np.ptp(bounds))


def test_unpairable_samples_are_an_error() -> None:
    ten, eleven = np.zeros((1, 10)), np.zeros((1, 11))
    with pytest.raises(ValueError, match=r"the same examples, got \(10,\) and \(11,\)"):
        difference_claims(Sample([ten]), Sample([eleven]))
    with pytest.raises(ValueError, match="the same languages, got 1 and 2"):
        difference_claims(Sample([ten]), Sample([ten, ten]))
    with pytest.raises(ValueError, match="at least one example in every language"):
        score_claims(Sample([ten, np.zeros((1, 0))]))


def test_the_closed_form_agrees_with_scipys_bootstrap_and_permutation() -> None:
    rng = np.random.default_rng(11)
    first, second = rng.random(150), np.clip(rng.random(150) + 0.05, 0, 1)  # such as average precisions
    claims = difference_claims(Sample([first[None]]), Sample([second[None]]))

    def mean_difference(a: Floats, b: Floats, axis: int = -1) -> Floats:
        return np.asarray(np.mean(b, axis=axis) - np.mean(a, axis=axis))

    drawn = stats.bootstrap(
        (first, second), mean_difference, paired=True, method="percentile", n_resamples=4000, rng=1
    )
    assert claims.these.interval == pytest.approx(tuple(drawn.confidence_interval), abs=0.006)
    permuted = stats.permutation_test(
        (first, second), mean_difference, permutation_type="samples", n_resamples=4000, vectorized=True, rng=1
    )
    assert claims.these.p == pytest.approx(permuted.pvalue, abs=0.03)


def test_matched_seeds_without_variance_over_examples_have_the_p_of_a_paired_t_test() -> None:
    shares = np.array([0.60, 0.66, 0.52, 0.58]), np.array([0.65, 0.70, 0.58, 0.60])
    values = [[np.repeat(seeds[:, None], 50, axis=1)] for seeds in shares]
    samples = [Sample(languages, design="one") for languages in values]
    matched = difference_claims(*samples)
    paired = stats.ttest_rel(shares[1], shares[0])
    assert matched.matched
    assert matched.these.p == pytest.approx(paired.pvalue, abs=0.004)
    assert matched.these.interval == pytest.approx(tuple(paired.confidence_interval()), abs=0.003)
    closed = differences([entrant(sample) for sample in samples])
    assert closed.matched[0, 1]
    difference = float(np.mean(shares[1] - shares[0]))
    assert closed.error[0, 1] == pytest.approx(difference / paired.statistic)
    unmatched = difference_claims(Sample(values[0], design="one"), Sample(values[1], design="two"))
    assert not unmatched.matched
    assert unmatched.these.p is not None and unmatched.these.p > 0.1 > paired.pvalue


def test_one_seed_each_and_seeds_without_a_design_are_not_matched() -> None:
    rng = np.random.default_rng(3)
    for seeds, design in ((1, "one"), (3, None)):
        samples = [Sample([answers(rng, seeds, 60, share)], design=design) for share in (0.4, 0.6)]
        assert not difference_claims(*samples).matched
        assert not differences([entrant(sample) for sample in samples]).matched.any()


def test_effects_of_matched_seeds_on_both_samples_do_not_widen_the_interval() -> None:
    rng = np.random.default_rng(4)
    shift = rng.normal(0, 0.15, size=(4, 1))
    pair = [
        [(rng.random((4, 300)) < share + shift).astype(float) for _ in range(3)] for share in (0.45, 0.55)
    ]
    width = {
        design: np.ptp(
            difference_claims(*(Sample(languages, design=design) for languages in pair)).these.interval
        )
        for design in (None, "one")
    }
    assert width["one"] < 0.5 * width[None]


def test_seeds_without_variance_over_examples_have_welchs_p() -> None:
    # Each seed is right on a fixed share of 50 equal examples: only seeds vary.
    shares = np.array([0.60, 0.66, 0.63, 0.58]), np.array([0.66, 0.70, 0.64, 0.71, 0.69])
    samples = [Sample([np.repeat(seeds[:, None], 50, axis=1)]) for seeds in shares]
    welch = stats.ttest_ind(shares[1], shares[0], equal_var=False)
    assert difference_claims(*samples).these.p == pytest.approx(welch.pvalue, abs=0.004)
