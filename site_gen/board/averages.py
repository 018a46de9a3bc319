"""Means over XTREME targets, shown only where every target has a score; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from harness.catalog import TARGETS
from harness.records import Target

# Group → number of its XTREME targets, in the order of the group columns.
XTREME_GROUPS: Counter[str] = Counter(
    target.group for target in TARGETS if target.in_xtreme and target.group is not None
)


@dataclass(frozen=True)
class Average:
    """The unweighted mean score of some targets, in points; None while any of them lacks a score."""

    mean: float | None
    covered: int
    of: int


def xtreme_average(scores: Iterable[tuple[Target, float]], group: str | None = None) -> Average:
    """Average the scores of XTREME targets, or of one of its groups; other targets are ignored."""
    of = XTREME_GROUPS.total() if group is None else XTREME_GROUPS[group]
    counted = [score for target, score in scores if target.in_xtreme and group in (None, target.group)]
    return Average(sum(counted) / of if len(counted) == of else None, len(counted), of)
