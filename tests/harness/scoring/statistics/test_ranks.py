from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.scoring.statistics.mcnemar import mcnemar
from harness.scoring.statistics.multilevel import difference_claims
from harness.scoring.statistics.pairwise import differences, entrant
from harness.scoring.statistics.ranks import rank_ranges, significant_differences, tie_groups
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


@pytest.mark.parametrize("seeds", [1, 4])
@pytest.mark.parametrize("parallel", [False, True])
def test_the_closed_form_agrees_with_the_draws(seeds: int, parallel: bool) -> None:
    rng = np.random.default_rng(seeds)
    for share in (0.0, 0.05):
        pair = [
            sample(rng, 0.0, seeds=seeds, parallel=parallel),
            sample(rng, share, seeds=seeds, parallel=parallel),
        ]
        drawn = difference_claims(*pair, replicates=20_000).these.p
        assert differences([entrant(side) for side in pair]).p[0, 1] == pytest.approx(drawn, abs=0.04)


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
    p = differences(entrants).p
    assert np.isnan(p[0]).tolist() == [False, True, True]
    assert p[1, 2] < 0.001
    # Holm's correction counts only the tested pairs.
    differs = significant_differences(p)
    assert differs.sum() == 2
    assert rank_ranges([submission.score for submission in entrants], differs) == ((1, 3), (2, 3), (1, 2))


def test_a_tie_group_ends_before_a_submission_significantly_worse_than_any_member() -> None:
    # The best was trained once and is not testable; the second and the last differ.
    p = np.array([[1.0, np.nan, np.nan], [np.nan, 1.0, 0.001], [np.nan, 0.001, 1.0]])
    assert tie_groups([90.0, 80.0, 10.0], significant_differences(p)) == (1, 1, 2)


@pytest.mark.parametrize("n", [1, 4, 9, 1000])
def test_with_few_discordant_examples_nothing_is_testable(n: int) -> None:
    few = min(n, 9)
    first, second = np.zeros((1, n)), np.zeros((1, n))
    second[0, :few] = 1
    chunks = [np.stack([values, np.ones((1, n)), np.ones((1, n))], axis=2) for values in (first, second)]
    for pair in ([first, second], chunks):
        entrants = [entrant(Sample([values], trained=False)) for values in pair]
        assert np.isnan(differences(entrants).p[0, 1])
        if n < 10:
            assert np.isnan(differences([replace(side, examples=None) for side in entrants]).p[0, 1])


@pytest.mark.parametrize(("worse", "better"), [(0, 10), (0, 20), (2, 16), (30, 60)])
def test_with_more_examples_p_is_near_mcnemars(worse: int, better: int) -> None:
    first, second = np.zeros((1, 1000)), np.zeros((1, 1000))
    first[0, :worse] = 1
    second[0, worse : worse + better] = 1
    exact = mcnemar(first[0] > 0, second[0] > 0).p
    p = differences([entrant(Sample([values], trained=False)) for values in (first, second)]).p[0, 1]
    assert exact / 4 < p < 5 * exact


def test_all_right_against_none_right_has_a_finite_p() -> None:
    pair = [entrant(Sample([np.full((1, 40), value)], trained=False)) for value in (0.0, 1.0)]
    assert 0 < differences(pair).p[0, 1] < 1e-6


def test_ranks_are_ranges_and_tie_groups_end_at_a_significant_difference() -> None:
    # 90 and 88 tie, 88 and 86 tie, but 90 and 86 differ; 50 differs from all.
    scores = [86.0, 90.0, 50.0, 88.0]
    p = np.ones((4, 4))
    for i, j in ((0, 1), (0, 2), (1, 2), (2, 3)):
        p[i, j] = p[j, i] = 0.001
    differs = significant_differences(p)
    assert rank_ranges(scores, differs) == ((2, 3), (1, 2), (4, 4), (1, 3))
    assert tie_groups(scores, differs) == (2, 1, 3, 1)


def test_differences_are_corrected_for_all_pairs() -> None:
    p = np.array([[1.0, 0.02, 0.5], [0.02, 1.0, 0.6], [0.5, 0.6, 1.0]])
    assert not significant_differences(p).any()  # 3 · 0.02
    p[0, 1] = p[1, 0] = 0.016
    assert significant_differences(p).sum() == 2
    assert significant_differences(np.ones((1, 1))).shape == (1, 1)
    assert rank_ranges([3.0], np.zeros((1, 1), dtype=bool)) == ((1, 1),)
