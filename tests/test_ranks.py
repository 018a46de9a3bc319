from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.statistics.entrants import Entrant, differences, entrant
from harness.statistics.levels import Sample, difference_claims
from harness.statistics.ranks import rank_ranges, real_differences, tie_groups

Floats = NDArray[np.float64]


def sample(rng: np.random.Generator, share: float, *, seeds: int = 1, parallel: bool = False) -> Sample:
    hard = np.random.default_rng(9).normal(size=(6, 400))
    return Sample([(hard[0 if parallel else i] + rng.normal(size=(seeds, 400)) < share).astype(float) for i in range(6)], parallel)


@pytest.mark.parametrize("seeds", [1, 4])
@pytest.mark.parametrize("parallel", [False, True])
def test_the_closed_form_agrees_with_the_draws(seeds: int, parallel: bool) -> None:
    rng = np.random.default_rng(seeds)
    for share in (0.0, 0.05):
        pair = [sample(rng, 0.0, seeds=seeds, parallel=parallel), sample(rng, share, seeds=seeds, parallel=parallel)]
        drawn = difference_claims(*pair, replicates=20_000).these.p
        assert differences([entrant(each) for each in pair]).p[0, 1] == pytest.approx(drawn, abs=0.04)


def test_pairing_tells_more_than_two_standard_errors() -> None:
    rng = np.random.default_rng(0)
    first = sample(rng, 0.0)
    second = Sample([np.maximum(values, rng.random(values.shape) < 0.04) for values in first.languages])
    paired = [entrant(first), entrant(second)]
    unpaired = [Entrant(each.score, each.variance, each.seeds) for each in paired]
    assert differences(paired).p[0, 1] < 1e-6 < differences(unpaired).p[0, 1]


def test_f1_enters_through_its_influences() -> None:
    counts = np.random.default_rng(0).integers(1, 5, (1, 80, 3)).astype(float)
    counts[..., 0] = np.minimum(counts[..., 0], counts[..., 1:].min(axis=2))
    each = entrant(Sample([counts]))
    assert differences([each, each]).p.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert each.variance > 0


def test_ranks_are_ranges_and_groups_end_at_a_real_difference() -> None:
    # 90 and 88 tie, 88 and 86 tie, but 90 and 86 differ; 50 differs from all.
    scores = [86.0, 90.0, 50.0, 88.0]
    p = np.ones((4, 4))
    for i, j in ((0, 1), (0, 2), (1, 2), (2, 3)):
        p[i, j] = p[j, i] = 0.001
    differs = real_differences(p)
    assert rank_ranges(scores, differs) == ((2, 3), (1, 2), (4, 4), (1, 3))
    assert tie_groups(scores, differs) == (2, 1, 3, 1)


def test_differences_are_corrected_for_all_pairs() -> None:
    p = np.array([[1.0, 0.02, 0.5], [0.02, 1.0, 0.6], [0.5, 0.6, 1.0]])
    assert not real_differences(p).any()  # 3 · 0.02
    p[0, 1] = p[1, 0] = 0.016
    assert real_differences(p).sum() == 2
    assert real_differences(np.ones((1, 1))).shape == (1, 1)
    assert rank_ranges([3.0], np.zeros((1, 1), dtype=bool)) == ((1, 1),)
