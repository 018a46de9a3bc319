"""Recompute every number of a result from its outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from harness.records import Result, Target
from harness.scoring.outcomes import cells
from harness.scoring.statistics.multilevel import Claim, score_claims
from harness.scoring.statistics.samples import Sample
from harness.scoring.tables import TABLES, units

# Points; numbers are written with four decimals, whose last digit may be rounded differently elsewhere.
_ROUNDING = 1.5e-4
# The bounds of two intervals from different draws: of 2,000 replicates the 2.5 % quantile has a standard
# error of 0.022 of the width, so that five of them never are an accident; in points, and as a part of the
# width.
_DRAWN, _DRAWN_PART = 0.02, 0.11
# The interval over languages in general is of Student's t, with few degrees of freedom and wide tails.
_GENERAL_PART = 0.25


def differences(target: Target, result: Result, outcomes: pa.Table) -> Iterator[str]:
    """Yield all numbers of a result that do not follow from its outcomes, secondary scores and intervals too.

    The headline scores and counts are already checked when outcomes are read. An interval that is drawn at
    random may differ by the noise of its draws. A number that is missing differs too: whoever leaves it out
    hides it, unless it was added to the target after the result was measured. Numbers by an earlier version
    of the protocol cannot be computed by this one.
    """
    if target.is_former(result.signature):
        return
    table = TABLES[target.kind]
    optional = target.not_required(result.last_run.date if result.last_run else "")
    rows = (
        {cell: part.drop_columns(["seed", "language"]) for cell, part in cells(outcomes).items()}
        if outcomes.num_rows
        else {}
    )
    for checkpoint in result.checkpoints:
        for language, score in checkpoint.scores.items():
            fields = table.score(target, rows[checkpoint.seed, language]).model_dump()
            unequal = _unequal(score.model_dump(), fields, drawn=table.resamples, optional=optional)
            for name, stated, counted in unequal:
                where = f"seed {checkpoint.seed} in {language!r}: {name}"
                yield f"{where} is {stated}, the outcomes give {counted}"
    yield from _whole(target, result, outcomes)


def _unequal(
    stated: Mapping[str, Any],
    counted: Mapping[str, Any],
    prefix: str = "",
    *,
    drawn: bool,
    optional: frozenset[str],
) -> Iterator[tuple[str, Any, Any]]:
    """Yield name, stated and recomputed value wherever the two differ by more than rounding or noise.

    Values of the `optional` names may be missing.
    """
    for name in dict.fromkeys((*stated, *counted)):
        left, right = stated.get(name), counted.get(name)
        path = f"{prefix}{name}"
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            yield from _unequal(left, right, f"{path}.", drawn=drawn, optional=optional)
        elif left is None and name in optional:
            continue
        elif isinstance(left, tuple) and isinstance(right, tuple):
            if not _near(left, right, _DRAWN_PART if drawn else None):
                yield path, list(left), list(right)
        elif left is None or right is None or abs(left - right) > _ROUNDING:
            yield path, left, right


def intervals(
    target: Target, rows: Mapping[tuple[int, str], pa.Table], seeds: Sequence[int]
) -> dict[str, tuple[float, float] | None]:
    """Return `interval` and `general_interval` of the score over all languages, in points.

    `rows` has the outcomes of each seed and language; languages that were added to the target later may be
    missing. The second interval is None with fewer than three languages.
    """
    languages = [
        units(target, [rows[seed, language] for seed in seeds])
        for language in target.languages
        if all((seed, language) in rows for seed in seeds)
    ]
    claims = score_claims(Sample(languages, target.parallel))
    return {
        "interval": _points(claims.these),
        "general_interval": _points(claims.general) if claims.general else None,
    }


def _points(claim: Claim) -> tuple[float, float]:
    low, high = (round(100 * min(max(bound, 0.0), 1.0), 4) for bound in claim.interval)
    return low, high


def _whole(target: Target, result: Result, outcomes: pa.Table) -> Iterator[str]:
    """Recompute the two intervals of the score over all languages."""
    if result.score is None or result.interval is None:
        return
    recounted = intervals(target, cells(outcomes), [checkpoint.seed for checkpoint in result.checkpoints])
    for name, stated, part in (
        ("interval", result.interval, _DRAWN_PART),
        ("general_interval", result.general_interval, _GENERAL_PART),
    ):
        counted = recounted[name]
        same = counted is None if stated is None else counted is not None and _near(stated, counted, part)
        if not same:
            found, given = (list(bounds) if bounds else None for bounds in (stated, counted))
            yield f"{name} is {found}, the outcomes give {given}"


def _near(stated: Sequence[float], counted: Sequence[float], part: float | None) -> bool:
    """Tell whether bounds agree within rounding, or if drawn at random, within a part of the width."""
    low, high = counted
    tolerance = _ROUNDING if part is None else max(_DRAWN, part * (high - low))
    return all(abs(a - b) <= tolerance for a, b in zip(stated, counted, strict=True))
