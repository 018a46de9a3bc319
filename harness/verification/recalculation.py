"""Recompute every number of a result from its outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from harness.records import Result, Target
from harness.scoring.outcomes import cells
from harness.scoring.statistics.multilevel import score_claims
from harness.scoring.statistics.samples import Sample
from harness.scoring.tables import TABLES, units

# Points; numbers are written with four decimals, whose last digit may be rounded differently elsewhere.
_ROUNDING = 1.5e-4
# Points; intervals are resampled, and another version of numpy may draw other samples.
_RESAMPLING = 0.25


class Difference(NamedTuple):
    """A number that does not follow from the outcomes; `drawn` marks an interval, which is resampled."""

    what: str
    drawn: bool


def differences(target: Target, result: Result, outcomes: pa.Table) -> Iterator[Difference]:
    """Yield all numbers of a result that do not follow from its outcomes, secondary scores and intervals too.

    The headline scores and counts are already checked when outcomes are read. An interval may have been
    drawn differently by another version of the harness, which is not a fault of the result.
    """
    rows = (
        {cell: part.drop_columns(["seed", "language"]) for cell, part in cells(outcomes).items()}
        if outcomes.num_rows
        else {}
    )
    for checkpoint in result.checkpoints:
        for language, score in checkpoint.scores.items():
            fields = TABLES[target.kind].score(target, rows[checkpoint.seed, language]).model_dump()
            for name, stated, counted in _unequal(score.model_dump(), fields):
                where = f"seed {checkpoint.seed} in {language!r}: {name}"
                yield Difference(f"{where} is {stated}, the outcomes give {counted}", name == "interval")
    yield from _whole(target, result, outcomes)


def _unequal(
    stated: Mapping[str, Any], counted: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Yield name, stated and recomputed value wherever the two differ by more than their rounding."""
    for name in dict.fromkeys((*stated, *counted)):
        left, right = stated.get(name), counted.get(name)
        path = f"{prefix}{name}"
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            yield from _unequal(left, right, f"{path}.")
        elif isinstance(left, tuple) and isinstance(right, tuple):
            tolerance = _RESAMPLING if name == "interval" else _ROUNDING
            if any(abs(a - b) > tolerance for a, b in zip(left, right, strict=True)):
                yield path, list(left), list(right)
        elif left is None or right is None or abs(left - right) > _ROUNDING:
            yield path, left, right


def _whole(target: Target, result: Result, outcomes: pa.Table) -> Iterator[Difference]:
    """Recompute the two intervals of the score over all languages."""
    if result.score is None or result.interval is None:
        return
    rows = cells(outcomes)
    seeds = [checkpoint.seed for checkpoint in result.checkpoints]
    claims = score_claims(
        Sample(
            [units(target, [rows[seed, language] for seed in seeds]) for language in target.languages],
            target.parallel,
        )
    )
    for name, stated, claim in (
        ("interval", result.interval, claims.these),
        ("general_interval", result.general_interval, claims.general),
    ):
        drawn = [round(100 * min(max(bound, 0.0), 1.0), 4) for bound in claim.interval] if claim else None
        same = drawn is None if stated is None else drawn is not None and _near(stated, drawn)
        if not same:
            yield Difference(
                f"{name} is {list(stated) if stated else None}, the outcomes now give {drawn}", drawn=True
            )


def _near(stated: Sequence[float], drawn: Sequence[float]) -> bool:
    return all(abs(a - b) <= _RESAMPLING for a, b in zip(stated, drawn, strict=True))
