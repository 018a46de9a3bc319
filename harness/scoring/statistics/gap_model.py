"""One model of a gap, such as multilingual minus English-only, over model sizes and seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import stats
from scipy.special import stdtr, stdtrit

from harness.scoring.statistics.entrant import Entrant, aligned
from harness.scoring.statistics.mixed_model import CellMeans, cell_means
from harness.scoring.statistics.resampling import Floats

# A line through two gaps always fits.
SIZES_FOR_A_TREND = 3
_DRAWS = 40_000


@dataclass(frozen=True)
class SizeSeeds:
    """The scores of both regimes at one size, by seed, in points.

    `first` and `second` map a seed to its score; the gap is second − first. With `matched` seeds only those
    of both sides count, and are subtracted one by one.
    """

    size: float
    first: Mapping[int, float]
    second: Mapping[int, float]
    matched: bool


@dataclass(frozen=True)
class Effect:
    """A difference in points, its interval and the two-sided p of no difference, with degrees of freedom."""

    points: float
    interval: tuple[float, float]
    p: float
    freedom: float


@dataclass(frozen=True)
class Assumption:
    """What a model assumes, as a statement, the test of it with its statistic, and that test's p."""

    statement: str
    test: str
    p: float


@dataclass(frozen=True)
class GapModel:
    """What a series of gaps says, all in points.

    `mean` is over the sizes, each counted once; `trend` is for each doubling of the size, None with fewer
    than three sizes. Intervals and p values of `sizes`, in the order given, hold for all of them together.
    `seed_variance` and `noise_variance` are those of one pair of seeds, a shared effect and the rest.
    `sensitivity` has the mean under other assumptions, from the least to the most cautious.
    """

    mean: Effect
    trend: Effect | None
    sizes: tuple[Effect, ...]
    matched: bool
    seed_variance: float
    noise_variance: float
    assumptions: tuple[Assumption, ...]
    sensitivity: Mapping[str, Effect]


def gap_model(sizes: Sequence[SizeSeeds], examples: Floats, *, level: float = 0.95) -> GapModel:
    """Fit the gaps at several sizes, smallest first, together.

    A gap is that of its size, plus, where seeds are matched at all sizes, an effect of its seed that the
    sizes share, plus noise. Sizes are fixed: nothing is claimed about others. The variances over seeds are
    those of `cell_means`, to which `examples` (sizes, sizes) are added: the covariance of the gaps over
    examples, in squared points. Where seeds are not matched, both regimes have a mean at each size, and one
    noise.

    Raises ValueError where no size has two gaps, or two seeds on a side.
    """
    matched = all(size.matched for size in sizes)
    data = _paired(sizes) if matched else _apart(sizes)
    fit = cell_means(data.values, data.cells, data.seeds if matched else None)
    model = _Contrasts(fit, data.gaps, examples, level)
    count = len(sizes)
    each = np.full(count, 1 / count)
    doublings = np.log2([size.size for size in sizes])
    centred = doublings - doublings.mean()
    return GapModel(
        mean=model.effect(each),
        trend=model.effect(centred / (centred @ centred)) if count >= SIZES_FOR_A_TREND else None,
        sizes=model.simultaneous(_own_variances(data)),
        matched=matched,
        seed_variance=max(0.0, fit.seeds),
        noise_variance=fit.noise,
        assumptions=tuple(_assumptions(data, matched=matched)),
        sensitivity=_sensitivity(data, each, examples, level, matched=matched),
    )


def example_covariance(pairs: Sequence[tuple[Entrant, Entrant]]) -> Floats:
    """Return the covariance of the gaps of (first, second) over examples (sizes, sizes), in squared points.

    Sizes share their examples, so that their gaps err together. Without outcomes, or on other examples, the
    gaps are taken as independent, and unpaired.
    """
    own = np.array([first.variance + second.variance for first, second in pairs])
    shared = np.array([first.shared + second.shared for first, second in pairs])
    everyone = [one for pair in pairs for one in pair]
    rows, lengths = aligned(everyone) if all(one.examples is not None for one in everyone) else (None, ())
    if rows is None:
        return np.diag(10_000 * np.maximum(0.0, own - shared))
    gaps = rows[1::2] - rows[::2]
    covariance = gaps @ gaps.T
    if lengths:
        sums = np.add.reduceat(gaps, np.cumsum([0, *lengths[:-1]]), axis=1) / np.sqrt(lengths)
        covariance -= sums @ sums.T
    # What the spread of the seeds contains of the examples' variance is counted there.
    return np.asarray(10_000 * (covariance - np.diag(np.minimum(shared, np.diag(covariance)))))


