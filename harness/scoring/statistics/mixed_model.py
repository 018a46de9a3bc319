"""Means of cells with a random effect of seeds, by restricted maximum likelihood; for small samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from harness.scoring.statistics.resampling import Floats

Integers = NDArray[np.intp]

# The variance of seeds is at most this many times the noise's: beyond, noise is rounding.
_MOST = 1e6
# How near the ratio of the two may come to its smallest value, at which a seed's values have no variance.
_MARGIN = 1e-4


@dataclass(frozen=True)
class CellMeans:
    """Estimated means of cells (cells,) and what their uncertainty is computed from.

    `covariance` (cells, cells) is Kenward and Roger's; `seeds` and `noise` are the two variances. For the
    degrees of freedom: `plain` is the covariance if both were known, `sensitivities` (parameters, cells,
    cells) are its derivatives, and `information` (parameters, parameters) is the inverse of the expected
    information about them.
    """

    means: Floats
    covariance: Floats
    seeds: float
    noise: float
    plain: Floats
    sensitivities: Floats
    information: Floats

    def freedom(self, contrast: Floats) -> float:
        """Return the degrees of freedom of a contrast (cells,); infinite where nothing varies."""
        gradient = np.einsum("i,pij,j->p", contrast, self.sensitivities, contrast)
        spread = float(gradient @ self.information @ gradient)
        size = float(contrast @ self.plain @ contrast)
        return 2 * size**2 / spread if spread > 0 else np.inf


def cell_means(values: Floats, cells: Integers, seeds: Integers | None = None) -> CellMeans:
    """Fit value = mean of its cell + effect of its seed + noise to values (n,).

    `cells` (n,) and `seeds` (n,) number cells and seeds from 0; without `seeds`, or where no seed is in two
    cells, there is only noise. Variances are those of restricted maximum likelihood, the covariance of the
    means and the degrees of freedom of a contrast are Kenward and Roger's, which for one contrast are
    Satterthwaite's. Where seeds differ by less than noise alone would let them, their variance is estimated
    below zero, and left there: cut off at zero, tests are far too cautious, while so they are exact where
    all seeds are in all cells. Source: M. G. Kenward and J. H. Roger. 1997. Biometrics 53(3), 983-997.

    Raises ValueError where no cell has two values.
    """
    design = (cells[:, None] == np.arange(cells.max() + 1)).astype(np.float64)
    if len(values) <= design.shape[1]:
        raise ValueError("the noise cannot be estimated: no cell has two values")
    kernels: list[Floats] = [np.eye(len(values))]
    if seeds is not None and _crossed(cells, seeds):
        kernels.insert(0, (seeds[:, None] == seeds[None, :]).astype(np.float64))
    ratio = _best_ratio(values, design, kernels[0]) if len(kernels) == 2 else 0.0
    noise, _ = _profiled(values, design, kernels[0], ratio)
    variances = [ratio * noise, noise] if len(kernels) == 2 else [noise]
    covariance: Floats = np.tensordot(variances, kernels, axes=1)
    return _corrected(values, design, kernels, covariance, variances)


def _crossed(cells: Integers, seeds: Integers) -> bool:
    """Tell whether the effect of seeds can be told from noise: two seeds, of which one is in two cells."""
    return len(set(seeds.tolist())) > 1 and len(set(seeds.tolist())) < len(cells) and cells.max() > 0


def _profiled(values: Floats, design: Floats, kernel: Floats, ratio: float) -> tuple[float, float]:
    """Return the noise's variance at a ratio of the two variances, and −2 log restricted likelihood."""
    n, columns = design.shape
    scaled = np.eye(n) + ratio * kernel
    inverse = np.linalg.inv(scaled)
    information = design.T @ inverse @ design
    residuals = values - design @ np.linalg.solve(information, design.T @ inverse @ values)
    noise = max(float(residuals @ inverse @ residuals) / (n - columns), np.finfo(float).tiny)
    determinants = np.linalg.slogdet(scaled)[1] + np.linalg.slogdet(information)[1]
    return noise, float((n - columns) * np.log(noise) + determinants)


def _best_ratio(values: Floats, design: Floats, kernel: Floats) -> float:
    """Return the ratio of the seeds' variance to the noise's that is most likely; it may be below 0."""
    # With a ratio of minus one by the most values of a seed, their covariance would be singular.
    least = -1 / float(kernel.sum(axis=1).max())

    def loss(logarithm: float) -> float:
        return _profiled(values, design, kernel, least + float(np.exp(logarithm)))[1]

    grid = np.linspace(np.log(-least * _MARGIN), np.log(_MOST), 32)
    best = int(np.argmin([loss(point) for point in grid]))
    bounds = (grid[max(0, best - 1)], grid[min(len(grid) - 1, best + 1)])
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-7})
    return least + float(np.exp(found.x))


def _corrected(
    values: Floats, design: Floats, kernels: list[Floats], covariance: Floats, variances: list[float]
) -> CellMeans:
    """Return generalised least squares at these variances, with the corrections of `cell_means`."""
    inverse = np.linalg.inv(covariance)
    plain: Floats = np.asarray(np.linalg.inv(design.T @ inverse @ design), dtype=np.float64)
    count = len(kernels)
    weighted = [inverse @ kernel for kernel in kernels]
    first = [-design.T @ part @ inverse @ design for part in weighted]
    second = [[design.T @ a @ b @ inverse @ design for b in weighted] for a in weighted]
    expected = np.array(
        [
            [
                np.trace(weighted[i] @ weighted[j])
                - 2 * np.trace(plain @ second[i][j])
                + np.trace(plain @ first[i] @ plain @ first[j])
                for j in range(count)
            ]
            for i in range(count)
        ]
    )
    information: Floats = np.asarray(np.linalg.inv(expected / 2), dtype=np.float64)
    excess = np.zeros_like(plain)
    for i in range(count):
        for j in range(count):
            excess += information[i, j] * (second[i][j] - first[i] @ plain @ first[j])
    return CellMeans(
        means=plain @ design.T @ inverse @ values,
        covariance=plain + 2 * plain @ excess @ plain,
        seeds=variances[0] if count == 2 else 0.0,
        noise=variances[-1],
        plain=plain,
        sensitivities=np.array([-plain @ part @ plain for part in first]),
        information=information,
    )
