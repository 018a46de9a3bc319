from __future__ import annotations

import numpy as np
import pytest

from harness.scoring.statistics import blockwise_ranks as module
from harness.scoring.statistics.blockwise_ranks import Placing, placings
from harness.scoring.statistics.pairwise import Entrant, differences
from harness.scoring.statistics.ranks import rank_ranges, significant_differences, tie_groups


def by_matrix(entrants: list[Entrant]) -> tuple[Placing, ...]:
    differs = significant_differences(differences(entrants).p)
    exact = [each.score for each in entrants]
    return tuple(map(Placing, rank_ranges(exact, differs), tie_groups(exact, differs)))


def drawn(seed: int, count: int, seeds: int) -> list[Entrant]:
    """Draw entrants on a grid of scores, so that some tie; some cannot be tested, and some have no error at all."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        score = round(float(rng.uniform(0.3, 0.7)), 2)
        variance = float(rng.choice([0.0, 1e-4, 1e-3]))
        runs = score + rng.choice([0.0, 0.01]) * rng.standard_normal(rng.integers(1, seeds + 1))
        found.append(
            Entrant(score, variance, runs, 0.0, bool(rng.integers(2)), count=float(rng.choice([5, 1000])))
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
    found = placings(entrants)
    assert found == by_matrix(entrants)
    assert len({placing.ranks for placing in found}) > 3


def test_ranks_of_thousands_need_no_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    entrants = [
        Entrant(score, 1e-6, np.array([score]), trained=False, count=1000)
        for score in np.linspace(0, 1, 1001)
    ]
    monkeypatch.setattr(module, "differences", None)
    found = placings(entrants)
    assert [found[0], found[500], found[1000]] == [
        Placing((995, 1001), 143),
        Placing((495, 507), 72),
        Placing((1, 7), 1),
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
    assert placings(entrants) == by_matrix(entrants) == (Placing((2, 2), 2), Placing((1, 1), 1))


@pytest.mark.parametrize("count", [0, 1])
def test_nobody_and_one_alone_have_a_place(count: int) -> None:
    assert placings([Entrant(0.5, 1e-4, np.array([0.5]))] * count) == (Placing((1, 1), 1),) * count