@dataclass(frozen=True)
class _Data:
    """Values (n,) with their cells and seeds; `gaps` (sizes, cells) turns means of cells into gaps."""

    values: Floats
    cells: np.ndarray[tuple[int], np.dtype[np.intp]]
    seeds: np.ndarray[tuple[int], np.dtype[np.intp]]
    gaps: Floats


def _paired(sizes: Sequence[SizeSeeds]) -> _Data:
    rows = [
        (size.second[seed] - size.first[seed], cell, seed)
        for cell, size in enumerate(sizes)
        for seed in size.first
        if seed in size.second
    ]
    return _data(rows, np.eye(len(sizes)))


def _apart(sizes: Sequence[SizeSeeds]) -> _Data:
    rows = [
        (score, 2 * number + side, seed)
        for number, size in enumerate(sizes)
        for side, scores in enumerate((size.first, size.second))
        for seed, score in scores.items()
    ]
    return _data(rows, np.kron(np.eye(len(sizes)), np.array([[-1.0, 1.0]])))


def _data(rows: Sequence[tuple[float, int, int]], gaps: Floats) -> _Data:
    values, cells, seeds = (np.array(column) for column in zip(*rows, strict=True))
    return _Data(
        values.astype(np.float64), cells.astype(np.intp), np.unique(seeds, return_inverse=True)[1], gaps
    )


def _own_variances(data: _Data) -> Floats:
    """Return the variance of each gap by its own values alone (sizes,), 0 where a cell has a single one."""
    groups = [data.values[data.cells == cell] for cell in range(data.gaps.shape[1])]
    means = [float(np.var(group, ddof=1)) / len(group) if len(group) > 1 else 0.0 for group in groups]
    return np.asarray(data.gaps**2 @ np.array(means))


class _Contrasts:
    """Effects and intervals of contrasts of gaps, with the variance over seeds and over examples."""

    def __init__(self, fit: CellMeans, gaps: Floats, examples: Floats, level: float) -> None:
        self._fit, self._gaps, self._examples, self._level = fit, gaps, examples, level

    def _error(self, contrast: Floats, least: float = 0.0) -> tuple[float, float, float]:
        """Return the estimate of a contrast (sizes,), its standard error and degrees of freedom.

        `least` is the least variance over seeds that it is taken to have.
        """
        cells = self._gaps.T @ contrast
        seeds = max(least, float(cells @ self._fit.covariance @ cells))
        known = float(contrast @ self._examples @ contrast)
        freedom = self._fit.freedom(cells)
        # As in comparisons: a variance that is small by chance must not lead to many degrees of freedom.
        inflated = seeds * (1 + 2 / freedom)
        total = (known + inflated) ** 2 * freedom / inflated**2 if inflated > 0 else np.inf
        return float(cells @ self._fit.means), float(np.sqrt(seeds + known)), total

    def effect(self, contrast: Floats) -> Effect:
        """Return a contrast of the gaps (sizes,) with its own interval."""
        points, error, freedom = self._error(contrast)
        half = float(stdtrit(freedom, 0.5 + self._level / 2)) * error
        p = 2 * float(stdtr(freedom, -abs(points) / error)) if error > 0 else float(points == 0)
        return Effect(points, (points - half, points + half), p, freedom)

    def simultaneous(self, own: Floats) -> tuple[Effect, ...]:
        """Return each gap with an interval and a p that hold for all together, by the largest |t| of draws.

        A gap whose own variance over seeds (`own`, (sizes,)) exceeds the model's keeps its own. The draws are
        of a multivariate t with the smallest of the gaps' degrees of freedom.
        """
        count = len(self._examples)
        if count == 1:
            return (self.effect(np.ones(1)),)
        parts = [self._error(contrast, least) for contrast, least in zip(np.eye(count), own, strict=True)]
        covariance = self._gaps @ self._fit.covariance @ self._gaps.T + self._examples
        scale = np.sqrt(np.maximum(np.diag(covariance), np.finfo(float).tiny))
        freedom = min(part[2] for part in parts)
        largest = np.sort(_largest(covariance / np.outer(scale, scale), freedom))
        critical = float(np.quantile(largest, self._level))
        effects = []
        for points, error, degrees in parts:
            statistic = abs(points) / error if error > 0 else np.inf * (points != 0)
            above = len(largest) - int(np.searchsorted(largest, statistic))
            alone = 2 * float(stdtr(degrees, -statistic))
            bounds = points - critical * error, points + critical * error
            effects.append(Effect(points, bounds, max(alone, (1 + above) / (1 + len(largest))), degrees))
        return tuple(effects)


