"""Recompute every number of a result from its outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from harness.records import Result, Target
from harness.records.result import INTERVAL_METHOD, IntervalMethod
from harness.scoring.outcomes import cells
from harness.scoring.statistics.claims import score_claims
from harness.scoring.statistics.drawn_intervals import drawn_intervals
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
    target: Target,
    rows: Mapping[tuple[int, str], pa.Table],
    seeds: Sequence[int],
    method: IntervalMethod = INTERVAL_METHOD,
) -> dict[str, tuple[float, float] | None]:
    """Return `interval` and `general_interval` of the score over all languages, in points.

    `rows` has the outcomes of each seed and language; languages that were added to the target later may be
    missing. The second interval is None with fewer than three languages. That of one seed in one language is
    the language's own.
    """
    measured = [language for language in target.languages if all((seed, language) in rows for seed in seeds)]
    if len(measured) == len(seeds) == 1 and method == "t":
        own = TABLES[target.kind].score(target, rows[seeds[0], measured[0]])
        return {"interval": own.interval, "general_interval": None}
    sample = Sample(
        [units(target, [rows[seed, language] for seed in seeds]) for language in measured], target.parallel
    )
    if method == "draws":
        these, general = drawn_intervals(sample)
    else:
        claims = score_claims(sample)
        these, general = claims.these.interval, claims.general.interval if claims.general else None
    return {"interval": _points(these), "general_interval": _points(general) if general else None}


def with_present_intervals(target: Target, result: Result, outcomes: pa.Table) -> Result:
    """Return a result with intervals by the method of new results: what pages and commands show."""
    former = result.interval_method != INTERVAL_METHOD and not target.is_former(result.signature)
    if not former or result.interval is None:
        return result
    seeds = [checkpoint.seed for checkpoint in result.checkpoints]
    bounds: dict[str, tuple[float, float] | None]
    if len(seeds) == len(result.checkpoints[0].scores) == 1:
        (score,) = result.checkpoints[0].scores.values()
        bounds = {"interval": score.interval, "general_interval": None}
    else:
        bounds = intervals(target, cells(outcomes), seeds)
    return result.model_copy(update={**bounds, "interval_method": INTERVAL_METHOD})


def _points(interval: tuple[float, float]) -> tuple[float, float]:
    low, high = (round(100 * min(max(bound, 0.0), 1.0), 4) for bound in interval)
    return low, high


def _whole(target: Target, result: Result, outcomes: pa.Table) -> Iterator[str]:
    """Recompute the two intervals of the score over all languages."""
    if result.score is None or result.interval is None:
        return
    seeds = [checkpoint.seed for checkpoint in result.checkpoints]
    recounted = intervals(target, cells(outcomes), seeds, result.interval_method)
    drawn = result.interval_method == "draws" or (len(seeds) == result.of == 1)
    for name, stated, part in (
        ("interval", result.interval, _DRAWN_PART if drawn else None),
        ("general_interval", result.general_interval, _GENERAL_PART if drawn else None),
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
