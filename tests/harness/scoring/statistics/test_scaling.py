from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import curve_fit, least_squares
from scipy.stats import t as student

from harness.scoring.statistics.scaling import Form, ScalingFit, fit_scaling, presentation

SIZES = np.array([5e6, 11e6, 22e6, 42e6, 85e6])
GRID = np.geomspace(SIZES[0], SIZES[-1], 33)


def power(x: np.ndarray, ceiling: float, start: float, exponent: float) -> np.ndarray:
    return ceiling - (ceiling - start) * (x / SIZES[0]) ** -exponent


def logit(x: np.ndarray, level: float, slope: float, chance: float = 0.0) -> np.ndarray:
    return chance + (1 - chance) / (1 + np.exp(-level - slope * np.log2(x / np.exp(np.log(SIZES).mean()))))


def seeded(means: np.ndarray, *offsets: float) -> tuple[np.ndarray, np.ndarray]:
    """Return sizes and scores of one seed for each offset."""
    return np.tile(SIZES, len(offsets)), np.concatenate([means + offset for offset in offsets])


def noisy(means: np.ndarray, seed: int, noise: float = 0.0075) -> tuple[np.ndarray, np.ndarray]:
    scores = means + np.random.default_rng(seed).normal(0, noise, (3, len(means)))
    return np.tile(SIZES, 3), scores.ravel()


def as_bytes(fit: ScalingFit) -> tuple[str, bytes, bytes]:
    return repr(fit), fit.draws.tobytes(), np.stack([fit.curve(GRID), *fit.band(GRID)]).tobytes()


@pytest.mark.parametrize(
    ("seeds", "drawn"),
    [
        ([], "points"),
        ([9, 9], "points"),
        ([1, 1, 1], "line"),
        ([5, 5, 5, 5], "line"),
        ([3, 3, 2, 3, 3, 3], "line"),
        ([3, 3, 3, 3, 3], "fit"),
        ([3, 4, 5, 3, 9, 3], "fit"),
    ],
)
def test_presentation_depends_on_sizes_and_seeds(seeds: list[int], drawn: str) -> None:
    assert presentation({5e6 * (number + 1): count for number, count in enumerate(seeds)}) == drawn


def test_a_power_law_by_hand() -> None:
    # x₀ = 4 and y = 0.9 − 0.2 · (x/4)^(−1).
    sizes, scores = np.tile([1.0, 2.0, 4.0, 8.0, 16.0], 3), np.tile([0.1, 0.5, 0.7, 0.8, 0.85], 3)
    fit = fit_scaling(sizes, scores, chance=0.05)
    assert (fit.form, fit.sizes, fit.reference) == ("power", (1, 2, 4, 8, 16), pytest.approx(4))
    assert fit.parameters == pytest.approx({"ceiling": 0.9, "amplitude": 0.2, "exponent": 1.0}, abs=1e-7)
    assert fit.curve([1, 3, 12.0]) == pytest.approx([0.1, 0.9 - 0.8 / 3, 0.9 - 0.2 / 3], abs=1e-7)
    assert fit.loso_error["power"] == pytest.approx(0, abs=1e-6)


def test_a_logit_line_by_hand() -> None:
    # A slope of log 3 triples the odds a doubling: 1/9, 1/3, 1, 3 and 9; chance is a quarter.
    sizes, scores = (
        np.tile([1.0, 2.0, 4.0, 8.0, 16.0], 3),
        np.tile(0.25 + 0.75 * np.array([0.1, 0.25, 0.5, 0.75, 0.9]), 3),
    )
    fit = fit_scaling(sizes, scores, chance=0.25)
    assert fit.form == "logit"
    assert fit.parameters == pytest.approx({"level": 0.0, "slope": np.log(3)}, abs=1e-9)
    assert fit.curve(4 * np.sqrt(2)) == pytest.approx([0.25 + 0.75 * np.sqrt(3) / (1 + np.sqrt(3))])
    assert fit.loso_error["logit"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    "truth",
    [
        (0.95, 0.40, 0.2),
        (0.90, 0.40, 0.35),
        (0.87, 0.40, 1.0),
        (0.70, 0.30, 0.8),
        (1.0, 0.5, 0.4),
        (0.9, 0.3, 2.5),
    ],
)
def test_a_noiseless_power_law_is_recovered_exactly(truth: tuple[float, float, float]) -> None:
    fit = fit_scaling(*seeded(power(SIZES, *truth), 0, 0, 0), chance=0.0)
    assert fit.form == "power"
    assert (fit.parameters["ceiling"], fit.curve(SIZES[0])[0], fit.parameters["exponent"]) == pytest.approx(
        truth, abs=1e-6
    )
    assert all(low <= fit.parameters[name] <= high for name, (low, high) in fit.intervals.items())
    assert fit.intervals["exponent"] == pytest.approx((truth[-1], truth[-1]), abs=2e-3)


