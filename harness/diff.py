"""Compare two submissions on the same examples; pure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from harness.catalog import TARGETS
from harness.errors import Fault, NotComparable
from harness.records import Record, Result
from harness.statistics.paired import bootstrap_difference, mcnemar
from harness.store import Side

REPLICATES = 10_000


class LanguageDifference(Record):
    """One language: second − first in points, with the interval of the paired bootstrap.

    `only_first` and `only_second` count the examples that one side alone got right, and `p` is McNemar's exact
    two-sided p value; all three are None when a side has several seeds, whose examples are not independent.
    """

    language: str
    n: int
    first: float
    second: float
    difference: float
    interval: tuple[float, float]
    only_first: int | None
    only_second: int | None
    p: float | None


class TargetDifference(Record):
    """One target: the unweighted mean over the languages that both sides measured, in points."""

    target: str
    metric: str
    first_signature: str
    second_signature: str
    languages: tuple[LanguageDifference, ...]
    first: float
    second: float
    difference: float
    interval: tuple[float, float]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    of: int

    @property
    def verdict(self) -> str:
        """Say in words what the interval allows to say about these languages."""
        if self.interval[0] > 0:
            return "better"
        return "worse" if self.interval[1] < 0 else "no difference shown"


class Comparison(Record):
    """Two sides, compared at `level`; targets that only one side has are named."""

    first: str
    second: str
    level: float
    targets: tuple[TargetDifference, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]

    def regressions(self, min_delta: float) -> tuple[TargetDifference, ...]:
        """Return the targets that fell by at least `min_delta` points with an interval that excludes no change."""
        return tuple(t for t in self.targets if t.difference <= -min_delta and t.interval[1] < 0)


def compare(first: Side, second: Side, *, level: float = 0.95, seed: int = 0) -> Comparison:
    """Compare two sides target by target, language by language, paired on the same examples.

    The examples are resampled within each language, so the intervals speak of these languages and these checkpoints.
    Raises NotComparable when no target is shared, or when protocol or text differ, naming each difference.
    """
    shared = [target.name for target in TARGETS if target.name in first.results and target.name in second.results]
    if not shared:
        raise NotComparable(
            f"{first.name} has results for {_names(first.results)}, {second.name} for {_names(second.results)}: no target is shared",
            cure="evaluate both on the same target",
        )
    if faults := [fault for name in shared for fault in _differences_of_measure(first, second, name)]:
        raise NotComparable(faults)
    return Comparison(
        first=first.name,
        second=second.name,
        level=level,
        targets=tuple(_compare_target(first, second, name, level, seed) for name in shared),
        missing=tuple(name for name in first.results if name not in second.results),
        added=tuple(name for name in second.results if name not in first.results),
    )


def _names(results: Mapping[str, Result]) -> str:
    return ", ".join(results) or "nothing"


def _differences_of_measure(first: Side, second: Side, target: str) -> list[Fault]:
    a, b = first.results[target], second.results[target]
    faults = []
    if a.protocol != b.protocol:
        faults.append(
            Fault(
                f"{target}: {first.name} was measured as {a.signature}, {second.name} as {b.signature}",
                cure="evaluate both with one version",
            )
        )
    faults.extend(
        Fault(
            f"{target} {language}: the text differs ({first.name}: {a.data[language]}, {second.name}: {b.data[language]})",
            cure="evaluate both on the same text",
        )
        for language in a.data
        if language in b.data and a.data[language] != b.data[language]
    )
    return faults


def _correct(side: Side, target: str) -> dict[str, NDArray[np.float64]]:
    """Return per language the outcomes (seeds, examples) as 0 and 1, for languages that every seed measured."""
    result, table = side.results[target], side.outcomes[target]
    grids = {}
    seeds = [checkpoint.seed for checkpoint in result.checkpoints]
    for language in result.languages:
        rows = table.filter(pc.field("language") == language)
        by_seed = [rows.filter(pc.field("seed") == seed)["correct"].to_numpy(zero_copy_only=False) for seed in seeds]
        if all(len(correct) for correct in by_seed):
            grids[language] = np.stack(by_seed).astype(np.float64)
    return grids


def _compare_target(first: Side, second: Side, target: str, level: float, seed: int) -> TargetDifference:
    ours, theirs = _correct(first, target), _correct(second, target)
    shared = [language for language in ours if language in theirs]
    if not shared:
        raise NotComparable(
            f"{target}: {first.name} and {second.name} share no measured language", cure="evaluate both on the same languages"
        )
    rows = tuple(_compare_language(language, ours[language], theirs[language], level, seed) for language in shared)
    deltas = [theirs[language].mean(axis=0) - ours[language].mean(axis=0) for language in shared]
    result = first.results[target]
    means = [float(np.mean([getattr(row, side) for row in rows])) for side in ("first", "second")]
    return TargetDifference(
        target=target,
        metric=result.metric,
        first_signature=result.signature,
        second_signature=second.results[target].signature,
        languages=rows,
        first=round(means[0], 4),
        second=round(means[1], 4),
        difference=round(means[1] - means[0], 4),
        interval=_points(bootstrap_difference(deltas, replicates=REPLICATES, level=level, seed=seed)),
        missing=tuple(language for language in ours if language not in theirs),
        added=tuple(language for language in theirs if language not in ours),
        of=result.of,
    )


def _compare_language(language: str, ours: NDArray[np.float64], theirs: NDArray[np.float64], level: float, seed: int) -> LanguageDifference:
    difference = theirs.mean(axis=0) - ours.mean(axis=0)  # (examples,)
    single = len(ours) == len(theirs) == 1
    test = mcnemar(ours[0] > 0, theirs[0] > 0) if single else None
    return LanguageDifference(
        language=language,
        n=ours.shape[1],
        first=round(100 * float(ours.mean()), 4),
        second=round(100 * float(theirs.mean()), 4),
        difference=round(100 * float(difference.mean()), 4),
        interval=_points(bootstrap_difference([difference], replicates=REPLICATES, level=level, seed=seed)),
        only_first=test.only_first if test else None,
        only_second=test.only_second if test else None,
        p=test.p if test else None,
    )


def _points(interval: tuple[float, float]) -> tuple[float, float]:
    return round(100 * interval[0], 4), round(100 * interval[1], 4)
