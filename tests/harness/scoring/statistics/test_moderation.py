from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from harness.scoring.statistics.blockwise_ranks import separated_pairs
from harness.scoring.statistics.entrant import Entrant
from harness.scoring.statistics.moderation import MATCHED, Priors, SeedPrior, fit_prior, seed_variance
from harness.scoring.statistics.pairwise import differences

Floats = NDArray[np.float64]


def drawn_variances(rng: np.random.Generator, rows: int, freedom: float, prior: float) -> Floats:
    """Draw variances of `freedom` degrees around true ones of mean 1; infinite `prior` means all are equal."""
    true = prior / rng.chisquare(prior, rows) if np.isfinite(prior) else np.ones(rows)
    return np.asarray(true * rng.chisquare(freedom, rows) / freedom)


def test_many_rows_give_the_prior_back_and_those_that_deny_it_give_few_degrees_of_freedom() -> None:
    rng = np.random.default_rng(0)
    levels = np.full(400, 0.5)
    for truth, low, high in ((1.0, 0.7, 1.4), (4.0, 3.0, 5.5), (20.0, 10.0, 40.0)):
        prior = fit_prior(1e-4 * drawn_variances(rng, 400, 2, truth), np.full(400, 2.0), levels)
        assert prior is not None
        assert low < prior.freedom < high
        assert prior.variance == pytest.approx(1e-4, rel=0.25)
    equal = fit_prior(1e-4 * drawn_variances(rng, 400, 2, np.inf), np.full(400, 2.0), levels)
    assert equal is not None
    assert equal.freedom > 50


def test_few_rows_never_give_more_degrees_of_freedom_than_they_have() -> None:
    prior = fit_prior(np.full(5, 1e-4), np.full(5, 2.0), np.full(5, 0.5))
    assert prior is not None
    assert prior.freedom <= 10
    assert fit_prior(np.full(3, 1e-4), np.full(3, 2.0), np.full(3, 0.5)) is None
    assert fit_prior(np.array([0.0, 0.0, 1e-4, 1e-4, 1e-4]), np.full(5, 2.0), np.full(5, 0.5)) is None


@pytest.mark.parametrize("scale", ["points", "logits"])
def test_the_scale_is_the_one_on_which_rows_are_alike(scale: str) -> None:
    rng = np.random.default_rng(1)
    levels = rng.uniform(0.02, 0.9, 60)
    stretch = (levels * (1 - levels)) ** 2 if scale == "logits" else np.full(60, 0.01)
    prior = fit_prior(0.01 * stretch * drawn_variances(rng, 60, 2, 20.0), np.full(60, 2.0), levels)
    assert prior is not None
    assert prior.scale == scale
    at = prior.at(0.1)
    assert at == pytest.approx(0.01 * (0.09**2 if scale == "logits" else 0.01), rel=0.4)


def test_a_variance_that_is_small_by_chance_grows_and_none_shrinks() -> None:
    prior = SeedPrior(4e-4, 6.0, "points")
    small, large = np.array([0.50, 0.501, 0.499]), np.array([0.4, 0.5, 0.6])
    moderated = seed_variance(small, 0.5, prior)
    assert moderated.square == pytest.approx((6 * 4e-4 + 2 * np.var(small, ddof=1)) / 8)
    assert moderated.freedom == 8
    assert seed_variance(large, 0.5, prior).square == pytest.approx(np.var(large, ddof=1))
    assert seed_variance(large, 0.5) == (pytest.approx(np.var(large, ddof=1)), 2.0, False)


def test_a_comparison_has_no_more_degrees_of_freedom_than_one_moderated_row() -> None:
    rows = [
        Entrant(float(np.mean(seeds)), 0.0, np.array(seeds), regime="english", count=1e6)
        for seeds in ((0.50, 0.52, 0.51), (0.60, 0.61, 0.63))
    ]
    prior = {"english": SeedPrior(1e-4, 6.0, "points")}
    own, borrowed = differences(rows), differences(rows, prior)
    assert own.freedom[0, 1] < 4.01
    assert borrowed.freedom[0, 1] == pytest.approx(8)
    assert (own.borrowed[0, 1], borrowed.borrowed[0, 1]) == (False, True)
    # A stranger's row changes nothing between these two.
    third = Entrant(0.9, 0.0, np.array([0.8, 1.0]), regime="english", count=1e6)
    assert differences([*rows, third], prior).p[0, 1] == pytest.approx(borrowed.p[0, 1])


def test_matched_seeds_borrow_from_matched_pairs() -> None:
    seeds = np.array([0.50, 0.60, 0.55])
    rows = [
        Entrant(float(values.mean()), 0.0, values, regime="english", count=1e6, design="one")
        for values in (seeds, seeds + np.array([0.020, 0.021, 0.022]))
    ]
    wide = {"english": SeedPrior(1e-2, 6.0, "points")}
    assert differences(rows, wide).p[0, 1] == differences(rows).p[0, 1]
    moderated = differences(rows, wide | {MATCHED: SeedPrior(1e-4, 6.0, "points")})
    assert moderated.freedom[0, 1] == pytest.approx(8)
    assert moderated.error[0, 1] == pytest.approx(np.sqrt((6e-4 + 2e-6) / 8 / 3))


