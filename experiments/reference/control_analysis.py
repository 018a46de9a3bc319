"""Gaps between two regimes that did not learn, or move, alike: what is left at an equal dev score or drift.

Pure functions of numbers; `grid_tables` reads these from the controls of the second experiment. Everything is
by seed, and seeds are matched: first and second are the same seed under the two regimes. A path, (stops, 3),
has the dev score, the drift (a mean cosine, 1 before the training) and the score at each stop of a training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from harness.scoring.statistics.corrections import holm

Floats = NDArray[np.float64]
DEV, DRIFT, SCORE = 0, 1, 2
"""The columns of a path."""
LEVEL = 0.95


@dataclass(frozen=True)
class ControlledGap:
    """A gap second − first in points, with Student's interval and p over `count` values.

    The interval and p are None where there are too few values for them.
    """

    points: float
    interval: tuple[float, float] | None
    p: float | None
    count: int

    def __str__(self) -> str:
        if self.interval is None:
            return f"{self.points:+.2f} ({self.count})"
        return f"{self.points:+.2f} [{self.interval[0]:+.2f}, {self.interval[1]:+.2f}]"


def mean_gap(gaps: Sequence[float]) -> ControlledGap:
    """Return the mean of gaps by seed; one seed has no interval. Raises ValueError without any."""
    values = np.array(gaps, dtype=np.float64)
    if not len(values):
        raise ValueError("a mean gap needs at least one seed")
    error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan
    return _gap(float(values.mean()), error, len(values) - 1, len(values))


def at_equal(column: int, first: Floats, second: Floats) -> float | None:
    """Return the gap of one seed where both trainings have the same DEV score or DRIFT.

    That is the lower dev score, or the smaller drift, at the end: the training that went farther is read
    where it passed there, linearly between its stops. None where it did not pass there.
    """
    # Both columns as what grows in a training: the dev score, and how far the vectors moved.
    progress = [path[:, DEV] if column == DEV else 1 - path[:, DRIFT] for path in (first, second)]
    level = min(float(part[-1]) for part in progress)
    read = [_where(part, path[:, SCORE], level) for part, path in zip(progress, (first, second), strict=True)]
    if read[0] is None or read[1] is None:
        return None
    return read[1] - read[0]


def _where(progress: Floats, scores: Floats, level: float) -> float | None:
    """Return the score where a training passed a level for the first time, linearly between its stops."""
    if progress[0] > level or progress.max() < level:
        return None
    above = int(np.argmax(progress >= level))
    if above == 0:
        return float(scores[0])
    share = (level - progress[above - 1]) / (progress[above] - progress[above - 1])
    return float(scores[above - 1] + share * (scores[above] - scores[above - 1]))


def gap_at_equal(
    column: int, first: Mapping[int, Floats], second: Mapping[int, Floats]
) -> ControlledGap | None:
    """Return the mean gap over the seeds of both at equal DEV score or DRIFT, from paths by seed.

    None where a seed of both never passed the other's level: leaving it out would choose among seeds.
    """
    gaps = [at_equal(column, first[seed], second[seed]) for seed in first if seed in second]
    known = [gap for gap in gaps if gap is not None]
    return mean_gap(known) if known and len(known) == len(gaps) else None


def adjusted_gap(gaps: Sequence[Floats], covariates: Sequence[Floats]) -> ControlledGap | None:
    """Return the mean gap over sizes, each with its own, where a covariate is equal on both sides.

    `gaps` and `covariates` have one array (seeds,) for each size: second − first of the score, and of the
    dev score or the drift. A gap is that of its size, plus a slope times the difference of the covariate,
    plus noise, by least squares; the slope, one for all sizes, is learnt from how seeds of a size differ.
    None where these do not differ, or where there are too few seeds. The gap is read at a difference of 0,
    which may be far from all that was seen: then the interval is as wide as it should be.
    """
    sizes = np.concatenate([np.full(len(part), i) for i, part in enumerate(gaps)])
    values, moved = np.concatenate(list(gaps)), np.concatenate(list(covariates))
    within = moved - np.array([moved[sizes == size].mean() for size in sizes])
    freedom = len(values) - len(gaps) - 1
    if freedom < 1 or float(within @ within) <= 1e-12 * max(1.0, float(moved @ moved)):
        return None
    design = np.column_stack([sizes[:, None] == np.arange(len(gaps)), moved]).astype(np.float64)
    inverse = np.linalg.inv(design.T @ design)
    fitted = inverse @ design.T @ values
    noise = float(np.sum((values - design @ fitted) ** 2)) / freedom
    contrast = np.append(np.full(len(gaps), 1 / len(gaps)), 0.0)
    error = float(np.sqrt(noise * contrast @ inverse @ contrast))
    return _gap(float(contrast @ fitted), error, freedom, len(values))


@dataclass(frozen=True)
class ViewGap:
    """The gap read from one layer and pooling; `decided` is p after Holm over all views below 0.05."""

    layer: int
    pooling: str
    gap: ControlledGap
    decided: bool


View = tuple[int, str]


def gaps_by_view(
    first: Mapping[int, Mapping[View, float]], second: Mapping[int, Mapping[View, float]]
) -> tuple[ViewGap, ...]:
    """Return the gap at every layer and pooling that all seeds of both have, from scores by seed and view."""
    seeds = [seed for seed in first if seed in second]
    if not seeds:
        return ()
    views = sorted(set.intersection(*(set(side[seed]) for side in (first, second) for seed in seeds)))
    found = [mean_gap([second[seed][view] - first[seed][view] for seed in seeds]) for view in views]
    adjusted = holm([gap.p if gap.p is not None else 1.0 for gap in found])
    return tuple(
        ViewGap(layer, pooling, gap, p < 1 - LEVEL)
        for (layer, pooling), gap, p in zip(views, found, adjusted, strict=True)
    )


def _gap(points: float, error: float, freedom: int, count: int) -> ControlledGap:
    if freedom < 1 or not np.isfinite(error):
        return ControlledGap(points, None, None, count)
    half = float(stdtrit(freedom, 0.5 + LEVEL / 2)) * error
    p = 2 * float(stdtr(freedom, -abs(points) / error)) if error > 0 else float(points == 0)
    return ControlledGap(points, (points - half, points + half), p, count)