def _largest(correlation: Floats, freedom: float) -> Floats:
    """Return draws of the largest |t| of a multivariate t with this correlation (k, k)."""
    rng = np.random.default_rng(0)
    values, directions = np.linalg.eigh(correlation)
    drawn = rng.standard_normal((_DRAWS, len(values))) @ (directions * np.sqrt(np.maximum(values, 0))).T
    largest = np.abs(drawn).max(axis=1)
    if np.isfinite(freedom):
        largest *= np.sqrt(freedom / rng.chisquare(freedom, _DRAWS))
    return np.asarray(largest)


def _residuals(data: _Data, columns: Floats) -> tuple[Floats, int]:
    """Return the residuals (n,) of a least-squares fit of columns (n, k), and their degrees of freedom."""
    fitted, _, rank, _ = np.linalg.lstsq(columns, data.values, rcond=None)
    return data.values - columns @ fitted, len(data.values) - int(rank)


def _columns(labels: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Floats:
    return np.asarray(labels[:, None] == np.arange(labels.max() + 1), dtype=np.float64)


def _assumptions(data: _Data, *, matched: bool) -> list[Assumption]:
    """Return the tests of what the model assumes, as far as there are enough values for them."""
    found = []
    cells, seeds = _columns(data.cells), _columns(data.seeds)
    alone, freedom = _residuals(data, cells)
    both, rest = _residuals(data, np.hstack([cells, seeds]))
    if matched and rest > 0 and freedom > rest and both @ both > 0:
        ratio = float((alone @ alone - both @ both) / (freedom - rest) / (both @ both / rest))
        p = float(stats.f.sf(ratio, freedom - rest, rest))
        found.append(
            Assumption(
                "a seed has an effect on the gap that the sizes share",
                f"F({freedom - rest}, {rest}) = {ratio:.2f} against none",
                p,
            )
        )
    groups = [data.values[data.cells == cell] for cell in range(cells.shape[1])]
    if len(groups) > 1 and all(len(group) > 2 and np.ptp(group) > 0 for group in groups):
        levene = stats.levene(*groups, center="median")
        found.append(
            Assumption(
                "seeds scatter alike at all sizes",
                f"Brown and Forsythe's W = {float(levene.statistic):.2f}",
                float(levene.pvalue),
            )
        )
    noise = both if matched and rest > 0 else alone
    if len(noise) > 3 and np.ptp(noise) > 0:
        normal = stats.shapiro(noise)
        found.append(
            Assumption(
                "the noise is normal",
                f"Shapiro and Wilk's W = {float(normal.statistic):.3f}",
                float(normal.pvalue),
            )
        )
    return found


def _sensitivity(
    data: _Data, each: Floats, examples: Floats, level: float, *, matched: bool
) -> dict[str, Effect]:
    """Return the mean gap under other assumptions about matched seeds, as far as these data allow."""
    if not matched:
        return {}
    found = {
        "no effect that the sizes share": _Contrasts(
            cell_means(data.values, data.cells), data.gaps, examples, level
        ).effect(each)
    }
    table = _by_seed(data)
    if table is not None:
        means = cell_means(table, np.zeros(len(table), dtype=np.intp))
        known = np.array([[float(each @ examples @ each)]])
        found["each seed counted once, as the mean over the sizes"] = _Contrasts(
            means, np.eye(1), known, level
        ).effect(np.ones(1))
    return found


def _by_seed(data: _Data) -> Floats | None:
    """Return the mean over the sizes by seed (seeds,); None unless all seeds are at all of several sizes."""
    seeds = [set(data.seeds[data.cells == cell].tolist()) for cell in range(data.cells.max() + 1)]
    if len(seeds) < 2 or len(seeds[0]) < 2 or any(a != b for a, b in pairwise(seeds)):
        return None
    return np.array([data.values[data.seeds == seed].mean() for seed in sorted(seeds[0])])
