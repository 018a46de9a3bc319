from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from harness.scoring.statistics.blockwise_ranks import separated_pairs
from harness.scoring.statistics.claims import difference_claims
from harness.scoring.statistics.corrections import holm
from harness.scoring.statistics.entrant import entrant
from harness.scoring.statistics.mcnemar import mcnemar
from harness.scoring.statistics.pairwise import differences
from harness.scoring.statistics.ranks import OpenPairs, rank_ranges, separated, step_down
from harness.scoring.statistics.samples import Sample, influences

Floats = NDArray[np.float64]


def sample(rng: np.random.Generator, share: float, *, seeds: int = 1, parallel: bool = False) -> Sample:
    hard = np.random.default_rng(9).normal(size=(6, 400))
    return Sample(
        [
            (hard[0 if parallel else i] + rng.normal(size=(seeds, 400)) < share).astype(float)
            for i in range(6)
        ],
        parallel,
        trained=seeds > 1,
    )


def apart(*pairs: tuple[int, int], n: int, p: float = 0.001) -> Floats:
    """Return p values (n, n) that are small for these pairs and 0.6 for others."""
    values = np.full((n, n), 0.6)
    for i, j in pairs:
        values[i, j] = values[j, i] = p
    return values


@pytest.mark.parametrize("seeds", [1, 4])
@pytest.mark.parametrize("parallel", [False, True])
def test_a_comparison_of_two_has_the_numbers_of_all_pairs(seeds: int, parallel: bool) -> None:
    rng = np.random.default_rng(seeds)
    samples = [sample(rng, share, seeds=seeds, parallel=parallel) for share in (0.0, 0.05, 0.2)]
    pairwise = differences([entrant(one) for one in samples])
    half = pairwise.half_width()
    for i, j in ((0, 1), (0, 2), (1, 2)):
        claim = difference_claims(samples[i], samples[j]).these
        assert claim.p == pytest.approx(pairwise.p[j, i], rel=1e-9)
        assert claim.interval == pytest.approx(
            (pairwise.size[j, i] - half[j, i], pairwise.size[j, i] + half[j, i])
        )


def test_pairing_has_more_power_than_two_standard_errors() -> None:
    rng = np.random.default_rng(0)
    first = sample(rng, 0.0)
    second = replace(
        first, languages=[np.maximum(values, rng.random(values.shape) < 0.04) for values in first.languages]
    )
    paired = [entrant(first), entrant(second)]
    unpaired = [replace(side, examples=None) for side in paired]
    assert differences(paired).p[0, 1] < 1e-6 < differences(unpaired).p[0, 1]


def test_f1_enters_through_its_influences() -> None:
    counts = np.random.default_rng(0).integers(1, 5, (1, 80, 3)).astype(float)
    counts[..., 0] = np.minimum(counts[..., 0], counts[..., 1:].min(axis=2))
    better = entrant(Sample([counts], trained=False))
    assert better.examples is not None
    assert better.examples.sum() == pytest.approx(better.score)
    assert better.variance == pytest.approx(float(np.var(influences(counts[:1]), ddof=1)) / 80)
    worse = counts.copy()
    worse[0, :40, 0] = 0
    assert differences([better, entrant(Sample([worse], trained=False))]).p[0, 1] < 0.001


def test_a_submission_trained_once_differs_significantly_from_none() -> None:
    rng = np.random.default_rng(0)
    once, twice, untrained = sample(rng, 0.0), sample(rng, 0.9, seeds=2), sample(rng, 2.0)
    entrants = [entrant(replace(once, trained=True)), entrant(twice), entrant(untrained)]
    pairwise = differences(entrants)
    assert pairwise.testable.tolist() == [[False] * 3, [False, False, True], [False, True, False]]
    assert pairwise.p[1, 2] < 0.001
    differs = separated_pairs(pairwise)
    assert differs.sum() == 2
    assert rank_ranges([submission.score for submission in entrants], differs) == ((1, 3), (2, 3), (1, 2))


