from __future__ import annotations

import numpy as np
import pytest

from harness.scoring.statistics import blockwise_ranks as module
from harness.scoring.statistics.blockwise_ranks import placings
from harness.scoring.statistics.entrant import Entrant, seed_terms
from harness.scoring.statistics.moderation import SeedPrior
from harness.scoring.statistics.pairwise import differences
from harness.scoring.statistics.ranks import Range, rank_ranges, separated

PRIORS = {"english": SeedPrior(1e-4, 6.0, "points")}


def by_matrix(entrants: list[Entrant]) -> tuple[Range, ...]:
    """Return the ranges from the matrix of all pairs; errors of unpaired rows are independent."""
    pairwise = differences(entrants, PRIORS)
    variances = [one.variance - one.shared for one in entrants] + seed_terms(entrants, PRIORS).squares
    p = np.where(pairwise.testable, pairwise.p, np.nan)
    normal = pairwise.borrowed | (pairwise.seed_error == 0)
    return rank_ranges([one.score for one in entrants], separated(p, np.diag(variances), normal))


def drawn(seed: int, count: int, seeds: int) -> list[Entrant]:
    """Draw entrants on a grid of scores, so that some tie; some cannot be tested, and some have no error at all."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        score = round(float(rng.uniform(0.3, 0.7)), 2)
        variance = float(rng.choice([0.0, 1e-4, 1e-3]))
        runs = score + rng.choice([0.0, 0.01]) * rng.standard_normal(rng.integers(1, seeds + 1))
        found.append(
            Entrant(
                score,
                variance,
                runs,
                0.0,
                bool(rng.integers(2)),
                count=float(rng.choice([5, 1000])),
                regime=str(rng.choice(["", "english"])),
            )
        )
    return found


@pytest.mark.parametrize("seeds", [1, 4])
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("pairs", [1, 50, 1_000_000])
@pytest.mark.parametrize("bins", [0, 2, 30])
def test_blocks_say_what_the_matrix_of_all_pairs_says(
    monkeypatch: pytest.MonkeyPatch, seed: int, seeds: int, pairs: int, bins: int
) -> None:
    monkeypatch.setattr(module, "_BLOCK_PAIRS", pairs)
    if bins:
        monkeypatch.setattr(module, "_HELD", 3)
        monkeypatch.setattr(module, "_BINS", bins)
    entrants = drawn(seed, 40, seeds)
    found = placings(entrants, PRIORS)
    expected = by_matrix(entrants)
    # The draws of the largest statistic are others: a pair at the very threshold may fall on either side.
    assert sum(a != b for a, b in zip(found, expected, strict=True)) <= 4
    assert all(
        abs(x - y) <= 1 for a, b in zip(found, expected, strict=True) for x, y in zip(a, b, strict=True)
    )
    assert len(set(found)) > 3


def test_ranks_of_thousands_need_no_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    entrants = [
        Entrant(score, 1e-6, np.array([score]), trained=False, count=1000)
        for score in np.linspace(0, 1, 1001)
    ]
    monkeypatch.setattr(module, "differences", None)
    found = placings(entrants)
    assert [found[0], found[500], found[1000]] == [
        (995, 1001),
        (495, 507),
        (1, 7),
    ]


def test_paired_entrants_are_compared_by_their_examples() -> None:
    right = np.zeros(200)
    entrants = []
    for count in (100, 130):
        examples = right.copy()
        examples[:count] = 1 / 200
        entrants.append(
            Entrant(count / 200, 1e-3, np.array([count / 200]), trained=False, examples=examples, count=200)
        )
    assert placings(entrants) == ((2, 2), (1, 1))


@pytest.mark.parametrize("count", [0, 1])
def test_nobody_and_one_alone_have_a_place(count: int) -> None:
    assert placings([Entrant(0.5, 1e-4, np.array([0.5]))] * count) == ((1, 1),) * count