@pytest.mark.parametrize(
    "truth",
    [
        (0.6, 0.3, 0.0),
        (1.5, 0.5, 0.25),
        (-3.0, 0.8, 0.25),
        (4.0, 1.0, 0.5),
        (0.0, -0.4, 0.0),
        (0.3, 0.0, 0.0),
    ],
)
def test_a_noiseless_logit_line_is_recovered_exactly(truth: tuple[float, float, float]) -> None:
    fit = fit_scaling(*seeded(logit(SIZES, *truth), 0, 0, 0), chance=truth[-1])
    assert fit.form == "logit"
    assert (fit.parameters["level"], fit.parameters["slope"]) == pytest.approx(truth[:2], abs=1e-7)


@pytest.mark.parametrize("seed", range(4))
def test_the_fit_equals_scipys_where_no_mean_is_an_outlier(seed: int) -> None:
    # Symmetric seeds that differ much: the Huber limit is wide and the loss is quadratic.
    means = power(SIZES, 0.87, 0.4, 0.5) + np.random.default_rng(seed).normal(0, 0.003, 5)
    data = seeded(means, -0.02, 0, 0.02)
    expected, _ = curve_fit(power, SIZES, means, p0=(0.9, 0.4, 0.6), xtol=1e-12, ftol=1e-12)
    fit = fit_scaling(*data, chance=0.0, form="power")
    assert (fit.parameters["ceiling"], fit.curve(SIZES[0])[0], fit.parameters["exponent"]) == pytest.approx(
        expected, abs=1e-5
    )
    means += logit(SIZES, 0.5, 0.3) - power(SIZES, 0.87, 0.4, 0.5)
    expected, _ = curve_fit(logit, SIZES, means, p0=(0, 0.1), xtol=1e-12, ftol=1e-12)
    fit = fit_scaling(*seeded(means, -0.02, 0, 0.02), chance=0.0, form="logit")
    assert tuple(fit.parameters.values()) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("form", ["power", "logit"])
