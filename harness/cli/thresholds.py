"""`--fail-under TARGET=POINTS`: the least scores that somebody's own checks accept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import click

from harness.errors import CheckFailed, Fault, Incomplete, WrongUsage
from harness.records import Result

_Command = TypeVar("_Command", bound=Callable[..., Any])


def fail_under_option(command: _Command) -> _Command:
    """Add the option --fail-under, as `thresholds`: a mapping from targets to points."""
    return click.option(
        "--fail-under",
        "thresholds",
        multiple=True,
        metavar="TARGET=POINTS",
        callback=lambda _context, _option, values: parse_thresholds(values),
        help="Exit with 1 when the score on a target is lower, with 5 when it lacks languages (repeatable).",
    )(command)


def parse_thresholds(values: Sequence[str]) -> dict[str, float]:
    """Return the least score of each target, in points; raises WrongUsage for anything else."""
    thresholds = {}
    for value in values:
        target, _, text = value.partition("=")
        try:
            points = float(text)
        except ValueError:
            points = float("nan")
        if not target or not -100 <= points <= 100:
            raise WrongUsage(f"--fail-under {value!r} is not TARGET=POINTS", cure="for example tatoeba=60")
        thresholds[target] = points
    return thresholds


def check_thresholds(thresholds: Mapping[str, float], results: Iterable[Result]) -> None:
    """Raise CheckFailed for results below their threshold, and Incomplete where a score is not whole.

    A score that is too low is reported first. Targets that were not measured at all are incomplete.
    """
    by_target: dict[str, list[Result]] = {target: [] for target in thresholds}
    for result in results:
        by_target.get(result.target, []).append(result)
    low = [
        Fault(f"{result.submission}: {target} {result.score:.2f} is under {thresholds[target]:g}")
        for target, measured in by_target.items()
        for result in measured
        if result.score is not None and result.score < thresholds[target]
    ]
    if low:
        raise CheckFailed(low)
    lacking = [
        Fault(f"{result.submission}: {target} lacks {result.of - result.measured} of {result.of} languages")
        for target, measured in by_target.items()
        for result in measured
        if result.score is None
    ]
    lacking += [Fault(f"{target}: no result") for target, measured in by_target.items() if not measured]
    if lacking:
        raise Incomplete(lacking)
