"""The board's prior of the variance over seeds, as the statistics take it, and estimated from rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from harness.records import PriorClass, SeedPriors
from harness.scoring.statistics.moderation import MATCHED, Priors, SeedPrior, fit_prior
from harness.scoring.statistics.resampling import Floats
from harness.scoring.statistics.samples import are_matched


def target_priors(board: SeedPriors | None, target: str) -> Priors:
    """Return the priors of a target by regime, and of matched pairs; none without a prior of the board."""
    classes = board.classes_of(target) if board is not None else {}
    return {
        name: SeedPrior((one.deviation / _unit(one.scale)) ** 2, one.freedom, one.scale)
        for name, one in classes.items()
    }


@dataclass(frozen=True)
class SeedScores:
    """The scores of one row's seeds on a target, fractions; rows of one `design` have matched seeds."""

    target: str
    regime: str
    seeds: Floats
    design: str | None


def estimated_priors(rows: Iterable[SeedScores]) -> SeedPriors:
    """Estimate the prior from all rows with several seeds; classes with too few of them are left out.

    Regimes with few rows borrow from the class of any row.
    """
    by_target: dict[str, list[SeedScores]] = {}
    for row in rows:
        if len(row.seeds) > 1:
            by_target.setdefault(row.target, []).append(row)
    classes = [one for target in sorted(by_target) for one in _classes(target, by_target[target])]
    return SeedPriors(schema_=1, classes=tuple(classes))


def _classes(target: str, rows: Sequence[SeedScores]) -> Iterator[PriorClass]:
    groups = {
        regime: [(row.seeds, float(row.seeds.mean())) for row in rows if regime in (row.regime, "any")]
        for regime in ("any", "english", "multilingual", "none")
    }
    groups[MATCHED] = [
        (first.seeds - second.seeds, float(np.mean([first.seeds, second.seeds])))
        for first, second in combinations(rows, 2)
        if are_matched(*((row.design, len(row.seeds)) for row in (first, second)))
    ]
    for name, group in groups.items():
        variances, freedoms, levels = (
            np.array([pick(seeds, level) for seeds, level in group], dtype=np.float64)
            for pick in (
                lambda seeds, _: np.var(seeds, ddof=1),
                lambda seeds, _: len(seeds) - 1,
                lambda _, level: level,
            )
        )
        prior = fit_prior(variances, freedoms, levels)
        if prior is not None:
            yield PriorClass.model_validate(
                {
                    "target": target,
                    "of": name,
                    "scale": prior.scale,
                    "deviation": float(f"{_unit(prior.scale) * np.sqrt(prior.variance):.4g}"),
                    "freedom": float(f"{prior.freedom:.4g}"),
                    "rows": len(group),
                }
            )


def _unit(scale: str) -> float:
    """Return how many units of the file one of the statistics' is."""
    return 100.0 if scale == "points" else 1.0
