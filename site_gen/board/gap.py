"""The gap multilingual − English-only intermediate training on one target, size by size; pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.records import Regime
from harness.scoring.statistics.corrections import holm
from harness.scoring.statistics.gap_model import (
    Effect,
    GapModel,
    SizeSeeds,
    example_covariance,
    gap_model,
)
from harness.scoring.statistics.pairwise import differences
from site_gen.board.board import Cell, Row, Standing
from site_gen.board.recipe import recipe, tasks_with_objectives

LEVEL = 0.95


@dataclass(frozen=True)
class SizeGap:
    """Multilingual − English-only at one size, in points, with its 95 % interval and p value (H0: no gap)."""

    parameters: int
    english: Row
    multilingual: Row
    points: float
    interval: tuple[float, float]
    p: float
    error: float
    freedom: float
    matched: bool = False


@dataclass(frozen=True)
class UntestedPair:
    """Two rows of one size that would give a gap, if both had several seeds; `points` is their difference."""

    english: Row
    multilingual: Row
    points: float


@dataclass(frozen=True)
class Gap:
    """The gaps of one family and recipe, by size, each as `diff` gives it, and `model`, all of them together.

    `model` has the answer: the mean over the sizes, the trend, intervals that hold for all sizes, what is
    assumed and how the mean changes without; None for differences to no training. `unused` names rows that
    could form a pair at a size for which another pair was chosen.
    """

    family: str
    recipe: str
    sizes: tuple[SizeGap, ...]
    model: GapModel | None
    unused: tuple[str, ...] = ()

    @property
    def trend(self) -> Effect | None:
        """Return the change of the gap for each doubling of the size; None below three sizes."""
        return self.model.trend if self.model is not None else None

    @property
    def p_together(self) -> tuple[float, ...]:
        """Return the p value of each size when all sizes are tested together; of a single size its own."""
        if len(self.sizes) == 1:
            return (self.sizes[0].p,)
        together = [size.p for size in self.model.sizes] if self.model is not None else []
        return tuple(together or holm([size.p for size in self.sizes]))

    @property
    def real(self) -> tuple[SizeGap, ...]:
        """Return the sizes that show a gap when all sizes are tested together."""
        return tuple(size for size, p in zip(self.sizes, self.p_together, strict=True) if p < 1 - LEVEL)


def gaps(standing: Standing) -> tuple[Gap, ...]:
    """Return the gaps of each family and recipe with ranked rows of both regimes, several seeds per side.

    The two must have been trained on the same tasks with the same objectives, with or without translation,
    and be encoded in the same way, so that only the languages differ. Each kind of batches has its own gap
    against English-only. Of several pairs of a recipe at one size, the one with most seeds is taken (on the
    side that has fewer, then on both), then the first by the slugs of the multilingual and the English-only
    row: never by score.
    """
    by_series: dict[tuple[str, str], dict[int, list[SizeGap]]] = {}
    for english, multilingual in _pairs(standing):
        gap = size_gap(standing, english, multilingual)
        series = by_series.setdefault((english.submission.family, recipe(multilingual.submission)), {})
        series.setdefault(gap.parameters, []).append(gap)
    return tuple(_series(standing, *key, sizes) for key, sizes in sorted(by_series.items()))


def untested_pairs(standing: Standing) -> Mapping[tuple[str, str], tuple[UntestedPair, ...]]:
    """Return by family and recipe the pairs of which a side was trained once, in the order of their sizes.

    A difference of theirs can be the seed's, so that nothing is tested; sizes that have a gap are left out.
    """
    tested = {(gap.family, gap.recipe, size.parameters) for gap in gaps(standing) for size in gap.sizes}
    found: dict[tuple[str, str], list[tuple[int, UntestedPair]]] = {}
    for english, multilingual in _pairs(standing, least_seeds=1):
        cells = standing.cell(english), standing.cell(multilingual)
        series = english.submission.family, recipe(multilingual.submission)
        size = cells[0].parameters.body if cells[0].parameters else 0
        if (*series, size) not in tested:
            before, after = (float(cell.entrant.score) for cell in cells if cell.entrant is not None)
            pair = UntestedPair(english, multilingual, 100 * (after - before))
            found.setdefault(series, []).append((size, pair))
    return {
        series: tuple(pair for _, pair in sorted(pairs, key=lambda item: item[0]))
        for series, pairs in sorted(found.items())
    }


def _pairs(standing: Standing, least_seeds: int = 2) -> Iterator[tuple[Row, Row]]:
    """Yield (English, multilingual) rows with so many seeds that differ only in the training languages."""

    def key(row: Row) -> tuple[str, tuple[str, ...], bool, str, int]:
        cell, intermediate = standing.cell(row), row.submission.intermediate
        # Signatures of ranked rows differ only in how texts are encoded and in where the head comes from.
        parameters = cell.parameters.body if cell.parameters else 0
        return (
            row.submission.family,
            tasks_with_objectives(row.submission),
            intermediate.continued_mlm,
            str(cell.result.signature),
            parameters,
        )

    rows = [row for row in standing.ranked if _seeds(standing.cell(row)) >= least_seeds]
    english: dict[object, list[Row]] = {}
    for row in rows:
        if row.regime is Regime.ENGLISH:
            english.setdefault(key(row), []).append(row)
    for row in rows:
        if row.regime is Regime.MULTILINGUAL:
            yield from ((baseline, row) for baseline in english.get(key(row), []))


def _seeds(cell: Cell) -> int:
    return len(cell.entrant.seeds) if cell.entrant is not None else 0


def _series(standing: Standing, family: str, name: str, sizes: Mapping[int, Sequence[SizeGap]]) -> Gap:
    def order(gap: SizeGap) -> tuple[int, int, str, str]:
        seeds = [len(row.submission.checkpoints) for row in (gap.english, gap.multilingual)]
        return (-min(seeds), -sum(seeds), gap.multilingual.slug, gap.english.slug)

    chosen = [min(sizes[size], key=order) for size in sorted(sizes)]
    used_slugs = {row.slug for gap in chosen for row in (gap.english, gap.multilingual)}
    candidate_slugs = {
        row.slug
        for same_size in sizes.values()
        for gap in same_size
        for row in (gap.english, gap.multilingual)
    }
    return Gap(
        family, name, tuple(chosen), _model(standing, chosen), tuple(sorted(candidate_slugs - used_slugs))
    )


def size_gap(standing: Standing, english: Row, multilingual: Row) -> SizeGap:
    """Return the gap of two ranked rows of one size; the first may also have no intermediate training."""
    cells = [standing.cell(row) for row in (multilingual, english)]
    between = differences([cell.entrant for cell in cells if cell.entrant is not None], standing.priors)
    size, error, freedom, p, half_width = (
        float(matrix[0, 1])
        for matrix in (between.size, between.error, between.freedom, between.p, between.half_width(LEVEL))
    )
    parameters = cells[0].parameters
    assert parameters is not None  # a ranked row was measured
    bounds = (100 * (size - half_width), 100 * (size + half_width))
    # With very few examples p is NaN: no difference can be shown.
    return SizeGap(
        parameters.body,
        english,
        multilingual,
        100 * size,
        bounds,
        1.0 if math.isnan(p) else p,
        100 * error,
        freedom,
        bool(between.matched[0, 1]),
    )


def _model(standing: Standing, sizes: Sequence[SizeGap]) -> GapModel:
    """Fit the gaps of a series together, over sizes and seeds."""
    pairs = [(standing.cell(size.english), standing.cell(size.multilingual)) for size in sizes]
    entrants = [
        (english.entrant, multilingual.entrant)
        for english, multilingual in pairs
        if english.entrant is not None and multilingual.entrant is not None
    ]
    seeds = [
        SizeSeeds(size.parameters, _by_seed(english), _by_seed(multilingual), size.matched)
        for size, (english, multilingual) in zip(sizes, pairs, strict=True)
    ]
    return gap_model(seeds, example_covariance(entrants), level=LEVEL)


def _by_seed(cell: Cell) -> dict[int, float]:
    """Return the score of each seed in points."""
    assert cell.entrant is not None  # a ranked row has one
    scores = (100 * cell.entrant.seeds).tolist()
    return {seed: score for (seed, *_), score in zip(cell.result.seeds, scores, strict=True)}
