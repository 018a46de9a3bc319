"""Coverage of scaling curves and gap trends in simulations with the sizes and seeds of the project's models.

`pytest -s` on this file prints the numbers.
"""

from __future__ import annotations

import numpy as np
import pytest

from harness.scoring.statistics.scaling import Form, fit_scaling

SIZES = np.array([5e6, 11e6, 22e6, 42e6, 85e6])
SEEDS = 3
SIMULATIONS = 300


def true_curve(form: Form, truth: tuple[float, ...], chance: float, x: np.ndarray) -> np.ndarray:
    """Power: ceiling, score at the smallest size, exponent; logit: level, slope a doubling."""
    if form == "power":
        ceiling, start, exponent = truth
        return ceiling - (ceiling - start) * (x / SIZES[0]) ** -exponent
    doublings = np.log2(x / np.exp(np.log(SIZES).mean()))
    return chance + (1 - chance) / (1 + np.exp(-(truth[0] + truth[1] * doublings)))


def simulate(
    form: Form, truth: tuple[float, ...], chance: float, noise: float, scatter: float
) -> dict[str, float]:
    """Return rates and median widths over the simulations.

    `noise` is the standard deviation of seeds, `scatter` that of sizes around the curve.
    """
    rng = np.random.default_rng(11)
    grid = np.geomspace(SIZES[0], SIZES[-1], 17)
    expected, at_sizes = true_curve(form, truth, chance, grid), true_curve(form, truth, chance, SIZES)
    rows = []
    for number in range(SIMULATIONS):
        scores = at_sizes + rng.normal(0, scatter, len(SIZES)) + rng.normal(0, noise, (SEEDS, len(SIZES)))
        data = (np.tile(SIZES, SEEDS), np.minimum(scores, 1).ravel())
        chosen = fit_scaling(*data, chance=chance, seed=number)
        fit = chosen if chosen.form == form else fit_scaling(*data, chance=chance, form=form, seed=number)
        (low, high), (low_chosen, high_chosen) = fit.band(grid), chosen.band(grid)
        least, most = fit.intervals["exponent" if form == "power" else "slope"]
        rows.append(
            {
                "parameter in interval": least <= truth[-1] <= most,
                "interval width": most - least,
                "curve in band": np.mean((low <= expected) & (expected <= high)),
                "band width, points": 100 * np.mean(high - low),
                "form recognised": chosen.form == form,
                "curve in the chosen form's band": np.mean(
                    (low_chosen <= expected) & (expected <= high_chosen)
                ),
            }
        )
    return {
        name: float(
            np.median([row[name] for row in rows])
            if "width" in name
            else np.mean([row[name] for row in rows])
        )
        for name in rows[0]
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("truth", "noise", "scatter", "recognised"),
    [
        ((0.95, 0.40, 0.2), 0.005, 0.0, 0.85),
        # Nearly straight over these sizes: the simpler form may win, but its band must contain the curve.
        ((0.95, 0.40, 0.2), 0.010, 0.0, 0.0),
        ((0.90, 0.40, 0.35), 0.0075, 0.0, 0.9),
        ((0.95, 0.40, 0.5), 0.010, 0.0, 0.9),
        ((0.87, 0.40, 0.5), 0.0075, 0.0, 0.9),
        ((0.87, 0.40, 1.0), 0.010, 0.0, 0.9),
        ((0.87, 0.40, 0.5), 0.0075, 0.004, 0.9),
    ],
)
def test_a_power_law_is_recovered(
    truth: tuple[float, ...], noise: float, scatter: float, recognised: float
) -> None:
    rates = simulate("power", truth, 0.0, noise, scatter)
    print(f"\npower {truth} noise {noise} scatter {scatter}: {rates}")
    assert rates["parameter in interval"] >= 0.9
    assert 0.93 <= rates["curve in band"] <= 0.985
    assert rates["form recognised"] >= recognised
    assert rates["curve in the chosen form's band"] >= 0.92


@pytest.mark.slow
@pytest.mark.parametrize(
    ("truth", "chance", "noise", "scatter"),
    [
        ((0.6, 0.3), 0.0, 0.010, 0.0),
        ((1.5, 0.5), 0.25, 0.010, 0.0),
        ((-0.5, 0.2), 0.0, 0.005, 0.0),
        ((-3.0, 0.8), 0.25, 0.0075, 0.0),
        ((0.6, 0.3), 0.0, 0.0075, 0.004),
    ],
)
def test_a_logit_line_is_recovered_and_chosen(
    truth: tuple[float, ...], chance: float, noise: float, scatter: float
) -> None:
    rates = simulate("logit", truth, chance, noise, scatter)
    print(f"\nlogit {truth} chance {chance} noise {noise} scatter {scatter}: {rates}")
    assert rates["parameter in interval"] >= 0.9
    assert 0.93 <= rates["curve in band"] <= 0.985
    assert rates["form recognised"] >= 0.9
    assert rates["curve in the chosen form's band"] >= 0.93