@pytest.mark.parametrize("seed", range(4))
def test_scipys_robust_fit_has_no_lower_loss_from_any_start(form: Form, seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.integers(3, 7, 5)
    sizes = np.repeat(SIZES, counts)
    scores = power(sizes, 0.9, 0.45, 0.5) + rng.normal(0, 0.01, len(sizes))
    scores[rng.integers(len(scores))] -= 0.3  # a run that failed
    groups = np.split(scores, np.cumsum(counts)[:-1])
    means = np.array([group.mean() for group in groups])
    between = np.concatenate(
        [np.abs(group[:, None] - group)[np.triu_indices(len(group), 1)] for group in groups]
    )
    limit = 1.345 * 1.0483580 * np.median(between) / np.sqrt(counts)

    def scaled(parameters: np.ndarray) -> np.ndarray:
        if form == "logit":
            return (means - logit(SIZES, *parameters, 0.2)) / limit
        ceiling, start, exponent = parameters
        return (means - power(SIZES, ceiling, 0.2 + (ceiling - 0.2) * start, exponent)) / limit

    def loss(residuals: np.ndarray) -> float:
        size = np.abs(residuals)
        return float(np.sum(np.where(size <= 1, size**2 / 2, size - 0.5)))

    bounds = ([0.2, 0, 0.02], [1, 1, 5]) if form == "power" else ([-30, -30], [30, 30])
    starts = [
        rng.uniform([0.3, 0.05, 0.1], [0.99, 0.95, 3]) if form == "power" else rng.normal(0, 1, 2)
        for _ in range(20)
    ]
    solutions = [
        least_squares(scaled, start, bounds=bounds, loss="huber", xtol=1e-12, ftol=1e-12, gtol=1e-12).x
        for start in starts
    ]
    fit = fit_scaling(sizes, scores, chance=0.2, form=form)
    assert loss((means - fit.curve(SIZES)) / limit) <= min(
        loss(scaled(solution)) for solution in solutions
    ) * (1 + 1e-5)


@pytest.mark.parametrize("form", ["power", "logit"])
def test_a_failed_run_moves_the_curve_little(form: Form) -> None:
    means = power(SIZES, 0.87, 0.4, 0.5) if form == "power" else logit(SIZES, 0.5, 0.3)
    sizes, scores = noisy(means, 0, 0.005)
    scores[2 if form == "logit" else 3] -= 0.3
    polynomial = np.polyfit(np.log(SIZES), scores.reshape(3, 5).mean(0), 2)
    error = np.abs(fit_scaling(sizes, scores, chance=0.0, form=form).curve(SIZES) - means).max()
    assert error < 0.6 * np.abs(np.polyval(polynomial, np.log(SIZES)) - means).max()
    assert form == "power" or error < 0.01


def test_the_band_of_a_nearly_straight_line_is_students() -> None:
    # Means on the curve, seeds at −d, 0, d: the seeds' variance is d² with 10 degrees of freedom and the lack
    # of fit 0 with 3, pooled d² · 10/13; in the middle the variance is a fifteenth of it.
    d = 0.01
    fit = fit_scaling(*seeded(logit(SIZES, 0.0, 0.05), -d, 0, d), chance=0.0, form="logit", replicates=10_000)
    low, high = fit.band(fit.reference)
    half = student.ppf(0.975, 13) * d * np.sqrt(10 / 13 / 15)
    assert (high[0] - low[0]) / 2 == pytest.approx(half, rel=0.04)
    # Sizes that scatter more than their seeds: only the lack of fit, with 3 degrees of freedom.
    off = 0.03 * np.array([1, -1, 0, -1, 1])
    scattered = fit_scaling(
        *seeded(logit(SIZES, 0.0, 0.05) + off, -d, 0, d), chance=0.0, form="logit", replicates=10_000
    )
    low, high = scattered.band(scattered.reference)
    # Not exactly: with such a small Huber limit the loss is nearly absolute.
    least = student.ppf(0.975, 3) * np.sqrt((off**2).sum() / 3 / 5)
    assert 0.95 * least < (high[0] - low[0]) / 2 < 1.5 * least


def test_bands_are_nested_and_contain_the_curve() -> None:
    data = noisy(power(SIZES, 0.87, 0.4, 0.5), 1)
    narrow, wide = fit_scaling(*data, chance=0.0, level=0.8), fit_scaling(*data, chance=0.0, level=0.99)
    (a, b), (c, d) = narrow.band(GRID), wide.band(GRID)
    assert (c < a).all()
    assert (a <= narrow.curve(GRID)).all()
    assert (narrow.curve(GRID) <= b).all()
    assert (b < d).all()
    assert narrow.parameters == wide.parameters


@pytest.mark.parametrize("form", ["power", "logit", None])
@pytest.mark.parametrize(
    "means",
    [
        np.full(5, 0.25),
        np.full(5, 0.2),
        np.ones(5),
        np.array([0.24, 0.25, 0.23, 0.26, 0.6]),
        np.array([0.25, 0.25, 0.999, 1.0, 1.0]),
        np.array([0.9, 0.7, 0.6, 0.5, 0.3]),
        np.array([-0.05, 0.3, 0.1, 1.0, 0.2]),
    ],
)
@pytest.mark.parametrize("offsets", [(0.0, 0.0, 0.0), (-0.02, -0.01, 0.0)])
def test_fits_of_any_data_are_finite_and_between_chance_and_one(
    form: Form | None, means: np.ndarray, offsets: tuple[float, ...]
) -> None:
    fit = fit_scaling(*seeded(means, *offsets), chance=0.25, form=form)
    low, high = fit.band(GRID)
    assert np.isfinite([*fit.parameters.values(), *fit.loso_error.values()]).all()
    assert ((low >= 0.25) & (low <= fit.curve(GRID)) & (fit.curve(GRID) <= high) & (high <= 1)).all()
    if fit.form == "power":
        assert 0.25 <= fit.parameters["ceiling"] <= 1
        assert fit.parameters["amplitude"] >= 0


def test_the_simpler_form_wins_unless_the_power_law_is_clearly_better() -> None:
    straight, curved = noisy(logit(SIZES, 0.6, 0.3), 0), noisy(power(SIZES, 0.87, 0.4, 1.0), 0)
    assert fit_scaling(*straight, chance=0.0).form == "logit"
    chosen = fit_scaling(*curved, chance=0.0)
    assert chosen.form == "power"
    assert chosen.loso_error["power"] < 0.8 * chosen.loso_error["logit"]
    assert chosen.intervals["exponent"][0] < 1 < chosen.intervals["exponent"][1]
    # The same means under seeds that vary far more: the difference may be noise.
    noisier = seeded(curved[1].reshape(3, 5).mean(0), -0.2, 0, 0.1)
    assert fit_scaling(*noisier, chance=0.0).form == "logit"
    overruled = fit_scaling(*curved, chance=0.0, form="logit")
    assert (overruled.form, overruled.loso_error) == ("logit", chosen.loso_error)


def test_the_left_out_error_is_that_of_fits_without_each_size() -> None:
    sizes = np.array([2e6, *SIZES])
    scores = np.array([0.25, 0.41, 0.55, 0.66, 0.70, 0.77])
    data = (np.tile(sizes, 3), np.concatenate([scores - 0.05, scores, scores + 0.05]))
    errors = []
    for index in range(6):
        remaining = np.delete(np.arange(6), index)
        expected, _ = curve_fit(
            logit, sizes[remaining], scores[remaining], p0=(0, 0.1), xtol=1e-12, ftol=1e-12
        )
        errors.append(abs(logit(sizes[index : index + 1], *expected)[0] - scores[index]))
    assert fit_scaling(*data, chance=0.0).loso_error["logit"] == pytest.approx(np.mean(errors), abs=1e-8)


def test_outside_the_measured_sizes_there_is_no_curve() -> None:
    fit = fit_scaling(*noisy(power(SIZES, 0.87, 0.4, 0.5), 0), chance=0.0)
    fit.band([SIZES[0], SIZES[-1]])
    message = r"^the curve holds from 5e\+06 to 8\.5e\+07 parameters only, got "
    with pytest.raises(ValueError, match=message + r"8\.6e\+07$"):
        fit.curve([6e6, 8.6e7])
    with pytest.raises(ValueError, match=message + r"4\.9e\+06$"):
        fit.band([4.9e6])
    with pytest.raises(ValueError, match=message + "nan$"):
        fit.curve(np.nan)


@pytest.mark.parametrize("form", ["power", "logit"])
def test_order_does_not_matter_and_draws_are_reproducible(form: Form) -> None:
    sizes, scores = noisy(power(SIZES, 0.87, 0.4, 0.5), 2)
    first = as_bytes(fit_scaling(sizes, scores, chance=0.1, form=form, seed=5))
    assert as_bytes(fit_scaling(sizes, scores, chance=0.1, form=form, seed=5)) == first
    order = np.random.default_rng(0).permutation(len(sizes))
    assert (
        as_bytes(fit_scaling(sizes[order].tolist(), scores[order].tolist(), chance=0.1, form=form, seed=5))
        == first
    )
    reseeded = fit_scaling(sizes, scores, chance=0.1, form=form, seed=6)
    assert repr(reseeded) != first[0]
    assert reseeded.curve(GRID).tobytes() == first[2][: GRID.nbytes]


def test_the_unit_of_size_does_not_matter() -> None:
    sizes, scores = noisy(power(SIZES, 0.87, 0.4, 0.5), 3)
    in_parameters, in_millions = (
        fit_scaling(sizes, scores, chance=0.0),
        fit_scaling(sizes / 1e6, scores, chance=0.0),
    )
    assert in_millions.parameters == pytest.approx(in_parameters.parameters, rel=1e-4)
    assert in_millions.intervals["exponent"] == pytest.approx(in_parameters.intervals["exponent"], rel=1e-2)


VALID = {"sizes": np.tile(SIZES, 3), "scores": np.full(15, 0.5), "chance": 0.0}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"scores": np.full(14, 0.5)},
            r"^sizes and scores must be one row of the same length, got \(15,\) and \(14,\)$",
        ),
        (
            {"sizes": 5e6, "scores": 0.5},
            r"^sizes and scores must be one row of the same length, got \(\) and \(\)$",
        ),
        ({"scores": np.full(15, np.nan)}, "^sizes and scores must be finite$"),
        ({"sizes": np.full(15, np.inf)}, "^sizes and scores must be finite$"),
        ({"sizes": np.tile([0, 1.0, 2, 3, 4], 3)}, "^sizes must be positive, got 0$"),
        ({"scores": np.full(15, 50.0)}, "^scores are fractions, got 50$"),
        ({"sizes": np.tile([1e6, 2e6, 4e6], 5)}, "^a fit needs at least 5 sizes, got 3$"),
        ({"sizes": [], "scores": []}, "^a fit needs at least 5 sizes, got 0$"),
        (
            {"sizes": np.append(np.tile(SIZES, 3)[:-1], SIZES[0])},
            r"^a fit needs at least 3 seeds at every size, got 2 at 8\.5e\+07$",
        ),
        ({"chance": 1.0}, "^chance is a fraction from 0 to below 1, got 1$"),
        ({"chance": np.nan}, "^chance is a fraction from 0 to below 1, got nan$"),
        ({"chance": 25}, "^chance is a fraction from 0 to below 1, got 25$"),
        ({"level": 95}, "^a level lies between 0 and 1, got 95$"),
        ({"replicates": 999}, "^a band needs at least 1000 replicates, got 999$"),
    ],
)
def test_invalid_input_of_a_fit_is_refused(changed: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_scaling(**(VALID | changed))