@pytest.mark.parametrize("n", [1, 4, 9, 1000])
def test_with_few_discordant_examples_nothing_is_testable(n: int) -> None:
    few = min(n, 9)
    first, second = np.zeros((1, n)), np.zeros((1, n))
    second[0, :few] = 1
    chunks = [np.stack([values, np.ones((1, n)), np.ones((1, n))], axis=2) for values in (first, second)]
    for pair in ([first, second], chunks):
        entrants = [entrant(Sample([values], trained=False)) for values in pair]
        assert not differences(entrants).testable[0, 1]
        # The p is exact: all discordant examples favour one side.
        assert differences(entrants).p[0, 1] == pytest.approx(min(1, 2 * 0.5**few), rel=0.3, abs=0.002)
        if n < 10:
            assert not differences([replace(side, examples=None) for side in entrants]).testable[0, 1]


@pytest.mark.parametrize(("worse", "better"), [(0, 10), (0, 20), (2, 16), (30, 60)])
def test_the_p_of_one_language_is_mcnemars(worse: int, better: int) -> None:
    first, second = np.zeros((1, 1000)), np.zeros((1, 1000))
    first[0, :worse] = 1
    second[0, worse : worse + better] = 1
    exact = mcnemar(first[0] > 0, second[0] > 0).p
    sides = [entrant(Sample([values], trained=False)) for values in (first, second)]
    assert differences(sides).p[0, 1] == pytest.approx(exact)
    # Several languages: the permutation's normal limit.
    several = [entrant(Sample([values] * 2, trained=False)) for values in (first, second)]
    assert differences(several).p[0, 1] < exact


def test_all_right_against_none_right_has_a_finite_p() -> None:
    pair = [entrant(Sample([np.full((1, 40), value)], trained=False)) for value in (0.0, 1.0)]
    assert 0 < differences(pair).p[0, 1] < 1e-6


def test_ranks_are_ranges() -> None:
    # 90 and 88 are not separated, nor are 88 and 86, but 90 and 86 are; 50 is separated from all but 90.
    scores = [86.0, 90.0, 50.0, 88.0]
    p = apart((0, 1), (0, 2), (2, 3), n=4)
    assert rank_ranges(scores, separated(p, np.eye(4))) == ((2, 3), (1, 3), (3, 4), (1, 3))
    assert separated(np.ones((1, 1)), np.eye(1)).shape == (1, 1)
    assert rank_ranges([3.0], np.zeros((1, 1), dtype=bool)) == ((1, 1),)


def test_the_correction_is_tukeys_for_equal_errors() -> None:
    # The largest difference of six means with one known error: the studentised range.
    exact = 2 * stats.norm.sf(stats.studentized_range.ppf(0.95, 6, 1e6) / np.sqrt(2))
    rows, columns = np.triu_indices(6, 1)
    for share, found in ((0.9, True), (1.1, False)):
        p = np.full(15, 0.9)
        p[4] = share * exact
        assert step_down(OpenPairs(rows, columns, p, np.ones(15, dtype=bool)), np.eye(6))[4] == found
        assert (
            step_down(OpenPairs(rows, columns, p, np.ones(15, dtype=bool)), np.ones(6), independent=True)[4]
            == found
        )


def test_what_holm_rejects_is_separated_and_stepping_down_separates_more() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        scores = rng.normal(0, 2, 12)
        z = np.abs(scores[:, None] - scores[None, :]) / np.sqrt(2)
        p = 2 * stats.norm.sf(z)
        np.fill_diagonal(p, 1.0)
        differs = separated(p, np.eye(12))
        rows, columns = np.triu_indices(12, 1)
        by_holm = np.array(holm(p[rows, columns])) < 0.05
        assert differs[rows, columns][by_holm].all()
        # Never more than without any correction for the pairs that are already decided.
        assert not differs[p > 0.05].any()


def test_pairs_that_cannot_be_tested_are_never_separated() -> None:
    p = apart((0, 1), n=3)
    p[0, 2] = p[2, 0] = np.nan
    differs = separated(p, np.eye(3))
    assert differs[0, 1]
    assert not differs[0, 2]


def test_pairs_of_a_few_seeds_alone_are_decided_by_holm() -> None:
    p = np.full((6, 6), 0.9)
    p[0, 1] = p[1, 0] = 0.0038  # between Holm's limit of 0.05 / 15 and that of the studentised range
    assert separated(p, np.eye(6))[0, 1]
    assert not separated(p, np.eye(6), np.zeros((6, 6), dtype=bool))[0, 1]
