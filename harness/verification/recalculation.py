"""Compute all that a result says again from its outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from harness.records import Result, Target
from harness.scoring.outcomes import cells
from harness.scoring.statistics.multilevel import Sample, score_claims
from harness.scoring.tables import TABLES, units

# Points; a number is written with four decimals, of which the last may be rounded the other way on another
# machine.
_ROUNDING = 1.5e-4
# Points; intervals are drawn, and another version of numpy may draw others.
_DRAWN = 0.25


class Difference(NamedTuple):
    """One number that does not follow from the outcomes; `drawn` marks an interval, which resampling draws."""

    what: str
    drawn: bool


def differences(target: Target, result: Result, outcomes: pa.Table) -> Iterator[Difference]:
    """Say which numbers of a result do not follow from its outcomes: secondary scores, quantities, pairs and intervals, too.

    That the headline scores and counts follow is checked where outcomes are read, for every command. An
    interval may have been drawn in another way by another version of the harness: that is no fault of the
    result.
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
    stated: Mapping[str, Any], counted: Mapping[str, Any], at: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Yield the names of values that differ by more than their rounding, with both."""
    for name in dict.fromkeys((*stated, *counted)):
        one, other = stated.get(name), counted.get(name)
        where = f"{at}{name}"
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from _unequal(one, other, f"{where}.")
        elif isinstance(one, tuple) and isinstance(other, tuple):
            drawn = _DRAWN if name == "interval" else _ROUNDING
            if any(abs(a - b) > drawn for a, b in zip(one, other, strict=True)):
                yield where, list(one), list(other)
        elif one is None or other is None or abs(one - other) > _ROUNDING:
            yield where, one, other


def _whole(target: Target, result: Result, outcomes: pa.Table) -> Iterator[Difference]:
    """Check the intervals of the score."""
    if result.score is None or result.interval is None:
        return
    found = cells(outcomes)
    seeds = [checkpoint.seed for checkpoint in result.checkpoints]
    claims = score_claims(
        Sample(
            [units(target, [found[seed, each] for seed in seeds]) for each in target.languages],
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
    return all(abs(a - b) <= _DRAWN for a, b in zip(stated, drawn, strict=True))