# ---- simulated worlds; the table is in docs/statistics.md ----------------------------------------


@dataclass(frozen=True)
class Board:
    """Rows of equal recipes whose seeds scatter by `deviations` points, each in turn; half are of one regime."""

    deviations: tuple[float, ...]
    rows: int = 18
    seeds: int = 3
    heavy_tails: bool = False

    def truth(self) -> Floats:
        """Return the standard deviation of a seed of each row (rows,)."""
        return np.resize(np.array(self.deviations), self.rows) / 100

    def entrants(self, rng: np.random.Generator, better: float = 0.0) -> list[Entrant]:
        """Return the rows, the first of them better by some points; examples add an error of 0.2 points."""
        shape = (self.rows, self.seeds)
        noise = rng.standard_t(4, shape) / np.sqrt(2) if self.heavy_tails else rng.standard_normal(shape)
        seeds = 0.5 + self.truth()[:, None] * noise
        seeds[0] += better / 100
        examples = 0.002 * rng.standard_normal(self.rows)
        return [
            Entrant(
                float(own.mean()), 0.002**2, own, count=1e6, regime="english" if i % 2 else "multilingual"
            )
            for i, own in enumerate(seeds + examples[:, None])
        ]


def priors_of(entrants: list[Entrant]) -> Priors:
    """Return the prior that a board of these rows has, as the command estimates it."""
    found = {}
    for regime in ("english", "multilingual"):
        rows = [one for one in entrants if one.regime == regime]
        variances = np.array([np.var(one.seeds, ddof=1) for one in rows])
        freedoms = np.array([len(one.seeds) - 1.0 for one in rows])
        prior = fit_prior(variances, freedoms, np.array([one.score for one in rows]))
        if prior is not None:
            found[regime] = prior
    return found


BOARDS = {
    "all alike": Board((2.0,)),
    "by regime, 1 and 3 points": Board((1.0, 3.0)),
    "by size, 1 to 4 points": Board(tuple(np.geomspace(1, 4, 9))),
    "one in nine scatters by 8 points, the others by 2": Board((2.0,) * 8 + (8.0,)),
    "drawn, without much in common": Board(
        tuple(2 / np.sqrt(stats.chi2.ppf(np.linspace(0.05, 0.95, 18), 3) / 3))
    ),
    "all alike, heavy tails": Board((2.0,), heavy_tails=True),
    "by size, heavy tails": Board(tuple(np.geomspace(1, 4, 9)), heavy_tails=True),
}


def rates(board: Board, worlds: int, *, borrow: bool, better: float = 0.0) -> dict[str, float]:
    """Return coverage, that of the noisiest fifth of pairs, the null's and a family's rate, and power."""
    upper = np.triu_indices(board.rows, 1)
    truth = np.sqrt(board.truth()[upper[0]] ** 2 + board.truth()[upper[1]] ** 2)
    noisy = truth >= np.quantile(truth, 0.8) - 1e-12
    apart = np.zeros(board.rows)
    apart[0] = better / 100
    gaps = apart[upper[0]] - apart[upper[1]]
    sums = dict.fromkeys(("covered", "noisiest", "null", "any", "power", "separated", "width"), 0.0)
    for number in range(worlds):
        entrants = board.entrants(np.random.default_rng(number), better)
        pairwise = differences(entrants, priors_of(entrants) if borrow else {})
        half, error = pairwise.half_width()[upper], pairwise.size[upper] - gaps
        right = np.abs(error) <= half
        equal = gaps == 0
        differs = separated_pairs(pairwise)[upper]
        sums["covered"] += right.mean()
        sums["noisiest"] += right[noisy].mean()
        sums["width"] += 200 * np.median(half)
        sums["null"] += (pairwise.p[upper][equal] < 0.05).mean()
        sums["any"] += bool(differs[equal].any())
        if better:
            sums["power"] += (pairwise.p[upper][~equal] < 0.05).mean()
            sums["separated"] += differs[~equal].mean()
    return {name: total / worlds for name, total in sums.items()}


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("name", BOARDS)
def test_moderated_comparisons_keep_their_rates(name: str, seeds: int) -> None:
    board = Board(**{**BOARDS[name].__dict__, "seeds": seeds})
    after = rates(board, 400, borrow=True)
    print(f"{name}, {seeds} seeds: {after}")
    assert 0.93 <= after["covered"] <= 0.98
    assert after["noisiest"] >= 0.90
    # A row that scatters four times as much as the others has tails that its own two degrees of freedom hide.
    assert after["any"] <= (0.10 if name.startswith("one in nine") else 0.065)


def test_a_small_world_keeps_its_rates() -> None:
    after = rates(Board((2.0,)), 30, borrow=True)
    assert after["covered"] > 0.88
    before = rates(Board((2.0,)), 30, borrow=False)
    assert after["width"] < 0.9 * before["width"]
